"""What changed since the last run, as a person reads it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from mailjobs.report.console import Style
from mailjobs.report.visible import visible
from mailjobs.rows.changes import RowChange, RowChanges
from mailjobs.run.changes import Changes, PartChange

MARKS = {"added": "+", "removed": "-", "changed": "~"}
COLOURS = {"+": "green", "-": "red", "~": "yellow", "@": "cyan"}
COLUMNS = 4  # of a changed row that are told one by one


def change_lines(changes: Changes, style: Style) -> Iterator[str]:
    """One line where nothing changed, or where it is not known how; else all that is known."""
    since = f"since the run of {moment(changes.started)}"
    if not changes.parts:
        yield f"{since} nothing changed"
        return
    if not any(part.known for part in changes.parts):
        yield f"{since} these changed (--diff shows how):"
        yield visible(f"  {', '.join(dict.fromkeys(_name(part) for part in changes.parts))}")
        return
    yield f"{since} these changed:"
    for part in changes.parts:
        yield f"  {style(visible(_name(part)), 'bold')}"
        for line in _how(part):
            yield f"    {_coloured(line, style)}"


def moment(when: datetime) -> str:
    """To the minute."""
    return f"{when:%Y-%m-%d %H:%M} UTC"


def _name(part: PartChange) -> str:
    return f"{part.part} (step {part.step})" if part.step else part.part


def _coloured(line: str, style: Style) -> str:
    return style(visible(line), COLOURS[line[0]]) if line[:1] in COLOURS else visible(line)


def _how(part: PartChange) -> Iterator[str]:
    yield from part.diff
    yield from (f"{MARKS[file.change]} {file.name}" for file in part.files)
    if part.rows is not None:
        yield from _rows(part.rows)
    if part.more:
        yield f"and {part.more:,} more {'files' if part.files else 'lines'}"
    if part.note:
        yield f"({part.note})"


def _rows(rows: RowChanges) -> Iterator[str]:
    yield f"{rows.added:,} added, {rows.removed:,} removed, {rows.changed:,} changed, {rows.same:,} the same"
    kinds = (
        ([f"+ {key}" for key in rows.first_added], rows.added),
        ([f"- {key}" for key in rows.first_removed], rows.removed),
        ([f"~ {_row(row)}" for row in rows.first_changed], rows.changed),
    )
    for told, count in kinds:
        yield from told
        if count > len(told):
            yield f"{told[0][0]} and {count - len(told):,} more rows"


def _row(row: RowChange) -> str:
    told = [f"{one.name}: {_value(one.before)} -> {_value(one.now)}" for one in row.columns[:COLUMNS]]
    more = len(row.columns) - COLUMNS
    return f"{row.key}: {'; '.join(told)}{f'; and {more} more columns' if more > 0 else ''}"


def _value(text: str | None) -> str:
    return "(none)" if text is None else text or '""'
