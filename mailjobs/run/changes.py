"""How what a run would be made of differs from what an earlier run was made of."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final, Literal

from mailjobs.frozen import frozen
from mailjobs.ledger import Run, StateFolder, changed
from mailjobs.ledger.parts import KeptParts, read_parts
from mailjobs.prepare.fingerprint import Part, file_name
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


class Comparison:
    """Of an earlier run with `parts`, which a run would be made of. `rows` are the snapshots of its batches by step."""

    def __init__(self, folder: StateFolder, run: Run, parts: Mapping[str, Part], rows: Mapping[str, Path]) -> None:
        self._folder = folder
        self._run = run
        self._parts = parts
        self._rows = rows

    def changes(self, how: bool) -> Changes:
        """What changed; `how` too, which means to read all rows of both. Raises OutputError."""
        names = changed(self._run, {name: part.digest for name, part in self._parts.items()})
        kept = read_parts(self._folder.run_folder(self._run.id)) if how and names else None
        return Changes(self._run.id, self._run.started, tuple(self._part(name, how, kept) for name in names))

    def _part(self, name: str, how: bool, kept: KeptParts | None) -> PartChange:
        step, _, part = name.rpartition(": ")
        found: dict[str, Any] = {}
        if how:
            found = self._data(name, step) if part == "data" else self._text(name, part, kept)
        return PartChange(part, step or None, **found)

    def _text(self, name: str, part: str, kept: KeptParts | None) -> dict[str, Any]:
        if kept is None or (name not in kept.texts and name in self._run.fingerprint):
            return {"note": NOT_KEPT}
        before = kept.texts.get(name, "")
        now = self._parts[name].text if name in self._parts else ""
        if before == now:
            return {"note": f"it reads the same as what mailjobs {kept.mailjobs} has kept of it"}
        return _files(before, now) if part == "attachments" else _diff(before, now)

    def _data(self, name: str, step: str) -> dict[str, Any]:
        if name not in self._run.fingerprint or name not in self._parts:
            return {"note": "the batch is new" if name in self._parts else "the batch is gone"}
        before = self._folder.files(self._run.id, step or next(iter(self._run.steps), "")).rows
        now = self._rows[step] if step else next(iter(self._rows.values()))
        if not before.exists():
            return {"note": NOT_KEPT}
        rows = _rows(before, now)
        same = not (rows.added or rows.removed or rows.changed)
        return {"rows": rows, "note": "the same rows, in another order or on other lines" if same else ""}


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
