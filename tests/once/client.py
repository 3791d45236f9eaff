"""One connection of the sink: PIPELINING, CHUNKING, DATA, and the places where it may be dropped."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.once.server import Sink

# At a command, in the content, behind the last of it, behind half of the reply or all of it; or by a 421.
STAGES = ("MAIL", "RCPT", "BODY", "content", "received", "taken", "half", "replied", "421")
RESET = struct.pack("ii", 1, 0)


class Dropped(Exception):
    """This connection is to be closed now."""


class Client:
    """Who is connected."""

    def __init__(self, sink: Sink, connection: socket.socket, number: int) -> None:
        self.number = number
        self._sink = sink
        self._socket = connection
        self._input = b""
        self._output = b""
        self._withholding = False
        self._step = self._command
        self._forget()

    def greet(self) -> None:
        """220."""
        self._say("220 sink ESMTP")
        self._go_on()

    def read(self) -> None:
        """What has come."""
        try:
            data = self._socket.recv(1 << 18)
        except OSError:
            data = b""
        if data:
            self._input += data
            self._go_on()
        else:
            self._close()

    def release(self) -> None:
        """Give the replies that were withheld."""
        self._withholding = False
        self._go_on()

    def _go_on(self) -> None:
        try:
            while self._step():
                pass
            self._flush()
        except Dropped:
            self._close(reset=self._sink.random.random() < 0.5)
        except OSError:
            self._close()

    def _say(self, reply: str) -> None:
        self._output += reply.encode() + b"\r\n"

    def _flush(self) -> None:
        if not self._withholding:
            self._socket.sendall(self._output)
            self._output = b""

    def _close(self, reset: bool = False) -> None:
        if self._socket.fileno() < 0:
            return
        self._sink.forget(self._socket)
        if reset:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self._socket.close()

    def _forget(self) -> None:
        """No transaction is open."""
        self._opened = False
        self._recipients: list[str] = []
        self._content = b""
        self._size = 0  # of the chunk
        self._last = False
        self._fate = ""

    # --- commands

    def _command(self) -> bool:
        line, end, rest = self._input.partition(b"\r\n")
        if not end:
            return False
        self._input = rest
        text = line.decode()
        verb = text.split(" ")[0].upper()
        action = {"MAIL": self._mail, "RCPT": self._rcpt, "DATA": self._data, "BDAT": self._bdat}.get(verb)
        if action is not None:
            action(text)
        elif verb == "EHLO":
            chunking = "250-CHUNKING\r\n" if self._sink.habits.chunking else ""
            self._say(f"250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n{chunking}250 ENHANCEDSTATUSCODES")
        elif verb == "QUIT":
            self._say("221 2.0.0 bye")
            self._flush()
            self._close()
            return False
        else:
            if verb == "RSET":
                self._forget()
            self._say("250 2.0.0 ok")
        return True

    def _fall(self, stage: str) -> None:
        """Drop the connection where this is the place that was drawn for it."""
        if self._fate == stage:
            raise Dropped

    def _mail(self, line: str) -> None:
        habits = self._sink.habits
        self._forget()
        self._opened = True
        if habits.drop and self._sink.random.randrange(habits.drop) == 0:
            self._fate = self._sink.random.choice(habits.stages)
        self._fall("MAIL")
        if self._fate == "421":
            self._say("421 4.3.2 going down")
            self._flush()
            raise Dropped
        self._say("250 2.1.0 ok")

    def _rcpt(self, line: str) -> None:
        self._fall("RCPT")
        address = line[line.index("<") + 1 : line.index(">")]
        reply = self._sink.habits.reply_to(address) if self._opened else "503 5.5.1 MAIL first"
        if reply.startswith("2"):
            self._recipients.append(address)
        self._say(reply)

    def _data(self, line: str) -> None:
        self._fall("BODY")
        if not self._recipients:
            self._say("554 5.5.1 no valid recipients")
            return
        self._say("354 go on")
        self._step = self._until_dot

    def _bdat(self, line: str) -> None:
        self._fall("BODY")
        words = line.upper().split()
        self._size, self._last = int(words[1]), words[-1] == "LAST"
        self._step = self._chunk

    # --- content

    def _until_dot(self) -> bool:
        self._fall("content")
        content, dot, rest = self._input.partition(b"\r\n.\r\n")
        if not dot:
            return False
        self._input = rest
        self._content = content + b"\r\n"
        self._whole()
        return True

    def _chunk(self) -> bool:
        self._fall("content")
        if len(self._input) < self._size:
            return False
        self._content += self._input[: self._size]
        self._input = self._input[self._size :]
        self._step = self._command
        if not self._recipients:
            self._say("503 5.5.1 no valid recipients")
        elif self._last:
            self._whole()
        else:
            self._say("250 2.0.0 so far")
        return True

    def _whole(self) -> None:
        sink = self._sink
        self._step = self._command
        sink.count()
        sink.reached("received")
        self._fall("received")
        sink.take(self, self._recipients, self._content)
        sink.reached("taken")
        self._fall("taken")
        if self._fate == "half":
            self._output += b"250 2.0"
            self._flush()
            raise Dropped
        if sink.withholds(self):
            self._flush()  # of those before
            self._withholding = True
        self._say("250 2.0.0 taken")
        if self._fate == "replied" or sink.pausing("replied"):
            self._flush()
        self._fall("replied")
        sink.reached("replied")
        self._forget()
