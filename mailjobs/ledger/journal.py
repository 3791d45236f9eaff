"""What a process does, appended to a file of its own: a line before each final dot and after each result.

A line that was appended is the kernel's, so it survives the process. It reaches the disk with the next `take`: the
results of one block and the mark of the next are one fdatasync, and a power loss leaves one block in doubt at most.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterable
from pathlib import Path

from mailjobs import clock
from mailjobs.disk import boot_id, sync_folder
from mailjobs.errors import ExitStatus, OutputError
from mailjobs.ledger import lines


class Journal:
    """A file that only grows. For any number of threads, but one process.

    After a write failed `failure` is set, and everything but `append_results` raises it.
    """

    def __init__(self, path: Path, opened: str = "nd") -> None:
        """Make the file; `opened` are the letters of the states that may be sent to. Raises OutputError."""
        self.path = path
        self.failure: OutputError | None = None
        self._torn = 0  # octets of a line that was cut
        self._unsaved: list[bytes] = []
        self._lock = threading.Lock()
        try:
            self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            sync_folder(path.parent)
        except OSError as error:
            raise OutputError(f"cannot create {path}: {error.strerror}") from None
        self.append(lines.start(clock.now().isoformat(timespec="seconds"), os.getpid(), boot_id(), opened))

    def append(self, data: bytes, results: bytes = b"", *, durable: bool = False) -> None:
        """Write `results` and `data` at once; `durable`: they are on the disk when it returns.

        Raises OutputError where any of it is not written. `results` are kept then, and written with the next ones
        if that works.
        """
        if self.failure is None:
            whole = results + data
            try:
                written = os.write(self._descriptor, whole)
                if written == len(whole):
                    if durable:
                        os.fdatasync(self._descriptor)
                    return
                self._torn = written - (whole.rfind(b"\n", 0, written) + 1)
                error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            except OSError as caught:
                error = caught
            self._fail(error)
        with self._lock:
            self._unsaved.append(results)
        if self.failure is not None:
            raise self.failure

    def append_results(self, results: bytes) -> None:
        """Write what became of letters. Where that fails they are kept, and the next dot is refused."""
        if self.failure is not None:
            with self._lock:
                self._unsaved.append(results)
            self._save()
            return
        try:
            self.append(b"", results)
        except OutputError:
            return

    def take(self, first: int, last: int, under_way: Iterable[int]) -> None:
        """Say durably that there may be dots for a block; all that was written before is on the disk too."""
        self.append(lines.take(first, last, under_way), durable=True)

    def close(self) -> None:
        """Put everything on the disk and say so. Raises OutputError where anything could not be written."""
        if self._descriptor < 0:
            return
        try:
            if self.failure is None:
                self.append(lines.line("close"), durable=True)
            else:
                self._save()
        finally:
            os.close(self._descriptor)
            self._descriptor = -1
        if self.failure is not None:
            raise self.failure

    def _save(self) -> None:
        """Try once more to write results, behind whatever a failed write has left."""
        with self._lock:
            whole = b"\n" + lines.line(f"torn {self._torn}") + b"".join(self._unsaved)
            try:
                if self._unsaved and os.write(self._descriptor, whole) == len(whole):
                    self._unsaved.clear()
            except OSError:
                return

    def _fail(self, error: OSError) -> None:
        failure = OutputError(
            f"cannot write {self.path}: {error.strerror}",
            hint="nothing further is sent; the same command goes on once it can be written again",
        )
        failure.exit_status = ExitStatus.IOERR
        self.failure = failure
