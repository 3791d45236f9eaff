"""PLAIN (RFC 4616)."""

from __future__ import annotations

from typing import ClassVar

from mailjobs.sasl.all_at_once import AllAtOnce
from mailjobs.sasl.saslprep import authorization_identity


class Plain(AllAtOnce):
    """authorization identity NUL user name NUL password, all at once. Preparing names is the server's affair."""

    name: ClassVar[str] = "PLAIN"
    shows_secret: ClassVar[bool] = True
    authorizes: ClassVar[bool] = True

    def initial(self) -> bytes:
        """The whole message."""
        parts = (
            self.octets(authorization_identity(self), "the authorization identity"),
            self.octets(self.username, "the user name"),
            self.octets(self.secret(), "the password"),
        )
        return b"\0".join(parts)
