"""What a mechanism is."""

from __future__ import annotations

from typing import ClassVar, Protocol

from mailjobs.errors import AuthError
from mailjobs.frozen import frozen
from mailjobs.secret import Secret

LONGEST = 3000  # octets of one part: three and their base64 fit into a line of AUTH (RFC 4954 section 4)


@frozen
class Credentials:
    """Who logs in. `authorization_identity` is whom to act as, where that is somebody else."""

    username: str
    password: Secret
    authorization_identity: str | None = None

    def octets(self, text: str, what: str) -> bytes:
        """`text` as UTF-8. Raises AuthError for a NUL, which separates the parts of a message, and for what is too long
        or no text; the error does not hold `text`.
        """
        if "\0" in text:
            raise AuthError(f"{what} has a NUL character, which no server can be told", stage="AUTH")
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise AuthError(f"{what} has bytes that are not UTF-8", stage="AUTH")
        octets = text.encode()
        if len(octets) > LONGEST:
            raise AuthError(f"{what} is longer than {LONGEST} octets", stage="AUTH")
        return octets


class Mechanism(Protocol):
    """One exchange. `shows_password` mechanisms are for connections that nobody can listen to."""

    name: ClassVar[str]
    shows_password: ClassVar[bool]

    def __init__(self, credentials: Credentials) -> None: ...

    def initial(self) -> bytes | None:
        """The initial response; None is none, which is not the empty one."""

    def respond(self, challenge: bytes) -> bytes:
        """The answer to a challenge. Raises AuthError where the exchange has gone wrong."""
