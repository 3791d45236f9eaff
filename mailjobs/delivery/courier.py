"""Takes letters one by one and brings back what became of each recipient."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

from mailjobs import clock
from mailjobs.delivery.partial import Remainder
from mailjobs.errors import Interrupted, MailjobsError
from mailjobs.frozen import frozen
from mailjobs.model import Retry
from mailjobs.session import Conversation, Post
from mailjobs.session.post import Letter
from mailjobs.smtp import Outcome

L = TypeVar("L", bound=Letter)


@frozen
class Settled(Generic[L]):
    """A letter with one outcome for each of its recipients, and what broke the connection, if anything did."""

    letter: L
    outcomes: tuple[Outcome, ...]
    error: MailjobsError | None = None


class Courier(Generic[L]):
    """Delivers letters over one connection at a time.

    `open_connection` gives the connection to use: the one in hand while it is usable, else a new one. `retry` is
    for what failed for a while: connections that cannot be opened, and recipients that were deferred. A message
    whose outcome is unknown is never tried again, nor is one whose content cannot be had.
    """

    def __init__(self, open_connection: Callable[[], Conversation], retry: Retry) -> None:
        self._open_connection = open_connection
        self._retry = retry
        self._post: Post | None = None
        self._conversation: Conversation | None = None
        self._fresh = True
        self._broken: MailjobsError | None = None

    def deliver(self, letters: Iterable[L]) -> Iterator[Settled[L]]:
        """Each letter settled, in order. Raises what keeps a connection from being opened."""
        source = iter(letters)
        current, following = self._pull(source), self._pull(source)
        while current is not None:
            post = self._ready()
            failure = self._begin(post, current, following)
            after = self._pull(source)  # made ready while the server works
            settled = self._finish(post, current, failure)
            yield settled
            if isinstance(settled.error, Interrupted):
                raise settled.error
            current, following = following, after
        if self._broken is not None:
            raise self._broken

    def _pull(self, source: Iterator[L]) -> L | None:
        """The next letter; what keeps it from being made must not touch the one that is under way."""
        try:
            return None if self._broken else next(source, None)
        except MailjobsError as error:
            self._broken = error
            return None

    def _begin(self, post: Post, letter: Letter, following: Letter | None) -> MailjobsError | None:
        # A retry has to come before the next letter, so nothing may be opened behind this one.
        ahead = following if self._retry.attempts == 1 else None
        try:
            post.begin(letter, ahead)
        except MailjobsError as error:
            return error
        return None

    def _finish(self, post: Post, letter: L, failure: MailjobsError | None) -> Settled[L]:
        outcomes, error = self._settle(post, failure)
        if self._went_stale(outcomes, error):
            outcomes, error = self._attempt(letter)
        merged = Remainder(letter, outcomes)
        for wait in self._waits():
            if _is_ours(error) or not merged.deferred:
                break
            clock.sleep(wait)
            outcomes, error = self._attempt(merged)
            merged.merge(outcomes)
        return Settled(letter, merged.outcomes, error)

    def _attempt(self, letter: Letter) -> tuple[tuple[Outcome, ...], MailjobsError | None]:
        post = self._ready()
        return self._settle(post, self._begin(post, letter, None))

    def _settle(self, post: Post, failure: MailjobsError | None) -> tuple[tuple[Outcome, ...], MailjobsError | None]:
        try:
            return post.settle(), failure
        except MailjobsError as error:
            return post.outcomes, error

    def _went_stale(self, outcomes: tuple[Outcome, ...], error: MailjobsError | None) -> bool:
        """Whether a connection that was kept from before turned out to be dead before any content went out.

        Servers close idle connections, some with a 421 to the next command; a new connection then does.
        """
        if self._fresh or isinstance(error, Interrupted) or self._usable():
            return False
        return all(outcome.reason or _unheard(outcome) for outcome in outcomes)

    def _usable(self) -> bool:
        return self._conversation is not None and self._conversation.usable

    def _ready(self) -> Post:
        """The post in hand, or one over a new connection; temporary failures to open one are retried."""
        if self._post is not None and self._usable():
            self._fresh = False
            return self._post
        waits = self._waits()
        while True:
            try:
                return self._renew()
            except MailjobsError as error:
                wait = next(waits, None)
                if wait is None or not error.temporary or isinstance(error, Interrupted):
                    raise
                clock.sleep(wait)

    def _renew(self) -> Post:
        before = self._conversation
        self._conversation = self._open_connection()
        # The first connection may have been opened by an earlier step, and lie idle since.
        self._fresh = before is not None or not self._conversation.used
        self._post = Post(self._conversation)
        return self._post

    def _waits(self) -> Iterator[float]:
        """Seconds before each further attempt, doubled up to `max_delay`."""
        wait = self._retry.delay
        for _ in range(self._retry.attempts - 1):
            yield min(wait, self._retry.max_delay)
            wait *= 2


def _is_ours(error: MailjobsError | None) -> bool:
    """Whether neither server nor network is at fault (a file changed, Ctrl-C): another connection does not help."""
    return error is not None and error.who not in ("network", "server")


def _unheard(outcome: Outcome) -> bool:
    """Whether the server said nothing about the recipient but goodbye, and got no content."""
    if outcome.reply is not None:
        return outcome.reply.code == 421
    return outcome.state == "not-attempted" and outcome.command is None
