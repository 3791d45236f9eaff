"""One small value for each command, which knows its own wire form.

`trace()` is what a trace may show of it. `last_in_group` is true for the commands after which a client must wait
for the reply whatever the server offers (RFC 2920 section 3.1). `usual` is the code of the reply that it mostly gets,
where that changes nothing beyond what sending the command has changed.
"""

from __future__ import annotations

import re
from dataclasses import field
from functools import lru_cache
from typing import ClassVar

from mailjobs.frozen import frozen
from mailjobs.mime import Lines
from mailjobs.smtp.address import mailbox_wire
from mailjobs.smtp.content import dot_stuff, ended

LONGEST_LINE = 512  # octets with CRLF, RFC 5321 section 4.5.3.1.4; extensions allow more
LONGEST_TEXT_LINE = 998  # octets without CRLF, RFC 5321 section 4.5.3.1.6
UNSAFE = re.compile(r"[\x00-\x1f\x7f]")
PARAMETER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*(?:=[^\x00-\x20=\x7f]+)?")  # RFC 5321 section 4.1.2, esmtp-param
DESYNCHRONISING = {
    "DATA": "a send step says DATA",
    "BDAT": "a send step says BDAT",
    "AUTH": "server.auth logs in",
    "STARTTLS": "server.tls secures the connection",
}


@frozen
class Command:
    """The root of all commands."""

    name: ClassVar[str] = ""
    last_in_group: ClassVar[bool] = True
    longest: ClassVar[int] = LONGEST_LINE
    usual: ClassVar[int] = 0

    def line(self) -> str:
        """The command without CRLF."""
        return self.name

    def wire(self) -> bytes:
        """The bytes that go out."""
        return self.line().encode() + b"\r\n"

    def trace(self) -> str:
        """What a trace may show."""
        return self.line()


def _argument(text: str, what: str) -> str:
    if UNSAFE.search(text):
        raise ValueError(f"{what} has a line end or another control character")
    if not text.strip():
        raise ValueError(f"{what} is empty")
    if len(text.encode()) > LONGEST_TEXT_LINE:
        raise ValueError(f"{what} is longer than {LONGEST_TEXT_LINE} octets")
    return text


def bounded(command: Command) -> None:
    """Raise ValueError for a line over `longest`: servers cut it, or take its rest for the next command."""
    if len(command.line().encode()) > command.longest - 2:
        raise ValueError(f"{command.name} would be longer than {command.longest} octets")


def _parameters(extra: tuple[str, ...]) -> bytes:
    if not extra:
        return b""
    for parameter in extra:
        if not PARAMETER.fullmatch(parameter):
            raise ValueError(f"{parameter!r} is no parameter of MAIL or RCPT")
    return b"".join(b" %b" % parameter.encode() for parameter in extra)


def _within(wire: bytes, command: Command) -> bytes:
    if len(wire) > command.longest:
        raise ValueError(f"{command.name} would be longer than {command.longest} octets")
    return wire


_sender = lru_cache(maxsize=64)(mailbox_wire)  # of a batch nearly always the same


@frozen
class Ehlo(Command):
    """EHLO; `domain` is a host name or an address literal."""

    name: ClassVar[str] = "EHLO"
    domain: str

    def __post_init__(self) -> None:
        if " " in _argument(self.domain, "the name to say hello with"):
            raise ValueError("the name to say hello with has a blank")
        bounded(self)

    def line(self) -> str:
        """EHLO domain."""
        return f"{self.name} {self.domain}"


@frozen
class Helo(Ehlo):
    """HELO, which gives no extensions."""

    name: ClassVar[str] = "HELO"


@frozen
class StartTls(Command):
    """STARTTLS (RFC 3207)."""

    name: ClassVar[str] = "STARTTLS"


@frozen
class Mail(Command):
    """MAIL FROM; `address` "" is the null sender. The rest goes out as parameters, `extra` as they stand."""

    name: ClassVar[str] = "MAIL"
    last_in_group: ClassVar[bool] = False
    usual: ClassVar[int] = 250
    longest: ClassVar[int] = LONGEST_LINE + 26 + 17 + 10 + 107 + 500  # SIZE, BODY, SMTPUTF8, DSN, AUTH
    address: str
    size: int | None = None
    eightbit: bool = False
    smtputf8: bool = False
    extra: tuple[str, ...] = ()

    def wire(self) -> bytes:
        """MAIL FROM:<…> with parameters."""
        path = _sender(self.address) if self.address else b"<>"
        if self.size is None and not (self.eightbit or self.smtputf8 or self.extra):
            return b"MAIL FROM:%b\r\n" % path
        size = b" SIZE=%d" % self.size if self.size is not None else b""
        body = b" BODY=8BITMIME" if self.eightbit else b""
        utf8 = b" SMTPUTF8" if self.smtputf8 else b""
        if not self.extra:  # what is left has a bound by itself
            return b"MAIL FROM:%b%b%b%b\r\n" % (path, size, body, utf8)
        return _within(b"MAIL FROM:%b%b%b%b%b\r\n" % (path, size, body, utf8, _parameters(self.extra)), self)

    def line(self) -> str:
        """As text."""
        return self.wire().decode().rstrip("\r\n")


@frozen
class Rcpt(Command):
    """RCPT TO; `extra` are parameters as they stand."""

    name: ClassVar[str] = "RCPT"
    last_in_group: ClassVar[bool] = False
    usual: ClassVar[int] = 250
    longest: ClassVar[int] = LONGEST_LINE + 500  # DSN
    address: str
    extra: tuple[str, ...] = ()

    def wire(self) -> bytes:
        """RCPT TO:<…>."""
        if not self.extra:
            return b"RCPT TO:%b\r\n" % mailbox_wire(self.address)
        return _within(b"RCPT TO:%b%b\r\n" % (mailbox_wire(self.address), _parameters(self.extra)), self)

    def line(self) -> str:
        """As text."""
        return self.wire().decode().rstrip("\r\n")


@frozen
class Data(Command):
    """DATA: the server answers 354 and waits for content."""

    name: ClassVar[str] = "DATA"
    usual: ClassVar[int] = 354

    def wire(self) -> bytes:
        """Always the same."""
        return b"DATA\r\n"


@frozen
class Content(Command):
    """The content after 354, up to and with the final dot; its reply is that to the message."""

    name: ClassVar[str] = "the message"
    last_in_group: ClassVar[bool] = False
    usual: ClassVar[int] = 250
    content: bytes = field(repr=False)

    @classmethod
    def empty(cls) -> Content:
        """The lone dot, which ends a 354 that nobody is left to use."""
        return cls(b"")

    def wire(self) -> bytes:
        """Dot-stuffed, with the final dot. Raises ValueError for a bare CR or LF."""
        return dot_stuff(self.content)

    def trace(self) -> str:
        """Its size alone."""
        return f"({len(self.content)} bytes of content)"


@frozen
class Bdat(Command):
    """A whole content in one chunk, the last (RFC 3030); its reply is that to the message."""

    name: ClassVar[str] = "the message"
    last_in_group: ClassVar[bool] = False
    usual: ClassVar[int] = 250
    content: bytes = field(repr=False)

    def wire(self) -> bytes:
        """BDAT, and the content as it stands. Raises ValueError for a bare CR or LF."""
        content = self.content if type(self.content) is Lines else ended(self.content)
        return b"BDAT %d LAST\r\n%b" % (len(content), content)

    def trace(self) -> str:
        """Its size alone."""
        return f"BDAT {len(ended(self.content))} LAST, and the content"


@frozen
class Rset(Command):
    """RSET."""

    name: ClassVar[str] = "RSET"
    last_in_group: ClassVar[bool] = False
    usual: ClassVar[int] = 250

    def wire(self) -> bytes:
        """Always the same."""
        return b"RSET\r\n"


@frozen
class Noop(Command):
    """NOOP."""

    name: ClassVar[str] = "NOOP"


@frozen
class Quit(Command):
    """QUIT."""

    name: ClassVar[str] = "QUIT"


@frozen
class Vrfy(Command):
    """VRFY; `smtputf8` where the string is not ASCII (RFC 6531 section 3.7.4.2)."""

    name: ClassVar[str] = "VRFY"
    string: str
    smtputf8: bool = False

    def __post_init__(self) -> None:
        _argument(self.string, "what is to be verified")
        bounded(self)

    def line(self) -> str:
        """VRFY string."""
        return f"VRFY {self.string}{' SMTPUTF8' if self.smtputf8 else ''}"


@frozen
class Expn(Command):
    """EXPN."""

    name: ClassVar[str] = "EXPN"
    string: str

    def __post_init__(self) -> None:
        _argument(self.string, "the list to expand")
        bounded(self)

    def line(self) -> str:
        """EXPN string."""
        return f"EXPN {self.string}"


@frozen
class Raw(Command):
    """A line as the user wrote it. Refuses, as a ValueError, what would put the engine out of step."""

    text: str

    def __post_init__(self) -> None:
        _argument(self.text, "the command")
        for verb, instead in DESYNCHRONISING.items():
            if self.verb.startswith(verb):  # some servers take AUTH=PLAIN, or look at four letters only
                raise ValueError(f"a raw {verb} would put the conversation out of step: {instead}")

    @property
    def verb(self) -> str:
        """Its first word, upper case."""
        return self.text.split()[0].upper()

    def line(self) -> str:
        """As it stands."""
        return self.text
