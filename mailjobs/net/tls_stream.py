"""TLS over any stream: pyOpenSSL with memory BIOs, pumped over the stream below.

OpenSSL never sees a socket, so deadlines, and whatever lies between, stay those of the stream. Each call into
pyOpenSSL lets other threads run, which costs more than the call: calls are few and large.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mailjobs.errors import ConnectionLost, MailjobsError, TransportError
from mailjobs.model import Tls
from mailjobs.net.deadline import Deadline
from mailjobs.net.layered import Layered
from mailjobs.net.stream import Stream
from mailjobs.net.tls_failure import handshake_error, record_error
from mailjobs.net.tls_info import Judged, TlsInfo, inform

if TYPE_CHECKING:
    from OpenSSL import SSL

PIECE = 256 * 1024
SEALED = PIECE + PIECE // 32  # the same as records, in one read
RECORD = 16 * 1024
FIRST = 16 * 1024  # bytes of the server's, and one read more, that are kept while hands are shaken
GOODBYE = 0.5  # seconds that close_notify may take

Take = Callable[[bytes], None]


class TlsStream(Layered):
    """A stream through which plain bytes go in and out, and records over the stream below."""

    def __init__(self, below: Stream, connection: SSL.Connection) -> None:
        super().__init__(below)
        self._connection = connection
        self._answers = False  # whether reading may have something to say: to a server that wants a second handshake
        self._heard = b""  # how the server began, where that tells what OpenSSL does not
        self._when_read: Callable[[SSL.Session], None] | None = None
        self.judged: Judged | None = None
        self._whole = True  # whether only whole records have gone out
        self._info: TlsInfo | None = None

    @property
    def info(self) -> TlsInfo:
        """What was negotiated. Raises ValueError where the certificate cannot be read (not after `secure`)."""
        if self._info is None:
            self._info = inform(self._connection, self._heard, self.judged or Judged([]))
        return self._info

    def binding(self, kind: str) -> tuple[str, bytes]:
        """See `channel_binding.binding`."""
        from mailjobs.net.channel_binding import binding

        return binding(self._connection, kind)

    @property
    def spoken(self) -> str:
        """Version and cipher, which cost less than all of `info`."""
        return f"{self._connection.get_protocol_version_name()} {self._connection.get_cipher_name()}"

    @property
    def connection(self) -> SSL.Connection:
        """OpenSSL's side of it."""
        return self._connection

    def when_read(self, keep: Callable[[SSL.Session], None]) -> None:
        """Have `keep` called with the session once something was read: TLS 1.3 sends it behind the handshake."""
        self._when_read = keep

    def shake_hands(self, tls: Tls) -> None:
        """The handshake; certificates are not judged here. Raises TLSError, ConnectionLost, TimedOut."""
        from OpenSSL import SSL

        heard = bytearray()

        def take(data: bytes) -> None:
            heard.extend(data if len(heard) < FIRST else b"")
            self._connection.bio_write(data)

        try:
            while not self._handshake_done():
                self._send_in_handshake(take)
                data = self._below.read()
                if not data:
                    raise ConnectionLost("the server closed the connection during the TLS handshake", stage="handshake")
                take(data)
            self._send(take)
        except SSL.Error as error:
            self._send_alert(take)
            raise handshake_error(error, bytes(heard), tls) from None
        self._answers = self._connection.get_protocol_version_name() != "TLSv1.3"
        if (self._connection.get_cipher_name() or "").startswith("DHE-"):
            self._heard = bytes(heard)

    def _handshake_done(self) -> bool:
        from OpenSSL import SSL

        try:
            self._connection.do_handshake()
        except SSL.WantReadError:
            return False
        return True

    def _send_in_handshake(self, take: Take) -> None:
        try:
            self._send(take)
        except TransportError:
            self._handshake_done()  # what the server said before it hung up tells more, and is raised here
            raise

    def _send_alert(self, take: Take) -> None:
        try:
            self._send(take)
        except MailjobsError:
            return  # the failure that is being told caused it

    def write(self, data: bytes, receive: Take) -> None:
        """Encrypt and write all, taking in what comes meanwhile. Raises TransportError, TLSError."""
        view = memoryview(data)
        for start in range(0, len(view), PIECE):
            self._encrypt(view[start : start + PIECE])
            self._send(lambda records: self._decrypt(records, receive))

    def _encrypt(self, piece: memoryview) -> None:
        from OpenSSL import SSL

        try:
            while piece:
                piece = piece[self._connection.send(piece) :]
        except SSL.Error as error:
            raise record_error(error, "encrypt", 283) from None

    def _send(self, take: Take) -> None:
        """Send what OpenSSL has to say; records that come meanwhile go to `take`."""
        from OpenSSL import SSL

        out: list[bytes] = []
        try:
            while not out or len(out[-1]) == SEALED:
                out.append(self._connection.bio_read(SEALED))
        except SSL.WantReadError:
            if not out:
                return
        self._whole = False
        self._below.write(out[0] if len(out) == 1 else b"".join(out), take)
        self._whole = True

    def _take_records(self, records: bytes) -> None:
        self._connection.bio_write(records)

    def _decrypt(self, records: bytes, receive: Take) -> None:
        """Pass on what `records` and those before them hold."""
        self._connection.bio_write(records)
        self._pass_on(receive)

    def _pass_on(self, receive: Take) -> None:
        while plain := self._plain():
            receive(plain)

    def poll(self, receive: Take) -> None:
        """Pass on what has come; does not wait. Raises TransportError, TLSError."""
        self._pass_on(receive)
        self._below.poll(lambda records: self._decrypt(records, receive))

    def read(self) -> bytes:
        """At least one byte, none at the end: close_notify, or the end of the stream below. Raises TLSError 284."""
        while True:
            plain = self._plain()
            if plain:
                return plain
            if self._answers and plain is not None:
                self._send(self._take_records)
            data = b"" if plain is None else self._below.read()
            if not data:
                return b""
            self._connection.bio_write(data)

    def _plain(self) -> bytes | None:
        """The next record's content; empty where more must come first, None after the server's close_notify."""
        from OpenSSL import SSL

        try:
            plain = self._connection.recv(RECORD)
        except SSL.WantReadError:
            return b""
        except SSL.ZeroReturnError:
            return None
        except SSL.Error as error:
            raise record_error(error, "decrypt", 284) from None
        if self._when_read is not None:
            self._keep_session()
        return plain

    def _keep_session(self) -> None:
        keep, self._when_read = self._when_read, None
        session = self._connection.get_session()
        if keep is not None and session is not None:
            keep(session)

    def close(self, abort: bool = False) -> None:
        """Say close_notify, without waiting for the other side's, and close."""
        if not abort:
            self.say_goodbye()
        self._below.close(abort)

    def say_goodbye(self) -> None:
        """close_notify, whose answer is not waited for; nothing where a record has gone out in part."""
        from OpenSSL import SSL

        if not self._whole:
            return
        self.deadline = Deadline("close", total=GOODBYE)
        try:
            self._connection.shutdown()
            self._send(_ignore)
        except (SSL.Error, MailjobsError):
            return  # it is closed all the same


def _ignore(_: bytes) -> None:
    """What comes after our last word is of no interest."""
