"""The lines of a journal: `<crc32> <record>`, made and read. A person can read them, and nothing torn passes for one.

1c291ca3 start 2026-11-24T15:20:02+00:00 4711 0c1f… nd     time, pid, boot id, which states were open
8b3f2a11 take 128 255 17 45                                a block, and what is still under way of those before
5a0e9d44 dot 130 bob@example.com                           the final dot is about to go out
4c02ab77 row 131 ann@example.com eve@example.com           all recipients, where some alone are sent to
77ab01ce done 130 a bob@example.com                        one letter for each address: a r d u n
0be1f7d9 said 131 eve@example.com 550 5.1.1 no such user   the reply, where it is not plainly accepted
9d2c4410 torn 17                                           a write failed and cut the line before after 17 octets
3f5a6b7c close                                             all is on the disk
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from mailjobs.checked import escape, line, parse, unescape
from mailjobs.smtp import Outcome

__all__ = ["LETTERS", "STATES", "done", "dot", "escape", "kept", "line", "parse", "row", "start", "take", "unescape"]

LETTERS: Final = {"accepted": "a", "rejected": "r", "deferred": "d", "unknown": "u", "not-attempted": "n"}
STATES: Final = {letter: state for state, letter in LETTERS.items()} | {"b": "accepted"}  # b: by an earlier run


def start(time: str, pid: int, boot: str, opened: str) -> bytes:
    """The first line of a process. `opened` are the letters of the states that it may send to."""
    return line(f"start {time} {pid} {boot or '-'} {opened}")


def take(first: int, last: int, under_way: Iterable[int]) -> bytes:
    """From now on there may be dots for the positions first to last, and for those that are still under way."""
    return line(" ".join(["take", str(first), str(last), *map(str, under_way)]))


def dot(position: int, addresses: Sequence[str]) -> bytes:
    """The final dot is about to go out."""
    return line(f"dot {position} {_joined(addresses)}")


def row(position: int, addresses: Sequence[str]) -> bytes:
    """All recipients of a row, before some of them alone are sent to."""
    return line(f"row {position} {_joined(addresses)}")


def kept(position: int, letters: str, addresses: Sequence[str]) -> bytes:
    """What earlier runs have delivered."""
    return line(f"kept {position} {letters} {_joined(addresses)}")


def done(position: int, letters: str, addresses: Sequence[str], outcomes: Sequence[Outcome]) -> bytes:
    """What became of recipients: one line, and one more for each that has something to say."""
    made = line(f"done {position} {letters} {_joined(addresses)}")
    if letters != "a" and letters.strip("a"):
        made += b"".join([_said(position, outcome) for outcome in outcomes if outcome.state != "accepted"])
    return made


def _said(position: int, outcome: Outcome) -> bytes:
    words = outcome.reason if outcome.reply is None else f"{outcome.reply.code} {' '.join(outcome.reply.lines)}"
    text = " ".join(words.split())
    return line(f"said {position} {escape(outcome.recipient)} {text}") if text else b""


def _joined(addresses: Sequence[str]) -> str:
    if len(addresses) == 1:
        text = addresses[0]
        return text if text.isprintable() and " " not in text and "%" not in text and text else escape(text)
    text = " ".join(addresses)
    if text.isprintable() and "%" not in text and text.count(" ") == len(addresses) - 1:
        return text
    return " ".join([escape(address) for address in addresses])
