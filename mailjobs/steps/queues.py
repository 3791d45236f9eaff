"""The directories of a job's queues."""

from __future__ import annotations

import os

from mailjobs.errors import FileError
from mailjobs.model import ProcessQueue, Queue


def check_queue(action: Queue | ProcessQueue) -> None:
    """See to it that the directory is there, and may be written into. Raises FileError."""
    folder = action.dir
    if folder is None:
        return
    if not folder.is_dir():
        what = "is no directory" if folder.exists() else "is not there"
        raise FileError(f"the queue {folder} {what}", place=action.place, hint=f"mkdir -m 700 {folder}")
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise FileError(f"the queue {folder} may not be written into", place=action.place, hint="see its permissions")
