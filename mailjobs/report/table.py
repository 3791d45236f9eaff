"""Tables: drawn by rich on a terminal, plain columns elsewhere."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from typing import TextIO

from mailjobs.report.visible import visible

NARROW = 72  # columns that a drawn table needs to be any better than a plain one
COLOURS = {"finished": "green", "unfinished": "yellow", "damaged": "red"}


def print_table(out: TextIO, head: Sequence[str], rows: Sequence[Sequence[str]], wrapped: int = -1) -> None:
    """Print rows below a head. Columns of numbers stand at the right; the one at `wrapped` may take several lines."""
    shown = [[visible(cell) for cell in row] for row in rows]
    width = terminal_width(out)
    if width is not None and width >= NARROW:
        _draw(out, head, shown, wrapped)
        return
    right = _numeric(shown)
    widths = [max(map(len, column)) for column in zip(head, *shown, strict=True)]
    for row in (head, *shown):
        cells = [
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(row, widths, right, strict=True)
        ]
        out.write("  ".join(cells).rstrip() + "\n")


def terminal_width(out: TextIO) -> int | None:
    """How many columns there are where a person looks who may be shown more than plain text; else None."""
    return shutil.get_terminal_size().columns if out.isatty() and os.environ.get("TERM") != "dumb" else None


def _numeric(rows: Sequence[Sequence[str]]) -> list[bool]:
    return [all(cell.isdecimal() for cell in column) for column in zip(*rows, strict=True)]


def _draw(out: TextIO, head: Sequence[str], rows: Sequence[Sequence[str]], wrapped: int) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for index, (name, number) in enumerate(zip(head, _numeric(rows), strict=True)):
        table.add_column(name, no_wrap=index != wrapped, overflow="fold", justify="right" if number else "left")
    for row in rows:
        table.add_row(*[Text(cell, style=COLOURS.get(cell, "")) for cell in row])
    Console(file=out, highlight=False).print(table)
