"""A text with holes, as the author of the job wrote it."""

from __future__ import annotations

from dataclasses import dataclass

from mailjobs.errors import Place


@dataclass(frozen=True, slots=True)
class Template:
    """Jinja source and where it came from.

    `place` is the spot in the job that names it; `start` is where its first line of text stands: the same spot,
    the line below it for a block scalar, or line 1 of a template file.
    """

    source: str
    place: Place
    start: Place
