"""What pyOpenSSL has no call for, through its own handle of the library; nothing else in the house touches that.

The handle is private, so it may be another one tomorrow: what cannot be set is refused, never ignored.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mailjobs.errors import SetupError

if TYPE_CHECKING:
    from OpenSSL import SSL

    Message = Callable[[SSL.Connection, bool, int, bytes], None]

SET_GROUPS = "SSL_CTX_set1_curves_list"
SET_SIGNATURE_ALGORITHMS = "SSL_CTX_set1_sigalgs_list"
SET_MESSAGES = "SSL_CTX_set_msg_callback"
RESUMED = "SSL_session_reused"
COMPLAINT = "X509_verify_cert_error_string"
SIGNATURE = "void(int, int, int, const void *, size_t, SSL *, void *)"


def set_groups(context: SSL.Context, names: str) -> bool:
    """The groups of the key exchange, with colons between; False where OpenSSL does not know one. Raises SetupError."""
    return _set_list(context, SET_GROUPS, names, "set tls.groups")


def set_signature_algorithms(context: SSL.Context, names: str) -> bool:
    """With what may be signed; otherwise as `set_groups`."""
    return _set_list(context, SET_SIGNATURE_ALGORITHMS, names, "set tls.signature_algorithms")


def hear_messages(context: SSL.Context, hear: Message) -> None:
    """Have `hear` called with connection, whether it is sent, type of content and bytes of each message of TLS.

    It must not raise. Raises SetupError.
    """
    from OpenSSL import SSL

    lib, ffi = _handle("tell tls.log", SET_MESSAGES)
    connections = getattr(SSL.Connection, "_reverse_mapping", None)
    if connections is None:
        raise _missing("tell tls.log")

    def call(sent: int, version: int, kind: int, data: Any, size: int, ssl: Any, _: Any) -> None:
        connection = connections.get(ssl)
        if connection is not None:
            hear(connection, bool(sent), kind, bytes(ffi.buffer(data, size)))

    callback = ffi.callback(SIGNATURE, call)
    _library_context(context, "tell tls.log")
    lib.SSL_CTX_set_msg_callback(context._context, callback)
    context._mailjobs_hears = callback  # type: ignore[attr-defined]  # it lives as long as the context


def complaint_text(number: int) -> str:
    """What OpenSSL says of a certificate by `number` (X509_V_ERR); the number alone where there are no words."""
    try:
        lib, ffi = _handle("tell complaints", COMPLAINT)
    except SetupError:
        return f"number {number}"
    text: bytes = ffi.string(lib.X509_verify_cert_error_string(number))
    return f"{text.decode('ascii', 'replace')} ({number})"


def is_resumed(connection: SSL.Connection) -> bool:
    """Whether the session was taken up from an earlier connection. Raises SetupError."""
    lib, _ = _handle("tell of a channel binding", RESUMED)
    return bool(lib.SSL_session_reused(connection._ssl))


def _set_list(context: SSL.Context, call: str, names: str, setting: str) -> bool:
    lib, _ = _handle(setting, call)
    done = getattr(lib, call)(_library_context(context, setting), names.encode())
    while lib.ERR_get_error():
        pass  # what OpenSSL complains of would be told of the next call otherwise
    return bool(done == 1)


def _handle(setting: str, *calls: str) -> tuple[Any, Any]:
    try:
        from OpenSSL._util import ffi, lib
    except ImportError:
        raise _missing(setting) from None
    if not all(hasattr(lib, call) for call in calls):
        raise _missing(setting)
    return lib, ffi


def _library_context(context: SSL.Context, setting: str) -> Any:
    found = getattr(context, "_context", None)
    if found is None:
        raise _missing(setting)
    return found


def _missing(setting: str) -> SetupError:
    return SetupError(
        f"the pyOpenSSL that is installed has no way to {setting}",
        hint="leave that out, or install another version of pyOpenSSL and cryptography",
    )
