"""TLS sessions that later connections may take up (RFC 8446 section 2.2, RFC 5077).

They are kept with the context that they were made under, and a context is made of the settings of `tls`: so a session
never serves where other authorities, another certificate of ours, or other allowances count.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from mailjobs import clock

if TYPE_CHECKING:
    from cryptography import x509
    from OpenSSL import SSL

LONGEST = 3600  # seconds; what was judged longer ago is judged anew
MOST = 64

Peer = tuple[str, int]


class Kept(NamedTuple):
    """A session, the chain that was found to be good for it, and until when (monotonic)."""

    session: SSL.Session
    chain: list[x509.Certificate]
    until: float


class Sessions:
    """Of one context, by host and port. For any number of threads."""

    def __init__(self) -> None:
        self._kept: dict[Peer, Kept] = {}
        self._lock = Lock()

    def of(self, peer: Peer) -> Kept | None:
        """The last session with `peer` that is still good."""
        with self._lock:
            kept = self._kept.get(peer)
            if kept is not None and clock.monotonic() >= kept.until:
                del self._kept[peer]
                return None
            return kept

    def keep(self, peer: Peer, session: SSL.Session, chain: list[x509.Certificate], until: float | None = None) -> None:
        """Keep a session until its certificates expire, for an hour at most; or `until`, that of the one before it."""
        if until is None:
            lives = [(one.not_valid_after_utc - clock.now()).total_seconds() for one in chain]
            lives = [life for life in lives if life > 0]  # those that have expired are allowed to be
            until = clock.monotonic() + min([LONGEST, *lives])
        with self._lock:
            if len(self._kept) >= MOST and peer not in self._kept:
                del self._kept[next(iter(self._kept))]
            self._kept[peer] = Kept(session, chain, until)
