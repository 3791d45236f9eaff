"""PLAIN (RFC 4616)."""

from __future__ import annotations

from typing import ClassVar

from mailjobs.errors import AuthError
from mailjobs.sasl.mechanism import Credentials


class Plain:
    """authorization identity NUL user name NUL password, all at once."""

    name: ClassVar[str] = "PLAIN"
    shows_password: ClassVar[bool] = True

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._asked = False

    def initial(self) -> bytes:
        """The whole message."""
        credentials = self._credentials
        parts = (
            credentials.octets(credentials.authorization_identity or "", "the authorization identity"),
            credentials.octets(credentials.username, "the user name"),
            credentials.octets(credentials.password.reveal(), "the password"),
        )
        return b"\0".join(parts)

    def respond(self, challenge: bytes) -> bytes:
        """A server that overlooked the initial response asks once, with an empty challenge; more is not PLAIN."""
        again, self._asked = self._asked, True
        if challenge or again:
            raise AuthError("PLAIN: the server asks for more, and there is nothing more to say", stage="AUTH")
        return self.initial()
