"""The commands of a login (RFC 4954), of which a trace shows no secret."""

from __future__ import annotations

import base64
import re
from dataclasses import field
from typing import ClassVar

from mailjobs.frozen import frozen
from mailjobs.secret import MASK
from mailjobs.smtp.commands import Command, bounded

LONGEST_AUTH_LINE = 12288  # octets with CRLF, RFC 4954 section 4
MECHANISM = re.compile(r"[A-Z0-9_-]{1,20}")  # RFC 4422 section 3.1


@frozen
class Auth(Command):
    """AUTH (RFC 4954). `initial` None is no initial response, which is not the empty one."""

    name: ClassVar[str] = "AUTH"
    longest: ClassVar[int] = LONGEST_AUTH_LINE
    mechanism: str
    initial: bytes | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not MECHANISM.fullmatch(self.mechanism):
            raise ValueError("the name of a SASL mechanism has up to 20 of A-Z, 0-9, - and _")
        bounded(self)

    def line(self) -> str:
        """AUTH MECHANISM, with the initial response in base64; an empty one is `=`."""
        if self.initial is None:
            return f"AUTH {self.mechanism}"
        return f"AUTH {self.mechanism} {base64.b64encode(self.initial).decode() or '='}"

    def trace(self) -> str:
        """Without the response."""
        return f"AUTH {self.mechanism}" + ("" if self.initial is None else f" {MASK}")


@frozen
class AuthResponse(Command):
    """The answer to a challenge."""

    name: ClassVar[str] = "AUTH"
    longest: ClassVar[int] = LONGEST_AUTH_LINE
    data: bytes = field(repr=False)

    def __post_init__(self) -> None:
        bounded(self)

    def line(self) -> str:
        """Base64."""
        return base64.b64encode(self.data).decode()

    def trace(self) -> str:
        """Nothing of it."""
        return MASK


@frozen
class AuthCancel(Command):
    """`*` instead of an answer ends the exchange."""

    name: ClassVar[str] = "AUTH"

    def line(self) -> str:
        """The star."""
        return "*"
