"""The limit: what Python can do at best with Jinja2 and a socket: `sketch.py FOLDER PORT data|bdat CONNECTIONS`.

Nothing is checked beforehand, written down or told. A message is a tuple of pieces of which a row fills some, joined;
with `data` the end of one message and the opening of the next go out in one write, with `bdat` as many whole
transactions as the window has room for. Each connection is a thread.
"""

from __future__ import annotations

import csv
import json
import socket
import sys
import threading
import time
from binascii import b2a_base64, b2a_qp
from collections.abc import Callable, Iterator
from email.utils import formatdate
from pathlib import Path

import jinja2

WINDOW = 32
FEW = 8  # messages that are written together
ASCII, ENCODED = b"7bit", b"quoted-printable"
Row = dict[str, str]


def phrase(text: str) -> bytes:
    """A display name or a subject, by RFC 2047 where it needs that."""
    if text.isascii():
        return text.encode()
    return b"=?utf-8?b?" + b2a_base64(text.encode(), newline=False) + b"?="


def body(text: str) -> tuple[bytes, bytes]:
    """Content-Transfer-Encoding, and the text in it; line ends are CRLF already."""
    return (ASCII, text.encode()) if text.isascii() else (ENCODED, b2a_qp(text.encode()))


def compiled(folder: Path) -> Callable[[Row], tuple[bytes, bytes]]:
    """A function from a row to recipient and message."""
    letter = json.loads((folder / "letter.json").read_text(encoding="utf-8"))
    options = {"undefined": jinja2.StrictUndefined, "keep_trailing_newline": True, "newline_sequence": "\r\n"}
    plain, rich = jinja2.Environment(**options), jinja2.Environment(autoescape=True, **options)
    subject, text = plain.from_string(letter["subject"]).render, plain.from_string(letter["text"]).render
    html = rich.from_string(letter["html"]).render
    name, sender = letter["from"]
    date, run = formatdate(), f"{time.time():.0f}"
    head = f"From: {name} <{sender}>\r\nDate: {date}\r\nMIME-Version: 1.0\r\nMessage-ID: <{run}.".encode()
    kind = b'Content-Type: multipart/alternative; boundary="=_b"\r\n\r\n'
    first = b"--=_b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: "
    second = b"\r\n--=_b\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: "

    def make(row: Row) -> tuple[bytes, bytes]:
        to = row["email"].encode()
        (how, words), (rich_how, rich_words) = body(text(row=row)), body(html(row=row))
        content = b"".join((
            head, row["number"].encode(), b"@example.com>\r\nTo: ", phrase(row["name"]), b" <", to, b">\r\nSubject: ",
            phrase(subject(row=row)), b"\r\n", kind, first, how, b"\r\n\r\n", words,
            second, rich_how, b"\r\n\r\n", rich_words, b"\r\n--=_b--\r\n",
        ))  # fmt: skip
        return to, content

    return make


class Line:
    """One connection, greeted."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._rest = b""
        self.write = self._socket.sendall
        self.replies(1)
        self.write(b"EHLO sketch\r\n")
        while b"\n250 " not in self._rest:
            self._read()
        self._rest = b""

    def _read(self) -> None:
        data = self._socket.recv(65536)
        if not data:
            raise SystemExit("the server has closed the connection")
        self._rest += data

    def replies(self, least: int) -> int:
        """Wait for so many lines, none of which may be a refusal; how many have come."""
        while (count := self._rest.count(b"\n")) < least:
            self._read()
        if any(line[:1] not in (b"2", b"3") for line in self._rest.splitlines()):
            raise SystemExit(f"refused: {self._rest!r}")
        self._rest = b""
        return count

    def close(self) -> None:
        """QUIT."""
        self.write(b"QUIT\r\n")
        self.replies(1)
        self._socket.close()


def data(line: Line, letters: Iterator[tuple[bytes, bytes]], sender: bytes) -> None:
    """One round trip a message."""
    before = b""
    for to, content in letters:
        line.write(before + b"MAIL FROM:<" + sender + b">\r\nRCPT TO:<" + to + b">\r\nDATA\r\n")
        line.replies(4 if before else 3)
        if b"\n." in content:
            content = content.replace(b"\n.", b"\n..")
        before = content + b".\r\n"
    if before:
        line.write(before)
        line.replies(1)


def bdat(line: Line, letters: Iterator[tuple[bytes, bytes]], sender: bytes) -> None:
    """At most WINDOW messages under way."""
    replies, pieces = 0, []
    opening = b"MAIL FROM:<" + sender + b">\r\nRCPT TO:<"
    for to, content in letters:
        pieces.append(b"%b%b>\r\nBDAT %d LAST\r\n%b" % (opening, to, len(content), content))
        replies += 3
        if len(pieces) == FEW or replies >= 3 * WINDOW:
            line.write(b"".join(pieces))
            pieces = []
        while replies >= 3 * WINDOW:
            replies -= line.replies(1)
    line.write(b"".join(pieces))
    while replies:
        replies -= line.replies(1)


def main() -> None:
    """Send a message for each row of the folder."""
    folder, port, carry, connections = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    make = compiled(folder)
    sender = json.loads((folder / "letter.json").read_text(encoding="utf-8"))["from"][1].encode()
    lock = threading.Lock()
    with (folder / "rows.csv").open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        columns = next(reader)

        def letters() -> Iterator[tuple[bytes, bytes]]:
            while True:
                with lock:
                    values = next(reader, None)
                if values is None:
                    return
                yield make(dict(zip(columns, values, strict=True)))

        def work() -> None:
            line = Line(port)
            (data if carry == "data" else bdat)(line, letters(), sender)
            line.close()

        threads = [threading.Thread(target=work) for _ in range(connections - 1)]
        for thread in threads:
            thread.start()
        work()
        for thread in threads:
            thread.join()


if __name__ == "__main__":
    main()
