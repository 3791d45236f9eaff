"""A lock between processes that is let go where the one that holds it is killed."""

from __future__ import annotations

import fcntl
import os
import tempfile
import threading


class SharedLock:
    """For the threads of this process, and of those forked after it was made: a lock on a file without a name.

    The lock on the file is the process's, so one for its threads stands before it.
    """

    def __init__(self) -> None:
        """Raises OSError where there is no room for the file."""
        self._threads = threading.Lock()
        self._descriptor = -1
        self._descriptor, name = tempfile.mkstemp(prefix="mailjobs-")
        os.unlink(name)

    def __enter__(self) -> None:
        self._threads.acquire()
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_EX)
        except BaseException:
            self._threads.release()
            raise

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        try:
            fcntl.lockf(self._descriptor, fcntl.LOCK_UN)
        finally:
            self._threads.release()

    def __del__(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
