"""The server itself: aiosmtpd on one loopback port, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import asyncio
import ipaddress
import signal
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailjobs.errors import OutputError, SetupError, TransportError, UsageError, from_oserror
from mailjobs.sandbox.seen import Listening, NotKept, Out, Seen
from mailjobs.sandbox.store import Store

if TYPE_CHECKING:
    from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

SIZE_LIMIT = 50_000_000
IDLE_SECONDS = 300
FIRST_FREE_PORT = 1024
OK = "250 2.0.0 kept as {}"
NO_ROOM = "452 4.3.1 cannot keep the message: {}"
FAILED = "451 4.3.0 the sandbox failed"


def serve(directory: Path, host: str = "127.0.0.1", port: int = 2525, *, out: Out, tls: bool = False) -> None:
    """Keep every message that arrives in `directory`; tell `out` where we listen, then of each message.

    Port 0 takes a free one. With `tls`, STARTTLS is offered with a throwaway certificate whose authority is written
    to `directory`/ca.pem, and any login is taken. Returns after SIGINT or SIGTERM; must run in the main thread.

    Raises UsageError for an address that is not loopback, SetupError without aiosmtpd, OutputError where nothing
    can be written, TransportError where the port cannot be had.
    """
    address = _loopback(host)
    make_protocol = _protocol()
    store = Store(directory)
    context, ca = _secured(directory) if tls else (None, None)
    with _listen(address, port) as sock:
        ready = Listening(address, sock.getsockname()[1], directory, ca)
        asyncio.run(_Service(store, out, context).run(sock, ready, make_protocol))


def _loopback(host: str) -> str:
    if host == "localhost":
        return "127.0.0.1"
    try:
        good = ipaddress.ip_address(host).is_loopback
    except ValueError:
        good = False
    if not good:
        raise UsageError(f"the sandbox listens on loopback only, not on {host}", hint="127.0.0.1, ::1 or localhost")
    return host


def _protocol() -> type[SMTP]:
    try:
        from aiosmtpd.smtp import SMTP, log
    except ImportError as cause:
        raise SetupError("the sandbox needs aiosmtpd", hint="pip install 'mailjobs[sandbox]'") from cause
    # Its log would land between our lines; what matters of it comes through `handle_exception`.
    log.disabled = True
    return SMTP


def _secured(directory: Path) -> tuple[ssl.SSLContext, Path]:
    from mailjobs.sandbox.certificate import throwaway

    ca = directory / "ca.pem"
    try:
        return throwaway(ca), ca
    except OSError as cause:
        raise OutputError(f"cannot write {ca}: {cause.strerror}") from cause


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as cause:
        raise _cannot_listen(cause, host, port) from cause


def _cannot_listen(cause: OSError, host: str, port: int) -> TransportError:
    error = from_oserror(cause, f"listen on {host} port {port}")
    if isinstance(cause, PermissionError) and port < FIRST_FREE_PORT:
        error.hint = f"ports below {FIRST_FREE_PORT} are root's; choose another with --port"
    else:
        error.hint = "choose another with --port, or any free one with --port 0"
    return error


class _Service:
    """One run of the server. Its `handle_…` methods are those that aiosmtpd calls (its "hooks")."""

    def __init__(self, store: Store, out: Out, context: ssl.SSLContext | None) -> None:
        self._store = store
        self._out = out
        self._context = context
        self._stop = asyncio.Event()
        self._failure: OSError | None = None

    async def run(self, sock: socket.socket, ready: Listening, protocol: Callable[..., SMTP]) -> None:
        """Serve on `sock` until a signal comes, or until nobody reads our output any more."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop.set)

        def connected() -> SMTP:
            return protocol(
                self, hostname="localhost", data_size_limit=SIZE_LIMIT, enable_SMTPUTF8=True, timeout=IDLE_SECONDS,
                tls_context=self._context, authenticator=_anybody, loop=loop,
            )  # fmt: skip

        server = await loop.create_server(connected, sock=sock)
        self._tell(ready)
        await self._stop.wait()
        server.close()
        if self._failure:
            raise self._failure

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep one message; the answer is the reply to its final dot."""
        peer = "{}:{}".format(*session.peer[:2]) if session.peer else ""
        content = envelope.original_content or b""
        try:
            kept = self._store.keep(content, envelope.mail_from or "", envelope.rcpt_tos, peer)
        except OSError as cause:
            self._tell(NotKept(str(cause)))
            return NO_ROOM.format(cause.strerror)
        self._tell(kept)
        return OK.format(kept.file.name)

    async def handle_exception(self, error: Exception) -> str:
        """Say what went wrong with a command; the answer is the reply to it."""
        self._tell(NotKept(f"{type(error).__name__}: {error}"))
        return FAILED

    def _tell(self, seen: Seen) -> None:
        try:
            self._out(seen)
        except OSError as cause:
            self._failure = cause
            self._stop.set()


def _anybody(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    """Every login is right: there is nothing to protect, and jobs that log in can be tried."""
    from aiosmtpd.smtp import AuthResult

    return AuthResult(success=True)
