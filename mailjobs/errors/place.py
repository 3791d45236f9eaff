"""Where in the user's text something stands, and what is wrong there."""

from __future__ import annotations

from typing import Any, NamedTuple


class Place(NamedTuple):
    """A spot in a file.

    `file` is the path as the user would write it, `line` and `column` count from 1 (0: unknown),
    `path` is the way through the job, such as `steps[2].send.message`.
    """

    file: str
    line: int = 0
    column: int = 0
    path: str = ""

    def __str__(self) -> str:
        spot = f":{self.line}:{self.column}" if self.line else ""
        return f"{self.file}{spot}"

    def below(self, line: int) -> Place:
        """The place `line` lines further down, at its first column (for a line of a template)."""
        return Place(self.file, self.line + line, 1, self.path) if line else self


class Problem(NamedTuple):
    """One thing that is wrong in a job or its data, as a value, so that all can be shown at once.

    `source` is the line of text at the place (shown with a caret), `hint` the next step, `code` the number of
    the component for it, `severity` is "error" or "warning".
    """

    message: str
    place: Place | None = None
    source: str | None = None
    hint: str | None = None
    code: int | None = None
    severity: str = "error"

    def describe(self) -> dict[str, Any]:
        """The problem as plain data; absent fields are left out."""
        place = str(self.place) if self.place else None
        path = self.place.path if self.place else None
        found = {"message": self.message, "place": place, "path": path, "hint": self.hint, "code": self.code}
        return {key: value for key, value in found.items() if value not in (None, "")}

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place else ""
        path = f"{self.place.path}: " if self.place and self.place.path else ""
        hint = f" ({self.hint})" if self.hint else ""
        return f"{where}{path}{self.message}{hint}"
