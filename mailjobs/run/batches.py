"""The batches of a run: all are looked at before its first step, and what became of them is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from mailjobs import clock
from mailjobs.errors import JobError, OutputError, Problem, RepeatError
from mailjobs.ledger import (
    AtHand,
    Chance,
    Decision,
    New,
    Refuse,
    Resume,
    Run,
    StateFolder,
    StepFiles,
    StepState,
    Wishes,
    decide,
    everybody,
    past,
    restore,
    state_folder,
)
from mailjobs.model import Job, Queue, Send, Server, Step
from mailjobs.prepare import Found, Preflight, Preparation
from mailjobs.rows import Row
from mailjobs.rows.snapshot import Snapshot, SnapshotWriter
from mailjobs.run.batch import Batch, People
from mailjobs.run.looks import Looks
from mailjobs.run.names import batch_names
from mailjobs.run.once import OnceNotes
from mailjobs.steps.shelf import Shelf

Scope = Mapping[str, Any]


class Batches:
    """Those of one run. They hold the lock of the job's state folder from `begin` until `close`.

    Whoever only looks gives a folder of his own, `aside`, and calls `look`, `decide` and `follow` instead of `begin`:
    then nothing is written anywhere else, and nothing is locked. `before` are the runs of the job.
    """

    def __init__(
        self,
        job: Job,
        wishes: Wishes,
        state_dir: Path | None,
        server: Callable[[Step], Server | str],
        aside: Path | None = None,
    ) -> None:
        self._job = job
        self._wishes = wishes
        self._server = server
        path = job.files[0] if job.files else Path("-")
        self.folder: StateFolder = state_folder(path, state_dir)
        self._names = batch_names(job)
        self._batches: dict[int, Batch] = {}
        self._found: dict[int, Found] = {}
        self._run: Run | None = None
        self._draft = ""
        self._aside = aside
        self._settled: set[str] = set()
        self.before: list[Run] = []
        self.resumed = False
        self.repeat: RepeatError | None = None

    def begin(self, steps: Sequence[tuple[Step, Chance]], preparation: Preparation, scope: Scope, looks: Looks) -> str:
        """Look at the batches of `steps`; the id of the run that they are part of, a new one or one to go on with.

        Raises BusyError, RepeatError, DataError, GuardError, FileError, OutputError.
        """
        self.folder.lock()
        self.folder.sweep()
        self._draft = preparation.facts.id
        try:
            self._make_draft()
            for step, chance in steps:
                with looks.at(step) as heard:
                    self.look(step, chance, preparation, scope, heard)
            looks.refuse()
            preparation.sought.check()
            self._take_up(self.decide(preparation), preparation)
        finally:
            self._drop_draft()
        assert self._run is not None, "decided"
        self._forget_idle()
        return self._run.id

    # --- before the decision

    def _make_draft(self) -> None:
        folder = self.folder.run_folder(self._draft)
        try:
            folder.mkdir(0o700, parents=True)
        except OSError as error:
            raise OutputError(f"cannot make {folder}: {error.strerror}") from None

    def look(
        self,
        step: Step,
        chance: Chance,
        preparation: Preparation,
        scope: Scope,
        heard: Callable[[int], None] = lambda read: None,
    ) -> None:
        """Select, write down and check the rows of a batch, and find out what it is made of.

        Raises DataError, GuardError, FileError, OutputError.
        """
        from mailjobs.prepare.fingerprint import batch_parts  # a job without a batch needs none

        action = step.action
        assert isinstance(action, Send), "only sends have batches"
        files = StepFiles(self._aside or self.folder.run_folder(self._draft), self._names[step.index].name)
        preparation.templates.forget_included()
        copy = self._aside / "once" if self._aside else None
        with OnceNotes(self.folder, files, action, self._opened(action), copy) as notes:
            looking = Preflight(preparation, action, scope, notes, heard)
            self._found[step.index] = looking.found
            with SnapshotWriter(files.rows, durable=self._aside is None) as writer:
                looking.run(writer)
        snapshot = Snapshot(files.rows)
        try:
            found = looking.finish(writer, snapshot)
        finally:
            snapshot.close()
        parts = batch_parts(preparation, action, self._server(step), found)
        digests = {name: part.digest for name, part in parts.items()}
        hand = self._at_hand(step, chance, preparation.gate.redirect is not None, found, digests, notes.digest)
        people = _people(preparation, action, scope)
        self._batches[step.index] = Batch(step, hand, parts, found, files, writer.size, writer.checksum, people)

    def _opened(self, action: Send) -> str:
        """A row that may have been queued is looked for in the queue, so it is open to that."""
        return self._wishes.opened(action.on_unknown == "resend" or isinstance(action, Queue))

    def _at_hand(
        self, step: Step, chance: Chance, staging: bool, found: Found, parts: Mapping[str, str], keys: str
    ) -> AtHand:
        """What is decided about. In staging nothing is known by its key."""
        from mailjobs.prepare.fingerprint import once_part

        action, known = step.action, self._names[step.index]
        assert isinstance(action, Send), "only sends have batches"
        again = action.again or (staging and action.once_per is not None)
        once = "" if staging else once_part(action)
        opened = self._opened(action)
        return AtHand(known.name, known.made, known.label, parts, found.recipients, opened, again, once, keys, chance)

    def decide(self, preparation: Preparation) -> Decision:
        """What may be done with the batches that were looked at, seeing the runs before. Raises OutputError."""
        self.before = past(self.folder)
        hands = [batch.hand for batch in self._batches.values()]
        return decide(self.before, hands, self._wishes, staging_of(preparation), self.names)

    @property
    def names(self) -> list[str]:
        """Those of all batches of the job, whether looked at or not."""
        return [known.name for known in self._names.values()]

    # --- after it

    def _take_up(self, decision: Decision, preparation: Preparation) -> None:
        if isinstance(decision, Refuse):
            raise decision.error
        run = self._new(decision, preparation) if isinstance(decision, New) else self._resume(decision)
        self._keep_texts(run)
        self.folder.save(run)
        self._run = run

    def _keep_texts(self, run: Run) -> None:
        """What the batches are made of, for who asks later how it changed."""
        from mailjobs.ledger.parts import read_parts, write_parts

        folder = self.folder.run_folder(run.id)
        before = read_parts(folder) if self.resumed else None
        texts = dict(before.texts) if before is not None else {}
        for batch in self._batches.values():
            texts |= {f"{batch.files.step}: {name}": part.text for name, part in batch.parts.items()}
        write_parts(folder, texts)

    def _new(self, decision: New, preparation: Preparation) -> Run:
        self.follow(decision)
        facts = preparation.facts
        number = 1 + max((run.number for run in self.before), default=0)
        run = Run(facts.id, self._job.name, facts.started, staging_of(preparation), number=number)
        for batch in self._batches.values():
            batch.begin(run, decision.kept.get(batch.hand.name))
        return run

    def _resume(self, decision: Resume) -> Run:
        run = next(run for run in self.before if run.id == decision.run)
        run.finished, self.resumed, self.repeat = None, True, decision.repeat
        for batch in self._batches.values():
            stored = decision.stored.get(batch.hand.name)
            if stored is not None:
                batch.go_on(self.folder, run, stored)
            else:
                self._leave_out(batch, decision)
                batch.join(self.folder, run, decision.kept.get(batch.hand.name))
        return run

    def follow(self, decision: New | Resume) -> None:
        """Leave out whom earlier runs have delivered to, and look at what the run has that goes on.

        Raises OutputError; RepeatError where nobody is left who has not got it.
        """
        for batch in self._batches.values():
            stored = decision.stored.get(batch.hand.name) if isinstance(decision, Resume) else None
            if isinstance(decision, Resume) and stored is not None:
                batch.look_on(self.folder, decision.run, stored)
                continue
            self._leave_out(batch, decision)
            batch.note = decision.notes.get(batch.hand.name, "") if isinstance(decision, New) else ""
        if isinstance(decision, New) and decision.repeat is not None and not any(map(self.left, self._steps())):
            raise decision.repeat

    def _leave_out(self, batch: Batch, decision: New | Resume) -> None:
        taken = decision.kept.get(batch.hand.name)
        if taken is not None:
            batch.leave_out(self.folder, taken)

    def _drop_draft(self) -> None:
        if self._run is None or self._run.id != self._draft:
            with suppress(OutputError):
                self.folder.remove(self._draft)

    def _forget_idle(self) -> None:
        """Runs that were ended before anything was sent are of no use to anybody."""
        for run in self.before:
            if run is not self._run and not any(state.tried or state.reached for state in run.steps.values()):
                self.folder.remove(run.id)

    # --- while it runs

    def before_aside(self, step: Step) -> Callable[[Path], OnceNotes]:
        """What was delivered before, for who only looks and keeps his files in a folder of his own."""
        action = step.action
        assert isinstance(action, Send), "only sends have batches"
        name = self._names[step.index].name
        opened = self._opened(action)
        return lambda folder: OnceNotes(self.folder, StepFiles(folder, name), action, opened, folder / "index")

    @property
    def warnings(self) -> list[Problem]:
        """What preflight has to say, and what becomes of earlier runs."""
        return [problem for batch in self._batches.values() for problem in batch.warnings]

    def _steps(self) -> list[Step]:
        return [batch.step for batch in self._batches.values()]

    def all(self) -> list[Batch]:
        """Those that were looked at."""
        return list(self._batches.values())

    def batch(self, step: Step) -> Batch | None:
        """The batch of a step, where it was looked at without an error."""
        return self._batches.get(step.index)

    def found(self, step: Step) -> Found | None:
        """What preflight has found of a step's batch, if only until it met an error."""
        return self._found.get(step.index)

    def shelf(self, step: Step) -> Shelf:
        """The books of a step's batch. Raises OutputError."""
        return self._batches[step.index].shelf()

    def left(self, step: Step) -> int:
        """To how many recipients a batch would send now. Raises OutputError."""
        return self._batches[step.index].left()

    def settle(self, step: Step, totals: Mapping[str, int], finished: bool) -> None:
        """Keep what became of a batch. Raises OutputError."""
        assert self._run is not None, "begun"
        name = self._batches[step.index].files.step
        state = self._run.steps[name]
        state.totals, state.state = dict(totals), "finished" if finished else "open"
        self._settled.add(name)
        if state.tried and self._batches[step.index].hand.chance == "late":
            self.repeat = None
        self._save()

    def skip(self, step: Step, for_good: bool) -> None:
        """A step's condition was false: `for_good`, it is not part of the run; else an earlier step failed.

        A batch that something was sent of stays as it is. Raises OutputError.
        """
        batch = self._batches.get(step.index)
        if batch is None or self._run is None:
            return
        state = self._run.steps[batch.files.step]
        if state.tried or state.reached:
            state.state = "open" if state.has("dn") else "finished"
        elif for_good:
            del self._run.steps[batch.files.step]
            batch.files.remove()
        self._save()

    def _save(self) -> None:
        assert self._run is not None, "begun"
        if all(one.state == "finished" for one in self._run.steps.values()):
            self._run.finished = clock.now()
        self.folder.save(self._run)

    def close(self) -> None:
        """Let others run the job. A run that nothing was sent in is not worth keeping."""
        try:
            if self._run is not None and all(self._idle(*step) for step in self._run.steps.items()):
                self.folder.remove(self._run.id)
        except OutputError:
            pass  # it is kept
        finally:
            self.folder.unlock()

    def _idle(self, name: str, state: StepState) -> bool:
        """Whether nothing became of a batch, and it says nothing of others. Raises OutputError."""
        assert self._run is not None, "begun"
        if name not in self._settled:
            files = self.folder.files(self._run.id, name)
            if files.journals():
                state.totals = everybody(restore(files.journals(), state.rows, files.kept), state.recipients)
        return not state.tried and not (state.kept and state.totals.get("kept"))


def _people(preparation: Preparation, action: Send, scope: Scope) -> People:
    """What gives the addresses of a row's recipients; none where it cannot be rendered."""

    def people(row: Row) -> Sequence[str]:
        with suppress(JobError):
            return [one.address for one in preparation.recipients(action, scope, row)]
        return ()

    return people


def staging_of(preparation: Preparation) -> str | None:
    """The address that everything goes to instead, where there is one."""
    redirect = preparation.gate.redirect
    return redirect.address if redirect else None
