"""A text with holes, as the author of the job wrote it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field

from mailjobs.errors import Place
from mailjobs.frozen import frozen


@frozen
class Template:
    """Jinja source and where it came from.

    `place` is the spot in the job that names it; `start` is where its first line of text stands: the same spot,
    the line below it for a block scalar, or line 1 of a template file. `line` gives the line of the job at `place`,
    which only errors ask for.
    """

    source: str
    place: Place
    start: Place
    line: Callable[[], str | None] | None = field(default=None, repr=False, compare=False)

    def shown(self, number: int = 1) -> tuple[Place, str | None]:
        """Where line `number` (from 1) of the source stands, and the text there to show with a caret."""
        if number <= 1 and self.start == self.place and self.line is not None:
            return self.place, self.line()
        lines = self.source.splitlines()
        return self.start.below(max(number - 1, 0)), lines[number - 1] if 0 < number <= len(lines) else None
