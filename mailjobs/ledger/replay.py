"""What the journals of earlier sessions say about each row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from mailjobs.disk import boot_id
from mailjobs.errors import OutputError
from mailjobs.ledger import lines
from mailjobs.ledger.kept import Kept
from mailjobs.ledger.known import KEPT, MIXED, Known

Words = list[str]


def restore(journals: Iterable[Path], rows: int, kept: Path | None = None) -> Known:
    """Read `journals`, in the order in which they were begun, and the file of what was `kept`, if there is one.

    Raises OutputError where one cannot be read.
    """
    known = Known.nothing(rows, Kept(kept, rows) if kept is not None and kept.exists() else None)
    here = boot_id()
    for path in journals:
        _Session(path, known).read(here)
    known.insist()
    return known


def records(path: Path) -> Iterator[Words | None]:
    """The words of each line; None for a line that cannot be read. An unfinished last line is left out.

    Raises OutputError where the file cannot be read.
    """
    unreadable = 0  # octets of the line before
    for size, words in _parsed(path):
        if unreadable and (words is None or words[:2] != ["torn", str(unreadable)]):
            yield None
        unreadable = 0 if words is not None else size
        if words is not None:
            yield words
    if unreadable:
        yield None


def highest(journals: Iterable[Path]) -> int:
    """The last position that any line is about; -1 without any. Raises OutputError."""
    found = -1
    for path in journals:
        for words in records(path):
            if words is not None and words[0] in ("dot", "done", "row", "said", "take") and len(words) > 2:
                number = words[2] if words[0] == "take" else words[1]
                found = max(found, int(number) if number.isdecimal() else -1)
    return found


def _parsed(path: Path) -> Iterator[tuple[int, Words | None]]:
    try:
        with path.open("rb", buffering=1 << 18) as file:
            for raw in file:
                if raw[-1:] == b"\n" and raw != b"\n":
                    yield len(raw) - 1, lines.parse(raw[:-1])
    except OSError as error:
        raise OutputError(f"cannot read {path}: {error.strerror}") from None


class _Session:
    """One process's journal, read into what is known."""

    def __init__(self, path: Path, known: Known) -> None:
        self._path = path
        self._known = known
        self._boot = "-"
        self._opened = "nd"
        self._block = range(0)
        self._under_way: list[int] = []
        self._doubtful: set[int] = set()
        self._closed = False

    def read(self, here: str) -> None:
        """Take in all lines, and then judge what may be missing. `here` is the boot id of this machine."""
        for words in records(self._path):
            try:
                if words is None:
                    raise ValueError
                self._take_in(words)
            except (ValueError, IndexError, KeyError):
                # What is missing may have been a dot of the block that was under way.
                self._known.garbage += 1
                self._doubt()
        if not self._closed and (self._boot == "-" or self._boot != here):
            self._doubt()  # what was written since the last `take` may never have reached the disk
        if self._doubtful:
            self._give_up()

    def _take_in(self, words: Words) -> None:
        kind = words[0]
        if kind == "done":
            self._account(int(words[1]), words[3:], words[2])
        elif kind == "dot":
            self._account(int(words[1]), words[2:], "u" * (len(words) - 2))
        elif kind == "row":
            self._known.spread(self._checked(int(words[1])), [lines.unescape(word) for word in words[2:]])
        elif kind == "take":
            self._block = range(int(words[1]), int(words[2]) + 1)
            self._under_way = [int(word) for word in words[3:]]
        elif kind == "start":
            self._boot, self._opened = words[3], words[4]
        elif kind == "close":
            self._closed = True
        elif kind not in ("said", "torn"):
            raise ValueError

    def _account(self, position: int, words: Words, letters: str) -> None:
        if not letters or letters.strip("ardun") or len(letters) != len(words):
            raise ValueError
        self._known.set(self._checked(position), [lines.unescape(word) for word in words], letters)

    def _checked(self, position: int) -> int:
        if not 0 <= position < len(self._known.states):
            raise IndexError
        return position

    def _doubt(self) -> None:
        self._doubtful.update(self._block, self._under_way)

    def _give_up(self) -> None:
        """What may have been sent without a line that is left is unknown."""
        heard = self._heard()
        for position in self._doubtful:
            if position >= len(self._known.states):
                continue
            if self._known.states[position] == KEPT:
                self._known.spread(position, [""])  # whoever else it has
            if self._known.states[position] == MIXED:
                said = heard.get(position, set())
                recipients = self._known.mixed[position].items()
                lost = [one for one, letter in recipients if letter in self._opened and one not in said]
                if lost:
                    self._known.set(position, lost, "u" * len(lost))
            elif position not in heard and chr(self._known.states[position]) in self._opened:
                self._known.lose(position)

    def _heard(self) -> dict[int, set[str]]:
        """The addresses of doubtful rows that this journal has a line for."""
        heard: dict[int, set[str]] = {}
        for words in records(self._path):
            if words is not None and words[0] in ("dot", "done") and len(words) > 2 and words[1].isdecimal():
                position = int(words[1])
                if position in self._doubtful:
                    named = words[2:] if words[0] == "dot" else words[3:]
                    heard.setdefault(position, set()).update(map(lines.unescape, named))
        return heard
