"""Every failure that a user can meet, as one tree of exceptions with stable names.

A class fixes what is always true of a failure (its number, who failed, the exit status);
an instance carries what happened this time (stage, host, reply, recipient, hint). Programs
match on the class name, which is the `error` field of events and reports.
"""

from mailjobs.errors.base import ExitStatus, Fault, MailjobsError
from mailjobs.errors.place import Place, Problem
from mailjobs.errors.system import from_oserror, resolve_error
from mailjobs.errors.tree import (
    AuthError,
    BusyError,
    CertificateError,
    ConnectionLost,
    DataError,
    EncodingError,
    FileError,
    GuardError,
    Interrupted,
    JobError,
    OutputError,
    ProtocolError,
    ProxyError,
    RepeatError,
    ReplyError,
    ResolveError,
    SecretError,
    SetupError,
    StateError,
    TimedOut,
    TLSError,
    TransportError,
    UsageError,
    VerifyError,
)

__all__ = [
    "AuthError",
    "BusyError",
    "CertificateError",
    "ConnectionLost",
    "DataError",
    "EncodingError",
    "ExitStatus",
    "Fault",
    "FileError",
    "GuardError",
    "Interrupted",
    "JobError",
    "MailjobsError",
    "OutputError",
    "Place",
    "Problem",
    "ProtocolError",
    "ProxyError",
    "RepeatError",
    "ReplyError",
    "ResolveError",
    "SecretError",
    "SetupError",
    "StateError",
    "TLSError",
    "TimedOut",
    "TransportError",
    "UsageError",
    "VerifyError",
    "from_oserror",
    "resolve_error",
]
