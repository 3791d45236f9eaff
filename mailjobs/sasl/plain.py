"""PLAIN (RFC 4616)."""

from __future__ import annotations

from typing import ClassVar

from mailjobs.sasl.mechanism import Mechanism
from mailjobs.sasl.saslprep import authorization_identity


class Plain(Mechanism):
    """authorization identity NUL user name NUL password, all at once. Preparing names is the server's affair."""

    name: ClassVar[str] = "PLAIN"
    shows_secret: ClassVar[bool] = True
    authorizes: ClassVar[bool] = True
    _asked = False

    def initial(self) -> bytes:
        """The whole message."""
        parts = (
            self.octets(authorization_identity(self), "the authorization identity"),
            self.octets(self.username, "the user name"),
            self.octets(self.secret(), "the password"),
        )
        return b"\0".join(parts)

    def respond(self, challenge: bytes) -> bytes:
        """A server that overlooked the initial response asks once, with an empty challenge; more is not PLAIN."""
        again, self._asked = self._asked, True
        if challenge or again:
            raise self.error("has gone wrong: the server asks for more, and there is nothing more to say")
        return self.initial()
