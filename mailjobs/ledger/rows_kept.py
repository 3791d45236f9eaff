"""The rows of a batch as they are kept: opened, compared with what run.json says of them, and moved."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from mailjobs.disk import sync_folder
from mailjobs.errors import OutputError
from mailjobs.ledger.folder import StepFiles
from mailjobs.ledger.run import StepState
from mailjobs.rows.snapshot import Snapshot, checksum, index_path


def open_rows(files: StepFiles) -> Snapshot:
    """The snapshot. Raises OutputError where it cannot be read."""
    try:
        return Snapshot(files.rows)
    except OSError as error:
        raise OutputError(f"cannot read {error.filename}: {error.strerror}") from None


def whole(files: StepFiles, state: StepState) -> bool:
    """Whether the snapshot is as it was written, and not cut by a power loss, or touched by somebody."""
    if not state.checksum:
        return files.rows.exists()
    try:
        if files.rows.stat().st_size != state.size or index_path(files.rows).stat().st_size != 8 * state.rows:
            return False
        return checksum(files.rows) == state.checksum
    except OSError:
        return False


def move(draft: StepFiles, files: StepFiles) -> None:
    """Put all that a draft has of a batch in the place of what `files` has. Raises OutputError."""
    _move(draft, files, zip(draft.beginning, files.beginning, strict=True))


def move_rows(draft: StepFiles, files: StepFiles) -> None:
    """The rows alone. Raises OutputError."""
    _move(draft, files, zip(draft.beginning[:2], files.beginning[:2], strict=True))


def move_keys(draft: StepFiles, files: StepFiles) -> None:
    """The keys of once_per alone. Raises OutputError."""
    _move(draft, files, [(draft.once, files.once)])


def _move(draft: StepFiles, files: StepFiles, pairs: Iterable[tuple[Path, Path]]) -> None:
    try:
        for old, new in pairs:
            if old.exists():
                old.replace(new)
            else:
                new.unlink(missing_ok=True)
        sync_folder(files.folder)
    except OSError as error:
        raise OutputError(f"cannot move files from {draft.folder} to {files.folder}: {error.strerror}") from None
