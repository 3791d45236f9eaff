"""Colour, on terminals alone. rich is imported only there, since it takes longer than a small job."""

from __future__ import annotations

import os
from typing import TextIO

from mailjobs.report.console import Style, plain


def style_for(out: TextIO) -> Style:
    """Colours for `out` where it is a terminal and NO_COLOR is not set (no-color.org)."""
    if not out.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return plain
    from rich.console import Console
    from rich.text import Text

    console = Console(file=out, force_terminal=True)

    def paint(text: str, colour: str) -> str:
        with console.capture() as captured:
            console.print(Text(text, style=colour), end="")
        return captured.get()

    return paint
