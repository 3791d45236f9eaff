"""EXTERNAL (RFC 4422 appendix A): the server knows who one is by the client certificate."""

from __future__ import annotations

from typing import ClassVar

from mailjobs.sasl.all_at_once import AllAtOnce
from mailjobs.sasl.saslprep import authorization_identity


class External(AllAtOnce):
    """The authorization identity, or nothing."""

    name: ClassVar[str] = "EXTERNAL"
    needs: ClassVar[frozenset[str]] = frozenset()
    authorizes: ClassVar[bool] = True
    automatic: ClassVar[bool] = False
    binds: ClassVar[bool] = True  # to TLS, by the certificate
    check: str = "the server may not know the client certificate, or give it no such identity"

    @property
    def identity(self) -> str | None:
        """Whom one asked to be; by whose certificate, the server knows."""
        return self.credentials.authorization_identity or self.credentials.username or "the client certificate"

    def initial(self) -> bytes:
        """The whole message."""
        return self.octets(authorization_identity(self), "the authorization identity")
