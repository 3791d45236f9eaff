"""Where the runs of a job are kept: `.mailjobs/` beside the job file, or the folder of --state-dir.

.mailjobs/.gitignore                  *
.mailjobs/<job file>/job              where the job file lies
.mailjobs/<job file>/lock             held by the run that is active, with its process id
.mailjobs/<job file>/once.sqlite      what was delivered under once_per
.mailjobs/<job file>/runs/<run id>/   run.json, parts.json, and for each step its rows and journals
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Final

from mailjobs.disk import sync_folder
from mailjobs.errors import BusyError, OutputError
from mailjobs.frozen import frozen
from mailjobs.ledger.run import Run
from mailjobs.rows.snapshot import index_path

NAME: Final = ".mailjobs"
STDIN: Final = Path("-")
LONGEST: Final = 120
_ODD = re.compile(rb"[^A-Za-z0-9._-]")


@frozen
class StepFiles:
    """The files of one step of a run: rows, journals, what was delivered before, and the keys of once_per."""

    folder: Path
    step: str

    @property
    def rows(self) -> Path:
        """The snapshot of the rows."""
        return self.folder / f"{self.step}.rows"

    @property
    def kept(self) -> Path:
        """What earlier runs have delivered of these rows."""
        return self.folder / f"{self.step}.kept"

    @property
    def once(self) -> Path:
        """The once_per key of each row."""
        return self.folder / f"{self.step}.once"

    @property
    def beginning(self) -> list[Path]:
        """What there is before anything is sent: rows, their index, keys, and who is left out."""
        return [self.rows, index_path(self.rows), self.once, self.kept]

    def remove(self) -> None:
        """Forget the step. Raises OutputError."""
        written = [self.folder / f"{self.step}.{kind}.csv" for kind in ("failed", "unknown")]
        for path in [*self.beginning, *self.journals(), *written]:
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise OutputError(f"cannot remove {path}: {error.strerror}") from None

    def journals(self) -> list[Path]:
        """In the order in which they were begun."""
        found = [path for path in self.folder.glob(f"{self.step}.ledger-*.log") if _number(path).isdecimal()]
        return sorted(found, key=lambda path: int(_number(path)))

    def next_journal(self, worker: int = 0) -> Path:
        """The name of a new one. Processes that work together call it before any of them makes its own."""
        before = self.journals()
        number = int(_number(before[-1])) + 1 if before else 1
        return self.folder / f"{self.step}.ledger-{number + worker}.log"


def _number(journal: Path) -> str:
    """What tells a journal from the others of its step."""
    return journal.stem.rpartition("-")[2]


class StateFolder:
    """The state of one job. Nothing is made before `lock`."""

    def __init__(self, path: Path, job: str) -> None:
        self.path = path
        self._job = job
        self._lock = -1

    def lock(self) -> None:
        """Make the folder and hold it. Raises BusyError where a run is active, OutputError where it cannot be made."""
        try:
            self._make()
            self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._hold()
        except OSError as error:
            self.unlock()
            raise OutputError(
                f"cannot keep the state of the run in {self.path}: {error.strerror}",
                hint="--state-dir names another folder",
            ) from None

    def _hold(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._lock, 20, 0).decode("ascii", "replace").strip()
            self.unlock()
            raise busy(holder) from None
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)

    def holder(self) -> str | None:
        """The process id of the run that is active, None where none is. Nobody is kept from beginning one meanwhile."""
        try:
            descriptor = os.open(self.path / "lock", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            named = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
            return named if _alive(named) and not _free(descriptor) else None
        finally:
            os.close(descriptor)

    def unlock(self) -> None:
        """Let others run the job."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def runs(self) -> list[Run]:
        """All runs, the newest first. Raises OutputError where one cannot be read."""
        found = [Run.read(path) for path in self.path.glob("runs/*/run.json")]
        return sorted(found, key=lambda run: (run.number, run.started, run.id), reverse=True)

    def run_folder(self, run: str) -> Path:
        """Where a run is kept."""
        return self.path / "runs" / run

    def files(self, run: str, step: str) -> StepFiles:
        """The files of one step."""
        return StepFiles(self.run_folder(run), step)

    def save(self, run: Run) -> None:
        """Write `run.json`, durably. Raises OutputError."""
        folder = self.run_folder(run.id)
        try:
            folder.mkdir(0o700, parents=True, exist_ok=True)
            sync_folder(folder.parent)
        except OSError as error:
            raise OutputError(f"cannot make {folder}: {error.strerror}") from None
        run.write(folder / "run.json")

    def remove(self, run: str) -> None:
        """Forget a run. Raises OutputError."""
        folder = self.run_folder(run)
        try:
            (folder / "run.json").unlink(missing_ok=True)  # without it the rest is no run
            shutil.rmtree(folder)
        except OSError as error:
            raise OutputError(f"cannot remove {folder}: {error.strerror}") from None

    def sweep(self) -> None:
        """Remove what is left of runs that were broken off before they began. The lock is held; raises OutputError."""
        for folder in self.path.glob("runs/*/"):
            if not (folder / "run.json").exists() and not any(folder.glob("*.ledger-*.log")):
                self.remove(folder.name)

    def _make(self) -> None:
        root = self.path.parent
        ours = _made(root) or root.name == NAME
        ignore = root / ".gitignore"
        if ours and (not ignore.exists() or not ignore.stat().st_size):  # who made it may have been killed before
            ignore.write_text("*\n")
        for folder in [root, self.path, self.path / "runs"] if ours else [self.path, self.path / "runs"]:
            folder.mkdir(0o700, exist_ok=True)
            with suppress(PermissionError):  # where it is somebody else's, who lets us write there
                folder.chmod(0o700)
        if _owner(self.path) != self._job:  # a file that is written anew is nobody's for a moment
            (self.path / "job").write_text(self._job + "\n", "utf-8", "surrogateescape")
        sync_folder(self.path)
        sync_folder(root)


def busy(holder: str) -> BusyError:
    """The error for everybody else while a process holds the lock."""
    words = f"another run of this job is active (process {holder or 'unknown'})"
    return BusyError(words, hint="wait until it has ended")


def state_folder(job: Path, state_dir: Path | None = None) -> StateFolder:
    """The folder of `job` (`-`: standard input, kept in the current folder); it need not exist.

    Jobs with the same file name that share a `state_dir` have folders of their own, `name` and `name~2`. A
    job that was moved there keeps its state.
    """
    real = Path.cwd() / "-" if job == STDIN else job.resolve()
    root = real.parent / NAME if state_dir is None else state_dir.absolute()
    name = _name(real.name)
    if state_dir is None:
        return StateFolder(root / name, str(real))
    return StateFolder(next(path for path in _candidates(root, name) if _may_be(path, real)), str(real))


def _made(folder: Path) -> bool:
    """Make a folder, unless it is there already."""
    try:
        folder.mkdir(0o700, parents=True)
    except FileExistsError:
        return False
    return True


def _candidates(root: Path, name: str) -> Iterator[Path]:
    yield root / name
    for number in count(2):
        yield root / f"{name}~{number}"


def _may_be(path: Path, job: Path) -> bool:
    """Whether the folder is that of this job, or of one that lies there no longer, or of none."""
    if path.is_file():
        return False
    owner = _owner(path)
    return owner is None or Path(owner) == job or not Path(owner).is_file()


def _owner(path: Path) -> str | None:
    """Where the job lies whose folder this is, where that can be read."""
    try:
        return (path / "job").read_text("utf-8", "surrogateescape").removesuffix("\n")
    except OSError:
        return None


def _alive(process: str) -> bool:
    """Whether a process id is somebody's."""
    if not process.isdecimal():
        return False
    try:
        os.kill(int(process), 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def _free(descriptor: int) -> bool:
    """Whether nobody has locked the file. It is locked for a moment itself, so ask only where it is likely taken."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _name(name: str) -> str:
    """A file name as the name of a folder: two names never have the same."""
    raw = os.fsencode(name)
    plain = _ODD.sub(lambda found: b"%%%02x" % found[0][0], raw).decode("ascii")
    if plain.startswith("."):
        plain = f"%2e{plain[1:]}"
    if len(plain) > LONGEST:
        return f"{plain[:LONGEST]}~{hashlib.blake2b(raw, digest_size=8).hexdigest()}"
    return plain
