"""The head of a queue file as text: made, and read.

mailjobs-queue 1
created: 2026-11-24T15:20:02.123456+00:00
job: nightly-invoices
run: 20261124T152002Z-5f0c9a12
row: 4711
message: invoice
message-id: <d41d8cd9@example.com>
from: bounces@example.com                 or <>, the null sender
to: bob@example.com NOTIFY=FAILURE        a line for each recipient: to, cc or bcc; what RCPT says besides
mail: RET=HDRS ENVID=5f0c9a12             what MAIL says besides
requires: 8BITMIME SMTPUTF8
stop-on: to cc
size: 3472
head: 5a0e9d44                            CRC-32 of all lines before it

The empty line belongs to it. Only the lines that say something are there. A word or a text with a `%`, a control or a
blank where none may be has it as `%`, its number in hexadecimal, and `;`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final, cast
from zlib import crc32

from mailjobs.checked import escape, unescape
from mailjobs.spool.entry import Entry, Kind, Person

MAGIC: Final = b"mailjobs-queue "
VERSION: Final = 1
LONGEST: Final = 64 * 1024 * 1024  # octets of a head; a recipient has some fifty
KINDS: Final = ("to", "cc", "bcc")
NULL_SENDER: Final = "<>"
_ONCE: Final = (
    "created", "job", "run", "row", "message", "message-id", "from", "mail", "requires", "stop-on", "deliver",
    "expires", "size", "head",
)  # fmt: skip
# What would end a line for us, or be obeyed by a terminal; and the mark of what is escaped.
_SPECIAL: Final = re.compile(r"[%\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


class Damaged(Exception):
    """A file that is no queue file, or not what it was; the text says what is wrong with it."""


def encode_text(text: str) -> str:
    """A text on one line; blanks stay."""
    return _SPECIAL.sub(lambda found: f"%{ord(found[0]):x};", text)


def encode_head(entry: Entry) -> bytes:
    """All that stands before the content."""
    lines = [f"mailjobs-queue {VERSION}", f"created: {entry.created.isoformat()}"]
    for key, text in (
        ("job", entry.job),
        ("run", entry.run),
        ("row", entry.row),
        ("message", entry.message),
        ("message-id", entry.message_id),
    ):
        if text:
            lines.append(f"{key}: {encode_text(text)}")
    lines.append(f"from: {escape(entry.sender) if entry.sender else NULL_SENDER}")
    lines += [f"{one.kind}: {_words((one.address, *one.parameters))}" for one in entry.recipients]
    lines += _needs(entry)
    lines.append(f"size: {entry.size}")
    data = ("\n".join(lines) + "\n").encode()
    return b"%shead: %08x\n\n" % (data, crc32(data))


def _needs(entry: Entry) -> list[str]:
    requires = [word for word, needed in (("8BITMIME", entry.eightbit), ("SMTPUTF8", entry.smtputf8)) if needed]
    found = [
        f"{key}: {_words(words)}"
        for key, words in (("mail", entry.mail_parameters), ("requires", requires), ("stop-on", entry.stop_on))
        if words
    ]
    if entry.deliver != "mail":
        found.append(f"deliver: {escape(entry.deliver)}")
    if entry.expires is not None:
        found.append(f"expires: {entry.expires.isoformat()}")
    return found


def _words(words: Sequence[str]) -> str:
    return " ".join([escape(word) for word in words])


def parse_head(data: bytes) -> tuple[Entry, int]:
    """The head that `data` begins with, and its length. Raises Damaged."""
    check_first_line(data)
    end = data.find(b"\n\n")
    if end < 0:
        raise Damaged("its head has no end")
    raw = data[: end + 1]
    before, mark, checksum = raw.rpartition(b"head: ")
    if not mark or not before.endswith(b"\n") or checksum != b"%08x\n" % crc32(before):
        raise Damaged("its head is not what was written")
    try:
        return _entry(before.decode().split("\n")[1:-1]), end + 2
    except (ValueError, KeyError) as error:
        raise Damaged(f"its head cannot be read: {error}") from None


def check_first_line(data: bytes) -> None:
    """Raise Damaged where `data` does not begin as a queue file of this version does."""
    first, end, _ = data[:80].partition(b"\n")
    if not end or not first.startswith(MAGIC):
        raise Damaged("it is no queue file of mailjobs")
    if first != MAGIC + b"%d" % VERSION:
        version = first[len(MAGIC) :].decode("ascii", "backslashreplace")
        raise Damaged(f"it has version {version} of the format, and this mailjobs reads {VERSION}")


def _entry(lines: Sequence[str]) -> Entry:
    once: dict[str, str] = {}
    people: list[Person] = []
    for line in lines:
        key, colon, value = line.partition(": ")
        if not colon or (key not in KINDS and (key not in _ONCE or key in once)):
            raise ValueError(f"{line[:40]!r}")
        if key in KINDS:
            address, *parameters = _unescaped(value)
            people.append(Person(cast("Kind", key), address, tuple(parameters)))
        else:
            once[key] = value
    requires = once.get("requires", "").split()
    return Entry(
        created=datetime.fromisoformat(once["created"]),
        sender="" if once["from"] == NULL_SENDER else unescape(once["from"]),
        recipients=tuple(people),
        size=int(once["size"]),
        job=unescape(once.get("job", "")),
        run=unescape(once.get("run", "")),
        row=unescape(once.get("row", "")),
        message=unescape(once.get("message", "")),
        message_id=unescape(once.get("message-id", "")),
        mail_parameters=_unescaped(once.get("mail", "")),
        smtputf8="SMTPUTF8" in requires,
        eightbit="8BITMIME" in requires,
        stop_on=cast("tuple[Kind, ...]", _unescaped(once.get("stop-on", ""))),
        deliver=unescape(once.get("deliver", "mail")),
        expires=datetime.fromisoformat(once["expires"]) if "expires" in once else None,
    )


def _unescaped(value: str) -> tuple[str, ...]:
    return tuple([unescape(word) for word in value.split(" ")]) if value else ()
