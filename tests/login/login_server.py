"""A server that does nothing but log clients in, in the way a test writes down as a generator.

    def exchange(first):                # the initial response, or None
        response = yield b"challenge"   # goes out in base64; text goes out as it stands
        return "235 2.7.0 in"

The client's lines are kept. `*` is answered by `cancelled`. Over TLS it is pyOpenSSL's, for the keying material.
"""

from __future__ import annotations

import socket
import threading
from base64 import b64decode, b64encode
from collections.abc import Callable, Generator

from OpenSSL import SSL

from tests.fixtures.scripted import TlsFiles

PATIENCE = 20  # seconds until what hangs is a failure
Exchange = Generator[bytes | str, bytes, str]
CLOSE = "close"


class LoginServer:
    """One connection. `version` is that of TLS from the start (None: no TLS)."""

    def __init__(
        self,
        offered: str,
        exchange: Callable[[bytes | None], Exchange],
        files: TlsFiles | None = None,
        version: int = SSL.TLS1_3_VERSION,
        cancelled: str = "501 5.0.0 cancelled",
    ) -> None:
        self._offered, self._exchange, self._files, self._version = offered, exchange, files, version
        self._cancelled = cancelled
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.lines: list[str] = []
        self.tls: SSL.Connection | None = None
        self._failure: BaseException | None = None
        self._buffer = b""
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """The conversation has come to its end; a failure of this side is told."""
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), f"the login does not end: {self.lines}"
        if self._failure is not None:
            raise AssertionError(f"{self._failure!r} after {self.lines}") from self._failure

    def _serve(self) -> None:
        try:
            with self._listener:
                self._listener.settimeout(PATIENCE)
                self._socket, _ = self._listener.accept()
            with self._socket:
                self._socket.settimeout(None)
                # else the greeting waits behind the tickets of TLS until the client has confirmed those
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if self._files is not None:
                    self._secure(self._files)
                self._talk()
        except (SSL.Error, ConnectionError):
            return  # the client left, which its side of the test asserts
        except BaseException as error:
            self._failure = error

    def _secure(self, files: TlsFiles) -> None:
        context = SSL.Context(SSL.TLS_SERVER_METHOD)
        context.set_min_proto_version(self._version)
        context.set_max_proto_version(self._version)
        context.use_certificate_chain_file(str(files.certificate))
        context.use_privatekey_file(str(files.key))
        self.tls = SSL.Connection(context, self._socket)
        self.tls.set_accept_state()
        self.tls.do_handshake()

    def _talk(self) -> None:
        self._say("220 login.test")
        while (line := self._hear()) and line != "QUIT":
            if line.startswith("EHLO"):
                self._say(f"250-login.test\r\n250 AUTH {self._offered}")
            else:
                assert line.startswith("AUTH "), line
                if not self._log_in(line.split(" ")[2:]):
                    return
        if line:
            self._say("221 bye")

    def _log_in(self, words: list[str]) -> bool:
        first = None if not words else b64decode(words[0]) if words[0] != "=" else b""
        exchange = self._exchange(first)
        try:
            challenge = next(exchange)
            while True:
                self._say(challenge if isinstance(challenge, str) else f"334 {b64encode(challenge).decode()}")
                response = self._hear()
                if response == "*":
                    self._say(self._cancelled)
                    return True
                challenge = exchange.send(b64decode(response))
        except StopIteration as end:
            if end.value == CLOSE:
                return False
            self._say(end.value)
        return True

    def _say(self, line: str) -> None:
        (self.tls or self._socket).sendall(line.encode() + b"\r\n")

    def _hear(self) -> str:
        while b"\r\n" not in self._buffer:
            data = (self.tls or self._socket).recv(65536)
            if not data:
                return ""
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        self.lines.append(line.decode())
        return self.lines[-1]
