"""Errors of the operating system, mapped by name to the numbers of the component (those of Windows Sockets)."""

from __future__ import annotations

import errno
import os

from mailjobs.errors.tree import ResolveError, TransportError

WINSOCK = {
    "EINTR": 10004, "EBADF": 10009, "EACCES": 10013, "EPERM": 10013, "EFAULT": 10014, "EINVAL": 10022,
    "EMFILE": 10024, "ENFILE": 10024, "EWOULDBLOCK": 10035, "EAGAIN": 10035, "EINPROGRESS": 10036,
    "EALREADY": 10037, "ENOTSOCK": 10038, "EDESTADDRREQ": 10039, "EMSGSIZE": 10040, "EPROTOTYPE": 10041,
    "ENOPROTOOPT": 10042, "EPROTONOSUPPORT": 10043, "ESOCKTNOSUPPORT": 10044, "EOPNOTSUPP": 10045,
    "ENOTSUP": 10045, "EPFNOSUPPORT": 10046, "EAFNOSUPPORT": 10047, "EADDRINUSE": 10048, "EADDRNOTAVAIL": 10049,
    "ENETDOWN": 10050, "ENETUNREACH": 10051, "ENETRESET": 10052, "ECONNABORTED": 10053, "ECONNRESET": 10054,
    "ENOBUFS": 10055, "EISCONN": 10056, "ENOTCONN": 10057, "ESHUTDOWN": 10058, "EPIPE": 10058,
    "ETOOMANYREFS": 10059, "ETIMEDOUT": 10060, "ECONNREFUSED": 10061, "ELOOP": 10062, "ENAMETOOLONG": 10063,
    "EHOSTDOWN": 10064, "EHOSTUNREACH": 10065, "ENOTEMPTY": 10066, "EUSERS": 10068, "EDQUOT": 10069,
    "ENOSPC": 10069, "ESTALE": 10070, "EREMOTE": 10071,
}  # fmt: skip

# Trying again cannot help with these: the machine or the job must change first.
LASTING = {"EACCES", "EPERM", "EADDRNOTAVAIL", "EAFNOSUPPORT", "EPFNOSUPPORT", "EINVAL", "ENOTSOCK"}

RESOLVING = {
    "EAI_NONAME": (11001, False, "the name does not exist"),
    "EAI_AGAIN": (11002, True, "the name service does not answer"),
    "EAI_FAIL": (11003, False, "the name service refuses the question"),
    "EAI_NODATA": (11004, False, "the name has no address of the wanted family"),
    "EAI_ADDRFAMILY": (11004, False, "it has no address of the wanted family"),
}

RESOLVING_HINTS = {
    11001: "is it spelt as it should be, and known on this network?",
    11002: "is this machine on the network, and is its name service the right one?",
    11004: "`address_family: any` takes addresses of both kinds",
}


def from_oserror(cause: OSError, doing: str) -> TransportError:
    """`cause` as a TransportError; `doing` says what failed ("connect to 127.0.0.1 port 25")."""
    symbol = errno.errorcode.get(cause.errno or 0, "")
    words = os.strerror(cause.errno) if cause.errno else str(cause)
    label = f"{words} ({symbol})" if symbol else words
    return TransportError(f"cannot {doing}: {label}", code=WINSOCK.get(symbol), temporary=symbol not in LASTING)


def resolve_error(cause: OSError, host: str) -> ResolveError:
    """A getaddrinfo failure for `host`, with its number (11001 to 11004) and exit status."""
    import socket  # the numbers of these errors are the platform's, and few runs need them

    numbers = {getattr(socket, symbol, None): facts for symbol, facts in RESOLVING.items()}
    code, temporary, words = numbers.get(cause.errno or 0, (11003, False, cause.strerror or str(cause)))
    error = ResolveError(f"cannot resolve {host}: {words}", code=code, temporary=temporary, host=host)
    error.hint = RESOLVING_HINTS.get(code)
    if temporary:
        error.exit_status = TransportError.exit_status
    return error
