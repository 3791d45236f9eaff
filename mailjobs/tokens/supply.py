"""The token of one login: the one in hand while it is good, else the one in the cache, else a new one."""

from __future__ import annotations

import threading
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from functools import lru_cache

from mailjobs import clock
from mailjobs.errors import AuthError, SetupError
from mailjobs.model import Oauth2
from mailjobs.secret import Secret
from mailjobs.tokens.cache import Cache, cache_of, locked
from mailjobs.tokens.request import ask
from mailjobs.tokens.token import Token


@lru_cache(maxsize=64)
def supply_of(oauth2: Oauth2, username: str) -> Supply:
    """The supply of the login that a job describes; connections and steps share it."""
    return Supply(oauth2, username)


class Supply:
    """For several threads. What it asks of others is asked by one thread, and one process, at a time."""

    def __init__(self, oauth2: Oauth2, username: str) -> None:
        self._oauth2 = oauth2
        self._username = username
        self._lock = threading.Lock()
        self._held: Token | None = None
        self._proven = True  # whether the token in hand may be too old, as one that nobody has shown yet cannot be

    def token(self, most: float | None = None) -> Secret:
        """A token that is good as far as we know, `most` seconds from now at the latest.

        Raises what `ask` raises, SetupError and TimedOut.
        """
        with self._lock:
            held = self._held
            if held is None or not held.good_at(clock.now().timestamp()):
                held = self._had(None, most)
            return held.access

    def accepted(self, token: Secret) -> None:
        """A server has taken `token`: should one refuse it later, it has become too old."""
        with self._lock:
            if self._held is not None and self._held.access is token:
                self._proven = True

    def renew(self, refused: Secret, most: float | None = None) -> bool:
        """A server has refused `refused`: whether there is another one now. A new one is never replaced so.

        Raises as `token` does.
        """
        with self._lock:
            held = self._held
            if held is not None and held.access is not refused:
                return True
            if held is not None and not self._proven:
                return False
            self._had(refused.reveal(), most)
            return True

    def _had(self, refused: str | None, most: float | None) -> Token:
        """A token other than `refused`, from the cache or the endpoint; it is in hand then."""
        oauth2 = self._oauth2
        if most is not None and (not oauth2.timeout or most < oauth2.timeout):
            oauth2 = replace(oauth2, timeout=max(most, 0.001))
        try:
            return self._looked_for(refused, oauth2)
        except SetupError as error:
            error.place = error.place or oauth2.place
            raise

    def _looked_for(self, refused: str | None, oauth2: Oauth2) -> Token:
        cache = cache_of(oauth2, self._username)
        guard: AbstractContextManager[None] = locked(oauth2, self._username) if cache else nullcontext()
        with guard:
            kept = (cache.read() if cache else None) or self._held
            if kept is not None and kept.access.reveal() != refused and kept.good_at(clock.now().timestamp()):
                self._held, self._proven = kept, True
                return kept
            return self._asked(kept, cache, oauth2)

    def _asked(self, kept: Token | None, cache: Cache | None, oauth2: Oauth2) -> Token:
        rotated = kept.refresh_token if kept else None
        token = self._exchange(rotated, oauth2)
        if token.refresh_token is None and rotated is not None:
            token = Token(token.access, token.expires, rotated)
        self._held, self._proven = token, False
        if cache is not None:
            cache.write(token)
        return token

    def _exchange(self, rotated: Secret | None, oauth2: Oauth2) -> Token:
        """For the refresh token that came last; where that is refused, for that of the job."""
        given = oauth2.refresh_token
        if given is None or rotated is None or rotated.reveal() == given.reveal():
            return ask(oauth2, self._username, given)
        try:
            return ask(oauth2, self._username, rotated)
        except AuthError as error:
            if error.temporary:
                raise
        return ask(oauth2, self._username, given)
