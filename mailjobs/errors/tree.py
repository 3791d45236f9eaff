"""The tree. Numbers are those of the component whose behaviour mailjobs reproduces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mailjobs.errors.base import ExitStatus, Fault, MailjobsError
from mailjobs.errors.place import Problem


class GuardError(MailjobsError):
    """A guard of the job forbids what it would send; nothing was sent."""

    who: Fault = "job"
    exit_status = ExitStatus.NOPERM


class UsageError(MailjobsError):
    """The command line cannot be carried out as it was written."""

    who: Fault = "user"
    exit_status = ExitStatus.USAGE


class JobError(MailjobsError):
    """The job is wrong; `problems` are all that was found, each with its place."""

    who: Fault = "job"
    exit_status = ExitStatus.DATAERR

    def __init__(self, message: str, *, problems: Sequence[Problem] = (), **fields: Any) -> None:
        super().__init__(message, **fields)
        self.problems = tuple(problems) or (Problem(message, self.place, hint=self.hint, code=self.code),)

    @classmethod
    def of(cls, problems: Sequence[Problem]) -> JobError:
        """One error that carries all `problems` (at least one).

        Its exit status is 66 where all are files that are missing, 77 where all are about certificates of ours.
        """
        first = problems[0]
        error = cls(first.message, problems=problems, place=first.place, hint=first.hint, code=first.code)
        codes = {problem.code for problem in problems}
        if codes <= {FileError.code, FileError.missing_certificate}:
            error.exit_status = FileError.exit_status
        elif codes <= set(CertificateError.codes):
            error.exit_status = CertificateError.exit_status
        return error


class DataError(JobError):
    """A row is wrong: a value that makes no address, a missing column, a file that is no CSV."""

    who: Fault = "data"


class EncodingError(DataError):
    """Text that a charset cannot hold, or bytes that it cannot read."""

    code = 434


class FileError(MailjobsError):
    """A file that the job names cannot be opened, or changed while it was sent."""

    code = 302
    missing_certificate = 281
    who: Fault = "job"
    exit_status = ExitStatus.NOINPUT


class OutputError(MailjobsError):
    """A report, event or trace file, or one of a queue, cannot be created or written."""

    who: Fault = "machine"
    exit_status = ExitStatus.CANTCREAT


class BusyError(MailjobsError):
    """Another run of the job is active."""

    who: Fault = "user"
    exit_status = ExitStatus.TEMPFAIL
    temporary = True


class RepeatError(MailjobsError):
    """What was asked for was sent before; the hint names the option that sends it."""

    who: Fault = "user"
    exit_status = ExitStatus.NOPERM


class SetupError(MailjobsError):
    """This machine lacks something: an optional package, a keyring, a terminal."""

    who: Fault = "machine"
    exit_status = ExitStatus.CONFIG


class SecretError(SetupError):
    """A secret cannot be had: its variable is not set, its file or command fails."""


class ResolveError(MailjobsError):
    """A host name does not resolve."""

    code = 11001
    who: Fault = "network"
    exit_status = ExitStatus.NOHOST


class TransportError(MailjobsError):
    """The operating system reports a failure of the connection."""

    code = 162
    who: Fault = "network"
    exit_status = ExitStatus.TEMPFAIL
    temporary = True


class ConnectionLost(TransportError):
    """The server closed the connection before it had replied."""

    code = 1120
    who: Fault = "server"


class TimedOut(TransportError):
    """A deadline passed; the message names the stage, which deadline, and its seconds."""

    code = 201


class ProxyError(MailjobsError):
    """The proxy refused, hung up, wanted a login, or is none; the message has its own words."""

    code = 118
    who: Fault = "network"

    def __init__(self, message: str, **fields: Any) -> None:
        super().__init__(message, **fields)
        if self.temporary:
            self.exit_status = ExitStatus.TEMPFAIL


class TLSError(MailjobsError):
    """The handshake failed, TLS is required and not offered, or a record is corrupt."""

    code = 276
    who: Fault = "server"
    exit_status = ExitStatus.NOPERM


class VerifyError(TLSError):
    """The server's certificate is refused; the message has every reason."""

    code = 280


class CertificateError(TLSError):
    """A certificate, key or store of ours cannot be read or does not fit."""

    code = 271
    codes = (271, 272, 273)  # unreadable, no such subject, no key that fits
    who: Fault = "job"


class ReplyError(MailjobsError):
    """The server refused: `reply` has its words, `command` what they answer."""

    code = 161
    who: Fault = "server"

    def __init__(self, message: str, **fields: Any) -> None:
        reply = fields.get("reply")
        if fields.get("temporary") is None and reply is not None:
            fields["temporary"] = reply.temporary
        super().__init__(message, **fields)
        if self.temporary:
            self.exit_status = ExitStatus.TEMPFAIL


class ProtocolError(ReplyError):
    """What the server sent is not SMTP, or out of order, or beyond the bounds on replies."""

    exit_status = ExitStatus.PROTOCOL


class AuthError(ReplyError):
    """Login failed, or no mechanism may be used."""

    exit_status = ExitStatus.NOPERM


class StateError(MailjobsError):
    """A command that is not allowed now; nothing was sent."""

    code = 211
    exit_status = ExitStatus.SOFTWARE


class Interrupted(MailjobsError):
    """Ctrl-C or SIGTERM."""

    code = 301
    who: Fault = "user"
    exit_status = ExitStatus.INTERRUPTED
