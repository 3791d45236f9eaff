"""The past runs of a job, as far as they can be read: what decides about a new run refuses where this only tells."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from mailjobs.errors import ExitStatus, OutputError
from mailjobs.frozen import frozen
from mailjobs.ledger.folder import StateFolder
from mailjobs.ledger.remains import Remains
from mailjobs.ledger.run import Run, StepState

STAMP = "%Y%m%dT%H%M%SZ"


@frozen
class PastRun:
    """A run; `damage` says why its run.json cannot be read, and then there is in `run` what its files say."""

    run: Run
    damage: str = ""

    @property
    def id(self) -> str:
        """As its folder is named."""
        return self.run.id

    @property
    def state(self) -> str:
        """finished, unfinished, damaged."""
        return "damaged" if self.damage else "unfinished" if self.run.finished is None else "finished"

    def opened(self, folder: StateFolder, stack: ExitStack) -> list[Remains]:
        """Its steps, to be closed by `stack`. Raises OutputError."""
        return [stack.enter_context(Remains(folder.files(self.id, step), self.run)) for step in self.run.steps]

    def told(self, steps: Iterable[Remains] = ()) -> list[str]:
        """What of the run cannot be read, as far as it was met in its `steps`."""
        own = [self.damage] if self.damage else []
        return [*own, *[words for step in steps for words in step.damage]]

    def count(self, steps: Iterable[Remains]) -> None:
        """Make the totals true, where the run did not end by itself. Raises OutputError."""
        for step in steps if self.state != "finished" else ():
            self.run.steps[step.step].totals = step.totals()


def look(folder: StateFolder) -> list[PastRun]:
    """All runs, the newest first; totals are as they were counted last. Raises OutputError."""
    found = [_look_at(folder, name) for name in _names(folder)]
    return sorted((one for one in found if one is not None), key=lambda one: (one.run.started, one.id), reverse=True)


def counted(folder: StateFolder, past: PastRun) -> list[str]:
    """Count a run that did not end by what its files say; what of them cannot be read."""
    if past.state == "finished":
        return []
    try:
        with ExitStack() as stack:
            steps = past.opened(folder, stack)
            past.count(steps)
            return past.told(steps)
    except OutputError as error:
        return [*past.told(), error.message]


def leftovers(folder: StateFolder) -> list[str]:
    """Folders of runs that were broken off before anything was sent. The caller holds the lock. Raises OutputError."""
    return [name for name in _names(folder) if _look_at(folder, name) is None]


def _names(folder: StateFolder) -> list[str]:
    path = folder.path / "runs"
    try:
        with os.scandir(path) as entries:
            return [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []
    except OSError as error:
        refusal = OutputError(f"cannot read {path}: {error.strerror}")
        refusal.exit_status = ExitStatus.IOERR
        raise refusal from None


def _look_at(folder: StateFolder, name: str) -> PastRun | None:
    path = folder.run_folder(name) / "run.json"
    try:
        run = Run.read(path)
        return PastRun(run) if run.id == name else _salvaged(path.parent, f"{path} is of another run, {run.id}")
    except OutputError as error:
        if _absent(path) and not any(path.parent.glob("*.ledger-*.log")):
            return None  # it was broken off before it began
        return _salvaged(path.parent, error.message)


def _absent(path: Path) -> bool:
    try:
        path.lstat()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return False


def _salvaged(folder: Path, damage: str) -> PastRun:
    """What the id and the files say."""
    journals = {path.name.rpartition(".ledger-")[0] for path in folder.glob("*.ledger-*.log")}
    steps = sorted(journals | {path.stem for path in folder.glob("*.rows")})
    return PastRun(Run(folder.name, "", _started(folder), steps={step: StepState() for step in steps}), damage)


def _started(folder: Path) -> datetime:
    try:
        return datetime.strptime(folder.name.partition("-")[0], STAMP).replace(tzinfo=UTC)
    except ValueError:
        return datetime.fromtimestamp(0, UTC)
