"""The batches of a run: all are looked at before its first step, and what became of them is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailjobs import clock
from mailjobs.errors import OutputError, Problem
from mailjobs.ledger import (
    Delivered,
    KeptWriter,
    Known,
    New,
    Refuse,
    Resume,
    Run,
    StateFolder,
    StepFiles,
    StepState,
    Wishes,
    decide,
    past,
    restore,
    state_folder,
)
from mailjobs.model import Job, Send, Server, Step
from mailjobs.prepare import Found, Preflight, Preparation
from mailjobs.rows.snapshot import Snapshot, SnapshotWriter
from mailjobs.run.looks import Looks
from mailjobs.run.once import OnceNotes
from mailjobs.steps.shelf import Shelf

if TYPE_CHECKING:
    from mailjobs.prepare.fingerprint import Part

Scope = Mapping[str, Any]


@dataclass(slots=True)
class Batch:
    """One batch: what preflight found, and its files."""

    step: Step
    found: Found
    files: StepFiles


class Batches:
    """Those of one run. They hold the lock of the job's state folder from `begin` until `close`.

    Whoever only looks gives a folder of his own, `aside`, and calls `look`, `decide` and `follow` instead of `begin`:
    then nothing is written anywhere else, and nothing is locked.
    """

    def __init__(
        self,
        job: Job,
        wishes: Wishes,
        state_dir: Path | None,
        server: Callable[[Step], Server],
        aside: Path | None = None,
    ) -> None:
        self._job = job
        self._wishes = wishes
        self._server = server
        path = job.files[0] if job.files else Path("-")
        self._folder: StateFolder = state_folder(path, state_dir)
        self._batches: dict[int, Batch] = {}
        self._run: Run | None = None
        self._opened = wishes.opened
        self._draft = ""
        self._aside = aside
        self.resumed = False
        self.before: list[Run] = []
        self.parts: dict[str, Part] = {}

    def begin(self, steps: Sequence[Step], preparation: Preparation, scope: Scope, looks: Looks) -> str:
        """Look at the batches among `steps`; the id of the run that they are part of, a new one or one to go on with.

        Raises BusyError, RepeatError, DataError, GuardError, FileError, OutputError.
        """
        self._folder.lock()
        self._draft = preparation.facts.id
        try:
            self._look(steps, preparation, scope, looks)
            return self._take_up(self.decide(preparation), preparation)
        except BaseException:
            self._drop_draft()
            raise

    def _look(self, steps: Sequence[Step], preparation: Preparation, scope: Scope, looks: Looks) -> None:
        folder = self._folder.run_folder(self._draft)
        try:
            folder.mkdir(0o700, parents=True)
        except OSError as error:
            raise OutputError(f"cannot make {folder}: {error.strerror}") from None
        for step in steps:
            with looks.at(step) as heard:
                self.look(step, preparation, scope, heard)
        looks.refuse()

    def look(
        self, step: Step, preparation: Preparation, scope: Scope, heard: Callable[[int], None] = lambda read: None
    ) -> None:
        """Select, write down and check the rows of a batch. Raises DataError, GuardError, FileError, OutputError."""
        files = StepFiles(self._aside or self._folder.run_folder(self._draft), step_name(step))
        self._batches[step.index] = Batch(step, self._preflight(step, files, preparation, scope, heard), files)

    def _preflight(
        self, step: Step, files: StepFiles, preparation: Preparation, scope: Scope, heard: Callable[[int], None]
    ) -> Found:
        action = step.action
        assert isinstance(action, Send), "only sends have batches"
        copy = self._aside / "once" if self._aside else None
        with OnceNotes(self._folder, files, action, self._wishes, copy) as notes:
            looking = Preflight(preparation, action, scope, notes, heard)
            self._batches[step.index] = Batch(step, looking.found, files)
            with SnapshotWriter(files.rows) as writer:
                looking.run(writer)
        snapshot = Snapshot(files.rows)
        try:
            return looking.finish(writer, snapshot)
        finally:
            snapshot.close()

    def decide(self, preparation: Preparation) -> New | Resume | Refuse:
        """What may be done with the batches that were looked at, seeing the runs before.

        Raises FileError, OutputError.
        """
        self.before = past(self._folder)
        self.parts = self._parts(preparation)
        return decide(self.before, self._fingerprint, self._wishes, staging_of(preparation))

    def _take_up(self, decision: New | Resume | Refuse, preparation: Preparation) -> str:
        if isinstance(decision, Refuse):
            raise decision.error
        if isinstance(decision, New):
            self._new(decision, preparation)
        else:
            self._resume(decision)
        assert self._run is not None, "decided"
        return self._run.id

    def _parts(self, preparation: Preparation) -> dict[str, Part]:
        from mailjobs.prepare.fingerprint import batch_parts, job_parts  # a job without a batch needs none

        parts = job_parts(self._job, preparation.gate)
        several = len(self._batches) > 1
        for batch in self._batches.values():
            action = batch.step.action
            assert isinstance(action, Send), "only sends have batches"
            found = batch_parts(self._job, action, self._server(batch.step), preparation.choice, batch.found.digest)
            prefix = f"{step_name(batch.step)}: " if several else ""
            parts |= {f"{prefix}{name}": part for name, part in found.items()}
        return parts

    @property
    def _fingerprint(self) -> dict[str, str]:
        return {name: part.digest for name, part in self.parts.items()}

    def _new(self, decision: New, preparation: Preparation) -> None:
        from mailjobs.ledger.parts import write_parts

        steps = {step_name(batch.step): _to_do(batch.found) for batch in self._batches.values()}
        facts, staging = preparation.facts, staging_of(preparation)
        self._run = Run(facts.id, self._job.name, facts.started, self._fingerprint, staging, decision.kept, None, steps)
        self.follow(decision)
        write_parts(self._folder.run_folder(facts.id), {name: part.text for name, part in self.parts.items()})
        self._folder.save(self._run)

    def follow(self, decision: New | Resume) -> None:
        """Leave out whom earlier runs have delivered to, or go over to the files of the run that goes on."""
        for batch in self._batches.values():
            if isinstance(decision, Resume):
                self._opened = decision.opened
                batch.files = self._folder.files(decision.run, batch.files.step)
            elif decision.kept:
                self._keep(decision.kept, batch)

    def _keep(self, runs: Sequence[str], batch: Batch) -> None:
        """Leave out whom earlier runs have delivered to, besides those that preflight has left out."""
        files, rows = batch.files, batch.found.messages
        before = restore([], rows, files.kept).kept if files.kept.exists() else None
        hold = not (self._wishes.retry_unknown or self._wishes.resend_unknown)
        snapshot = Snapshot(files.rows)
        with Delivered(self._folder, runs, files.step, unknown=hold) as delivered, KeptWriter(files.kept) as kept:
            for position, row in enumerate(snapshot.rows()):
                found = delivered.of(row.key)
                if before is not None:
                    found |= {one: letter.replace("b", "a") for one, letter in before.addresses(position).items()}
                if found:
                    kept.add(position, "".join(found.values()), list(found))
        snapshot.close()

    def _resume(self, decision: Resume) -> None:
        self._run = next(run for run in self._folder.runs() if run.id == decision.run)
        self._run.finished = None
        self.resumed = True
        self.follow(decision)
        self._drop_draft()
        self._folder.save(self._run)

    def _drop_draft(self) -> None:
        if self._run is None or self._run.id != self._draft:
            with suppress(OutputError):
                self._folder.remove(self._draft)

    def before_aside(self, step: Step) -> Callable[[Path], OnceNotes]:
        """What was delivered before, for who only looks and keeps his files in a folder of his own."""
        action = step.action
        assert isinstance(action, Send), "only sends have batches"
        name = step_name(step)
        return lambda folder: OnceNotes(self._folder, StepFiles(folder, name), action, self._wishes, folder / "index")

    @property
    def warnings(self) -> list[Problem]:
        """What preflight has to say."""
        return [problem for batch in self._batches.values() for problem in batch.found.warnings]

    def shelf(self, step: Step) -> Shelf:
        """The books of a step's batch."""
        batch = self._batches[step.index]
        return Shelf(batch.files, batch.found, self._opened)

    def left(self, step: Step) -> int:
        """To how many recipients a batch would send now."""
        return open_recipients(self._batches[step.index].found, self.known(step).totals, self._opened)

    def known(self, step: Step) -> Known:
        """What is known of the rows of a batch. Raises OutputError."""
        batch = self._batches[step.index]
        return restore(batch.files.journals(), batch.found.messages, batch.files.kept)

    def all(self) -> list[Batch]:
        """Those that were looked at."""
        return list(self._batches.values())

    def batch(self, step: Step) -> Batch | None:
        """The batch of a step, where it was looked at."""
        return self._batches.get(step.index)

    @property
    def folder(self) -> StateFolder:
        """Where the runs of the job are kept."""
        return self._folder

    @property
    def opened(self) -> str:
        """The letters of the states that are sent to."""
        return self._opened

    def settle(self, step: Step, totals: Mapping[str, int], finished: bool) -> None:
        """Keep what became of a batch."""
        assert self._run is not None, "begun"
        state = self._run.steps.setdefault(step_name(step), StepState())
        state.totals, state.state = dict(totals), "finished" if finished else "open"
        if all(one.state == "finished" for one in self._run.steps.values()):
            self._run.finished = clock.now()
        self._folder.save(self._run)

    def skip(self, step: Step, for_good: bool) -> None:
        """A step's condition was false: `for_good`, it is done with; else an earlier step failed, and it is open."""
        if for_good and step.index in self._batches:
            self.settle(step, {}, finished=True)

    def close(self) -> None:
        """Let others run the job. A run that nothing was sent in is not worth keeping."""
        self._folder.unlock()


def _to_do(found: Found) -> StepState:
    """As it stands before anything is sent: how many recipients there are is known even if the run is killed."""
    return StepState("open", found.messages, {"not-attempted": found.recipients} if found.recipients else {})


def open_recipients(found: Found, totals: Mapping[str, int], opened: str) -> int:
    """How many of a batch may still be sent to, by the letters of what is known of them."""
    closed = sum(count for letter, count in totals.items() if letter not in opened)
    return max(found.recipients - closed, 0)


def staging_of(preparation: Preparation) -> str | None:
    """The address that everything goes to instead, where there is one."""
    redirect = preparation.gate.redirect
    return redirect.address if redirect else None


def step_name(step: Step) -> str:
    """What a step's files are called."""
    return step.id or str(step.index + 1)
