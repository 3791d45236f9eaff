"""What a mechanism is, and what it is told."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import ClassVar

from mailjobs.errors import AuthError
from mailjobs.frozen import frozen
from mailjobs.model import Gssapi
from mailjobs.secret import Secret

LONGEST = 9000  # octets of a message: in base64 it fits into a line (12,288 octets, RFC 4954 section 4)


@frozen
class Credentials:
    """Who logs in. `authorization_identity` is whom to act as, where that is somebody else."""

    username: str | None = None
    password: Secret | None = None
    authorization_identity: str | None = None
    token: Secret | None = None
    gssapi: Gssapi | None = None

    @property
    def given(self) -> frozenset[str]:
        """The names of what is there."""
        parts = ("username", "password", "token", "gssapi")
        return frozenset(name for name in parts if getattr(self, name) is not None)


@frozen
class Circumstances:
    """The server that is logged in at. `host` and `port` are as the job names them; `offered` are its mechanisms.

    `bind` gives the name and the data of a channel binding (RFC 5056); it is None where there is no TLS.
    """

    host: str = "localhost"
    port: int = 587
    offered: tuple[str, ...] = ()
    bind: Callable[[], tuple[str, bytes]] | None = None


class Mechanism:
    """One exchange.

    `shows_secret` is for connections that nobody can listen to, `binds` for those with TLS. `needs` names what of
    Credentials is used, `authorizes` says whether somebody else can be acted as. Those that are not `automatic` are
    used only by name. `check` is what to look at where a login was refused.
    """

    name: ClassVar[str] = ""
    shows_secret: ClassVar[bool] = False
    needs: ClassVar[frozenset[str]] = frozenset(("username", "password"))
    authorizes: ClassVar[bool] = False
    automatic: ClassVar[bool] = True
    check: str = "check user name and password"
    binds: ClassVar[bool] = False  # whether the exchange is tied to the TLS connection

    def __init__(self, credentials: Credentials, circumstances: Circumstances | None = None) -> None:
        self.credentials = credentials
        self.circumstances = circumstances or Circumstances()
        self.complaint: str | None = None  # what the server found wrong, where the mechanism has words for it
        if credentials.authorization_identity and not self.authorizes:
            raise self.error("has no authorization identity; PLAIN, SCRAM, DIGEST-MD5, GSSAPI and EXTERNAL have")

    @classmethod
    def check_installed(cls) -> None:
        """Raises SetupError where an optional package is missing."""

    @property
    def identity(self) -> str | None:
        """Who one is after the login."""
        return self.credentials.authorization_identity or self.credentials.username

    def initial(self) -> bytes | None:
        """The initial response; None is none, which is not the empty one."""
        return None

    def respond(self, challenge: bytes) -> bytes:
        """The answer to a challenge. Raises AuthError where the exchange has gone wrong."""
        raise NotImplementedError

    def finish(self) -> None:
        """The server says that it is done. Raises AuthError where it has not shown who it is, though it has to."""

    def error(self, words: str, hint: str | None = None) -> AuthError:
        """What has gone wrong; `words` go on after the mechanism's name, and hold nothing secret."""
        return AuthError(f"{self.name} {words}", stage="AUTH", hint=hint)

    @property
    def username(self) -> str:
        """The user name. Raises AuthError where there is none."""
        if self.credentials.username is None:
            raise self.error("needs a user name")
        return self.credentials.username

    def secret(self, what: str = "password") -> str:
        """The password or token. Raises AuthError where there is none, SecretError where it cannot be had."""
        found: Secret | None = getattr(self.credentials, what)
        if found is None:
            raise self.error(f"needs a {what}")
        return found.reveal()

    def octets(self, text: str, what: str) -> bytes:
        """`text` as UTF-8. Raises AuthError for a NUL, which separates the parts of a message, and for what is too long
        or no text; the error does not hold `text`.
        """
        if "\0" in text:
            raise self.error(f"cannot say {what}: it has a NUL character, which no server can be told")
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise self.error(f"cannot say {what}: it has bytes that are not UTF-8")
        octets = text.encode()
        if len(octets) > LONGEST:
            raise self.error(f"cannot say {what}: it is longer than {LONGEST} octets")
        return octets


def decoded(text: str) -> bytes:
    """base64 as servers write it, blanks at its ends left out. Raises ValueError."""
    return base64.b64decode(text.strip(), validate=True)
