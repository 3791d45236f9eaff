r"""What is appended behind the content of a queue file: `<crc32> <record>`, a line for whatever becomes of the message.

1c291ca3 content 3472 9f86d081884c7d65…                 octets and SHA-256 of the content and the head: it is whole
8b3f2a11 claim TIME host.example.com 4711 0c1f…         who is about to send it: host, process, start of the machine
5a0e9d44 dot TIME bob@example.com eve@example.com       the final dot for these is about to go out
77ab01ce done TIME ar bob@example.com eve@example.com   one letter for each address: a r d u n
0be1f7d9 said eve@example.com RCPT 550 5.1.1 unknown    the reply to that command; `.` is the message
2f6e1d10 why eve@example.com the address needs SMTPUTF8 where nobody was asked
9d2c4410 lost TIME bob@example.com                      these may have been sent to, without a line that is left
3f5a6b7c wait TIME 2026-11-24T15:25:02+00:00 2          not before then; so many tries were made
1d7f2e0b hold TIME unknown …                            nobody sends it until it is released; why
6c1a9f3d again TIME eve@example.com                     these are to be sent to (again)
4e8b7a55 given-up TIME …                                it is not tried any more; why
0c2d5e7f told TIME NAME                                 that a notification of that name was written (see `notice`)

Times are those of the clock, with their zone. In a text %a; is a line end. A last line without its end is torn, and
nothing has come of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from mailjobs.checked import escape, line, unescape
from mailjobs.smtp import Outcome
from mailjobs.spool.head import encode_text

LETTERS: Final = {"accepted": "a", "rejected": "r", "deferred": "d", "unknown": "u", "not-attempted": "n"}
MESSAGE: Final = "the message"  # what the end of the content is called among commands
STATES: Final = {letter: state for state, letter in LETTERS.items()}


def content(size: int, digest: str) -> bytes:
    """The first line, which says that all before it is there."""
    return line(f"content {size} {digest}")


def claim(now: datetime, host: str, pid: int, boot: str) -> bytes:
    """Somebody is about to send it."""
    return line(f"claim {_time(now)} {escape(host)} {pid} {boot or '-'}")


def dot(now: datetime, addresses: Sequence[str]) -> bytes:
    """The final dot is about to go out."""
    return line(f"dot {_time(now)} {_joined(addresses)}")


def done(now: datetime, outcomes: Sequence[Outcome], letters: str = "") -> bytes:
    """What became of recipients: one line, and one more for each with its reply. `letters`: what that makes of them."""
    letters = letters or "".join([LETTERS[outcome.state] for outcome in outcomes])
    made = line(f"done {_time(now)} {letters} {_joined([outcome.recipient for outcome in outcomes])}")
    return made + b"".join([_said(outcome) for outcome in outcomes])


def _said(outcome: Outcome) -> bytes:
    who = escape(outcome.recipient)
    if outcome.reply is None:
        return line(f"why {who} {encode_text(outcome.reason)}") if outcome.reason else b""
    words = encode_text("\n".join(outcome.reply.lines))
    return line(f"said {who} {_command(outcome.command)} {outcome.reply.code} {words}")


def _command(name: str | None) -> str:
    return "-" if name is None else "." if name == MESSAGE else escape(name)


def command(word: str) -> str | None:
    """The command that a reply is to, of its word."""
    return None if word == "-" else MESSAGE if word == "." else unescape(word)


def lost(now: datetime, addresses: Sequence[str]) -> bytes:
    """These may have been sent to, and no line is left that says so."""
    return line(f"lost {_time(now)} {_joined(addresses)}")


def wait(now: datetime, until: datetime, tries: int) -> bytes:
    """It is not tried before `until`; so many tries were made."""
    return line(f"wait {_time(now)} {_time(until)} {tries}")


def hold(now: datetime, why: str) -> bytes:
    """Nobody sends it until it is released."""
    return line(f"hold {_time(now)} {encode_text(why)}")


def again(now: datetime, addresses: Sequence[str]) -> bytes:
    """These are to be sent to, whatever became of them before; what holds it is gone, and it need not wait."""
    return line(f"again {_time(now)} {_joined(addresses)}")


def given_up(now: datetime, why: str) -> bytes:
    """It is not tried any more."""
    return line(f"given-up {_time(now)} {encode_text(why)}")


def told(now: datetime, name: str) -> bytes:
    """A notification about it, of that name, lies aside and is found from now on."""
    return line(f"told {_time(now)} {escape(name)}")


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds")


def _joined(addresses: Sequence[str]) -> str:
    return " ".join([escape(address) for address in addresses])
