"""EXTERNAL (RFC 4422 appendix A): the server knows who one is by the client certificate."""

from __future__ import annotations

from typing import ClassVar

from mailjobs.sasl.mechanism import Mechanism
from mailjobs.sasl.saslprep import authorization_identity


class External(Mechanism):
    """The authorization identity, or nothing."""

    name: ClassVar[str] = "EXTERNAL"
    needs: ClassVar[frozenset[str]] = frozenset()
    authorizes: ClassVar[bool] = True
    automatic: ClassVar[bool] = False
    binds: ClassVar[bool] = True  # to TLS, by the certificate
    check: str = "the server may not know the client certificate, or give it no such identity"
    _asked = False

    @property
    def identity(self) -> str | None:
        """Whom one asked to be; by whose certificate, the server knows."""
        return self.credentials.authorization_identity or self.credentials.username or "the client certificate"

    def initial(self) -> bytes:
        """The whole message."""
        return self.octets(authorization_identity(self), "the authorization identity")

    def respond(self, challenge: bytes) -> bytes:
        """A server that overlooked the initial response asks once, with an empty challenge."""
        again, self._asked = self._asked, True
        if challenge or again:
            raise self.error("has gone wrong: the server asks for more, and there is nothing more to say")
        return self.initial()
