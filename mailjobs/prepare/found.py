"""What preflight has found of a batch, and what it wants to know of earlier runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from mailjobs.errors import Problem
from mailjobs.message.noted import Noted


class OnceBook(Protocol):
    """What was delivered under `once_per`, and where it is noted who had it."""

    def key(self, text: str, row_key: str | None) -> bytes:
        """The key of the next row, of whatever length; it is written down."""

    def had(self, key: bytes, address: str) -> str:
        """The letter of this recipient: a, who had it; u, of whom nobody knows; "" for all others."""

    def note(self, position: int, letters: str, addresses: Sequence[str]) -> None:
        """These recipients of a row are left out, each with its letter (s: another row has it under the same key)."""


class NothingBefore:
    """Where nothing is kept."""

    def key(self, text: str, row_key: str | None) -> bytes:
        """Both, as they are."""
        return f"{text}\0{row_key}".encode("utf-8", "surrogatepass")

    def had(self, key: bytes, address: str) -> str:
        """Nobody had."""
        return ""

    def note(self, position: int, letters: str, addresses: Sequence[str]) -> None:
        """Nobody asks."""


@dataclass(slots=True)
class Found:
    """What a batch has to send. Counts of rows: `read` from the data, `selected` by `--only` and `where`, `excluded` by
    a suppression list, `bad`, and `messages`, which are written down, for `recipients`; of these `delivered` had theirs
    before, under `once_per`. `repeated` counts addresses that an earlier row has, `domains` the messages to each, where
    a rate is for each. `counted`: recipients were looked at one by one; else each row counts as one.

    `unsendable` are the numbers of rows that are written down and yet bad, found by a sample; they are among the
    `messages`. `digest` tells the rows from any others, `left_out` those that are excluded ("": none); `files` are
    those that go along. Who has another row under the same key is none of the recipients.
    """

    read: int = 0
    selected: int = 0
    excluded: int = 0
    bad: int = 0
    repeated: int = 0
    delivered: int = 0
    messages: int = 0
    recipients: int = 0
    counted: bool = True
    domains: Counter[str] = field(default_factory=Counter)
    unsendable: set[int] = field(default_factory=set)
    warnings: list[Problem] = field(default_factory=list)
    digest: str = ""
    left_out: str = ""
    files: Noted = field(default_factory=Noted)

    @property
    def sendable(self) -> int:
        """How many rows a message can be made of."""
        return self.messages - len(self.unsendable)

    def rows(self, bad: int = 0) -> dict[str, int]:
        """The counts of rows, as results have them; `bad` were found so later."""
        return {"read": self.read, "excluded": self.excluded, "bad": self.bad + bad, "repeated": self.repeated}

    def remarks(self, bad: int = 0) -> str:
        """Such as ` (5 rows read: 1 bad, 2 excluded)`; nothing where there is nothing to remark."""
        told = [f"{count} {word}" for count, word in ((self.bad + bad, "bad"), (self.excluded, "excluded")) if count]
        if self.repeated:
            told.append(counted(self.repeated, "repeated address", "repeated addresses"))
        return f" ({counted(self.read, 'row')} read: {', '.join(told)})" if told else ""


def counted(count: int, one: str, many: str = "") -> str:
    """Such as `1 row`, `2 rows`."""
    return f"{count} {one if count == 1 else many or f'{one}s'}"
