"""LOGIN (never standardised; draft-murchison-sasl-login)."""

from __future__ import annotations

from typing import ClassVar

from mailjobs.errors import AuthError
from mailjobs.sasl.mechanism import Credentials


class Login:
    """Two prompts, answered in their order: user name, password. What the prompts say is not to be relied on."""

    name: ClassVar[str] = "LOGIN"
    shows_password: ClassVar[bool] = True

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._prompts = 0
        if credentials.authorization_identity:
            raise AuthError("LOGIN has no authorization identity; PLAIN has", stage="AUTH")

    def initial(self) -> None:
        """None: the server prompts first."""

    def respond(self, challenge: bytes) -> bytes:
        """The user name, then the password."""
        self._prompts += 1
        if self._prompts == 1:
            return self._credentials.octets(self._credentials.username, "the user name")
        if self._prompts == 2:
            return self._credentials.octets(self._credentials.password.reveal(), "the password")
        raise AuthError("LOGIN: the server asks a third time", stage="AUTH")
