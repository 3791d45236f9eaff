"""How what a run would be made of differs from what an earlier run was made of."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

from mailjobs.frozen import frozen
from mailjobs.ledger import Run, StateFolder
from mailjobs.ledger.parts import KeptParts, read_parts
from mailjobs.prepare.fingerprint import SHARED, Part, file_name
from mailjobs.rows.changes import RowChanges, row_changes
from mailjobs.rows.snapshot import Snapshot

SHOWN_LINES: Final = 200  # of the diff of one part
SHOWN_FILES: Final = 20
AROUND: Final = 2  # lines that are shown before and after a change
WIDEST: Final = 400  # characters of a line
NOT_KEPT: Final = "what it was before is not kept"
_ENDS = re.compile(r"(?<=[>;}])")


@frozen
class FileChange:
    """A file that goes along."""

    name: str
    change: Literal["added", "removed", "changed"]


@frozen
class PartChange:
    """A part that is not what it was; `step` is the batch that it belongs to, None for what all share.

    How it changed, where that is asked for and known: lines of a unified diff (`more` were left out), `files`
    (`more` too), or `rows`. `note` says in words what is not known.
    """

    part: str
    step: str | None
    diff: tuple[str, ...] = ()
    files: tuple[FileChange, ...] = ()
    rows: RowChanges | None = None
    more: int = 0
    note: str = ""

    @property
    def known(self) -> bool:
        """Whether anything is said of how it changed."""
        return bool(self.diff or self.files or self.rows or self.note)


@frozen
class Changes:
    """Since `run`, which was `started` then. Without `parts` nothing changed."""

    run: str
    started: datetime
    parts: tuple[PartChange, ...] = ()


class Compared(NamedTuple):
    """A batch: `stored` is its name in the earlier `run` (None: it was in none), `shown` what it is called where there
    are several. `parts` are what it would be made of, `rows` its snapshot.
    """

    shown: str | None
    run: Run | None
    stored: str
    parts: Mapping[str, Part]
    rows: Path


class Comparison:
    """Of `run` with the batches that a run would have; `gone` are those that it had, and the job has no more."""

    def __init__(self, folder: StateFolder, run: Run, batches: Sequence[Compared], gone: Sequence[str]) -> None:
        self._folder = folder
        self._run = run
        self._batches = batches
        self._gone = gone

    def changes(self, how: bool) -> Changes:
        """What changed; `how` too, which means to read all rows of both. Raises OutputError."""
        found: dict[tuple[str, str | None], PartChange] = {}
        for batch in self._batches:
            for change in self._changes(batch, how):
                found.setdefault((change.part, change.step), change)
        gone = [PartChange("data", name, note="the batch is gone" if how else "") for name in self._gone]
        return Changes(self._run.id, self._run.started, (*found.values(), *gone))

    def _changes(self, batch: Compared, how: bool) -> Iterator[PartChange]:
        if batch.run is None:
            yield PartChange("data", batch.shown, note="the batch is new" if how else "")
            return
        before = batch.run.steps[batch.stored].parts
        names = sorted(
            name
            for name in {*before, *batch.parts}
            if name not in batch.parts or before.get(name) != batch.parts[name].digest
        )
        kept = read_parts(self._folder.run_folder(batch.run.id)) if how and names else None
        for name in names:
            shown = None if name in SHARED else batch.shown
            found: dict[str, Any] = {}
            if how:
                found = self._data(batch) if name == "data" else self._text(batch, name, kept)
            yield PartChange(name, shown, **found)

    def _text(self, batch: Compared, name: str, kept: KeptParts | None) -> dict[str, Any]:
        known = f"{batch.stored}: {name}"
        assert batch.run is not None, "it is compared with a run"
        if kept is None or (known not in kept.texts and name in batch.run.steps[batch.stored].parts):
            return {"note": NOT_KEPT}
        before = kept.texts.get(known, "")
        now = batch.parts[name].text if name in batch.parts else ""
        if before == now:
            return {"note": f"it reads the same as what mailjobs {kept.mailjobs} has kept of it"}
        return _files(before, now) if name == "attachments" else _diff(before, now)

    def _data(self, batch: Compared) -> dict[str, Any]:
        assert batch.run is not None, "it is compared with a run"
        before = self._folder.files(batch.run.id, batch.stored).rows
        if not before.exists():
            return {"note": NOT_KEPT}
        rows = _rows(before, batch.rows)
        same = not (rows.added or rows.removed or rows.changed)
        return {"rows": rows, "note": "the same rows, in another order" if same else ""}


def _rows(before: Path, now: Path) -> RowChanges:
    earlier, present = Snapshot(before), Snapshot(now)
    try:
        return row_changes(earlier, present)
    finally:
        earlier.close()
        present.close()


def _diff(before: str, now: str) -> dict[str, Any]:
    made = difflib.unified_diff(_pieces(before), _pieces(now), n=AROUND, lineterm="")
    lines = islice(made, 2, None)  # the names of files come first
    return {"diff": tuple(islice(lines, SHOWN_LINES)), "more": sum(1 for _ in lines)}


def _pieces(text: str) -> list[str]:
    """Lines; a very long one, of html or a style sheet, in pieces that end where an element or a rule ends."""
    return [
        piece if len(piece) <= WIDEST else f"{piece[:WIDEST]}…"
        for line in text.split("\n")[:-1]
        for piece in (_ENDS.split(line) if len(line) > WIDEST else [line])
        if piece or not line
    ]


def _files(before: str, now: str) -> dict[str, Any]:
    """Names of files; where there were too many to keep them all, of those that come first in both."""
    lists = [_names(before), _names(now)]
    ends = [max(names, default="") for names, whole in lists if not whole]
    had, has = [{name: line for name, line in names.items() if not ends or name <= min(ends)} for names, _ in lists]
    found = [
        FileChange(name, "added" if name not in had else "removed" if name not in has else "changed")
        for name in sorted({*had, *has})
        if had.get(name) != has.get(name)
    ]
    note = f"there are too many names to know of those after {min(ends)}" if ends else ""
    return {"files": tuple(found[:SHOWN_FILES]), "more": max(len(found) - SHOWN_FILES, 0), "note": note}


def _names(text: str) -> tuple[dict[str, str], bool]:
    """The line of each file, and whether these are all."""
    lines: Sequence[str] = text.splitlines()
    whole = not (lines and lines[-1].startswith("… "))
    if not whole:
        lines = lines[:-2]  # the last name is cut
    return {file_name(line): line for line in lines}, whole
