"""Which file a path means, when values have a part in it.

Glob characters count only where the job's own text has them, and a path with values in it must lie, by its real path,
in the folder that the text before the first value names.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from glob import escape, glob
from pathlib import Path

from mailjobs.errors import FileError
from mailjobs.templates.holes import PLACEHOLDER, fill

GLOB = frozenset("*?[")


class PathRefused(ValueError):
    """The path means no file that may be sent. `chosen_by_value`: a value is to blame, not the job's text.

    `code` is the number of a file that is missing, None where anything else is wrong.
    """

    def __init__(self, words: str, chosen_by_value: bool, missing: bool = False) -> None:
        super().__init__(words)
        self.chosen_by_value = chosen_by_value
        self.code = FileError.code if missing else None


def files_at(text: str, values: Sequence[str], folders: Sequence[Path]) -> tuple[Path, ...]:
    """The files that a path with placeholders means, sorted: one, or those that fit a glob. Raises PathRefused."""
    found = PLACEHOLDER.search(text)
    shown = fill(text, values)
    if "\0" in shown:
        raise PathRefused("a path cannot have a NUL", found is not None)
    if not shown.strip():
        raise PathRefused("the path renders empty", found is not None)
    if os.path.isabs(shown) and found is not None and not os.path.isabs(fill(text[: found.start()], ())):
        raise PathRefused(f"'{shown}' is an absolute path, which no value can give", True)
    named = None if found is None else os.path.dirname(text[: found.start()])
    for folder in folders:
        paths = _in_folder(folder, text, values)
        if paths:
            return tuple(_checked(path, folder, named, shown) for path in paths)
    what = "no file fits" if is_glob(text) else "there is no file"
    raise PathRefused(f"{what} '{shown}' in {_listed(folders)}", found is not None, missing=True)


def is_glob(text: str) -> bool:
    """Whether the job's own text in `text` has glob characters."""
    return not GLOB.isdisjoint(PLACEHOLDER.sub("", text))


def _in_folder(folder: Path, text: str, values: Sequence[str]) -> list[Path]:
    plain = folder / fill(text, values)
    try:
        if os.path.lexists(plain) or not is_glob(text):
            return [plain] if os.path.lexists(plain) else []
    except (OSError, ValueError):
        return []
    pattern = fill(text, [escape(value) for value in values])
    found = glob(pattern, root_dir=folder, recursive=True)
    return [folder / name for name in sorted(found) if (folder / name).is_file()]


def _checked(path: Path, folder: Path, named: str | None, shown: str) -> Path:
    if named is not None:
        allowed = (folder / named).resolve()
        if not path.resolve().is_relative_to(allowed):
            where = f"the folder '{named}'" if named else "the folder of the job"
            raise PathRefused(f"'{shown}' is not in {where}, which the job's text names", True)
    try:
        mode = path.stat().st_mode
    except OSError as error:
        raise PathRefused(f"'{path}' cannot be read: {error.strerror}", named is not None, missing=True) from None
    if not stat.S_ISREG(mode):
        what = "a directory" if stat.S_ISDIR(mode) else "no regular file"
        raise PathRefused(f"'{path}' is {what}", named is not None)
    return path


def _listed(folders: Sequence[Path]) -> str:
    return " or ".join(f"'{folder}'" for folder in folders)
