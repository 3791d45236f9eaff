"""LOGIN (never standardised; draft-murchison-sasl-login)."""

from __future__ import annotations

from typing import ClassVar

from mailjobs.sasl.mechanism import Mechanism


class Login(Mechanism):
    """Two prompts, answered in their order: user name, password. What the prompts say is not to be relied on."""

    name: ClassVar[str] = "LOGIN"
    shows_secret: ClassVar[bool] = True
    _prompts = 0

    def respond(self, challenge: bytes) -> bytes:
        """The user name, then the password."""
        self._prompts += 1
        if self._prompts == 1:
            return self.octets(self.username, "the user name")
        if self._prompts == 2:
            return self.octets(self.secret(), "the password")
        raise self.error("has gone wrong: the server asks a third time")
