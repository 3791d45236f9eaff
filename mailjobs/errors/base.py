"""What every error has: a stable name, who failed, whether trying again helps, and where."""

from __future__ import annotations

from enum import IntEnum
from typing import Any, Literal

from mailjobs.errors.place import Place, Problem

Fault = Literal["job", "data", "client", "machine", "network", "server", "user"]


class ExitStatus(IntEnum):
    """Exit statuses, named as in sysexits.h."""

    OK = 0
    USAGE = 64
    DATAERR = 65
    NOINPUT = 66
    NOHOST = 68
    UNAVAILABLE = 69
    SOFTWARE = 70
    CANTCREAT = 73
    IOERR = 74
    TEMPFAIL = 75
    PROTOCOL = 76
    NOPERM = 77
    CONFIG = 78
    INTERRUPTED = 130
    TERMINATED = 143


class MailjobsError(Exception):
    """The root of the tree. Raised itself by nobody.

    Class attributes: `code` (the number that the component gives it, or None), `who` failed, `exit_status`,
    `temporary` (whether the same thing may work later), `problems` (what is wrong in the job, each with its place).
    `code`, `temporary` and `problems` may differ for an instance.
    """

    code: int | None = None
    who: Fault = "client"
    exit_status: ExitStatus = ExitStatus.UNAVAILABLE
    temporary: bool = False
    problems: tuple[Problem, ...] = ()

    def __init__(
        self,
        message: str,
        *,
        code: int | None = None,
        temporary: bool | None = None,
        place: Place | None = None,
        hint: str | None = None,
        **fields: Any,
    ) -> None:
        """`fields` are any of stage, host, address, port, reply, command, recipient."""
        super().__init__(message)
        unknown = fields.keys() - set(CONTEXT)
        if unknown:
            raise TypeError(f"no such field of an error: {', '.join(sorted(unknown))}")
        self.message = message
        self.code = self.code if code is None else code
        self.temporary = self.temporary if temporary is None else temporary
        self.place = place
        self.hint = hint
        for name in CONTEXT:
            setattr(self, name, fields.get(name))

    stage: str | None
    host: str | None
    address: str | None
    port: int | None
    reply: Any
    command: str | None
    recipient: str | None

    @property
    def name(self) -> str:
        """The stable name, which is that of the class."""
        return type(self).__name__

    def within(self, **fields: Any) -> MailjobsError:
        """The same error with those of `fields` filled in that nobody nearer to the cause has set."""
        for name, value in fields.items():
            if getattr(self, name) is None:
                setattr(self, name, value)
        return self

    def describe(self) -> dict[str, Any]:
        """The error as plain data for events and reports; absent fields are left out."""
        reply = getattr(self.reply, "as_dict", lambda: self.reply)()
        found: dict[str, Any] = {
            "error": self.name,
            "code": self.code,
            "message": self.message,
            "who": self.who,
            "temporary": self.temporary,
            "place": str(self.place) if self.place else None,
            "hint": self.hint,
            **{name: getattr(self, name) for name in CONTEXT},
            "reply": reply,
            "problems": [problem.describe() for problem in self.problems] or None,
        }
        return {key: value for key, value in found.items() if value is not None}

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        peer = f"{self._peer()}: " if self.host else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{where}{peer}{self.message}{hint}"

    def _peer(self) -> str:
        """`host:port`, an IPv6 address in brackets; the host alone where no port is known."""
        host = f"[{self.host}]" if self.host and ":" in self.host and self.host[0] != "[" else self.host
        return f"{host}" if self.port is None else f"{host}:{self.port}"


CONTEXT = ("stage", "host", "address", "port", "reply", "command", "recipient")
