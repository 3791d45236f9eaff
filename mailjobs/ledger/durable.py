"""Small files that are there whole or not at all, also after a power loss."""

from __future__ import annotations

import os
from pathlib import Path

from mailjobs.disk import sync_folder
from mailjobs.errors import OutputError


def replace_file(path: Path, text: str) -> None:
    """Put `text` in the place of the file at once, durably, for the eyes of its owner. Raises OutputError."""
    draft = path.with_suffix(".new")
    try:
        with open(draft, "w", encoding="utf-8", errors="surrogateescape", opener=_private) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from None


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
