"""Makes the plan of a run: what the run itself does before its first step, in a folder that goes away."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from mailjobs.errors import BusyError, GuardError, Interrupted, JobError, MailjobsError, RepeatError
from mailjobs.ledger import New, Refuse, Resume, Run, busy, last, stored_name
from mailjobs.ledger.run import source
from mailjobs.model import Job, Step
from mailjobs.prepare import Preparation, RunFacts
from mailjobs.prepare.guards import Count
from mailjobs.run.ahead import batches_of, chance_of, is_open, may_be_due
from mailjobs.run.batch import Batch
from mailjobs.run.batches import Batches, staging_of
from mailjobs.run.changes import Changes, Compared, Comparison
from mailjobs.run.dry import Unknown
from mailjobs.run.plan import Decision, Due, GuardPlan, Plan, StepPlan
from mailjobs.run.planned_step import Outlook
from mailjobs.run.runner import Options
from mailjobs.run.sessions import destination_of


def plan_job(job: Job, options: Options, how: bool = False) -> Plan:
    """What `run_job` with these options would do; `how` says to find out how parts have changed, too.

    Says nothing to any server, and writes nothing into the state of the job. What would fail is in the plan, not
    raised; Interrupted is.
    """
    with tempfile.TemporaryDirectory(prefix="mailjobs-plan-") as folder:
        return _Planner(job, options, Path(folder), how).plan()


class _Planner:
    """The plan of one job. `_error` is the first thing that would keep the run from its first step."""

    def __init__(self, job: Job, options: Options, aside: Path, how: bool) -> None:
        self._job = job
        self._options = options
        self._how = how
        self._steps = [step for step in job.steps if options.step is None or step.id == options.step]
        self._batches = Batches(job, options.wishes, options.state_dir, lambda step: destination_of(job, step), aside)
        self._error: MailjobsError | None = None
        self._errors: dict[int, MailjobsError] = {}  # of steps, by their index
        self._preparation: Preparation
        self._scope: Mapping[str, Any]
        self._decision: New | Resume | Refuse | None = None
        self._compared: Run | None = None
        self._changes: Changes | None = None
        self._active: str | None = None

    def plan(self) -> Plan:
        """See `plan_job`."""
        steps: tuple[StepPlan, ...] = ()
        if self._try(self._prepare):
            due = {step.index: self._due(step) for step in self._steps}
            self._look(batches_of([step for step in self._steps if due[step.index] != "no"]))
            outlook = self._outlook()
            errors = self._errors
            steps = tuple([outlook.step(step, due[step.index], errors.get(step.index)) for step in self._steps])
        guards = self._guards(steps)
        return Plan(
            job=self._job.name,
            file=str(self._job.files[0]) if self._job.files else "-",
            decision=self._decided(),
            steps=steps,
            guards=guards,
            changes=self._changes,
            active=self._active,
            warnings=tuple(self._options.warnings),
            error=self._error,
        )

    def _try(self, action: Callable[[], object], step: Step | None = None) -> bool:
        """Whether `action` does without an error, which would keep the run from its first step."""
        try:
            action()
        except Interrupted:
            raise
        except MailjobsError as error:
            self._error = self._error or error
            if step is not None:
                self._errors[step.index] = error
            return False
        return True

    def _prepare(self) -> None:
        self._go_by(RunFacts.new())
        for step in self._steps:
            destination_of(self._job, step)

    def _go_by(self, facts: RunFacts) -> None:
        self._preparation = Preparation(self._job, facts, choice=self._options.choice)
        self._scope = self._preparation.scope(Unknown())

    def _due(self, step: Step) -> Due:
        alone = self._options.step is not None
        if is_open(step) and not alone:
            return "unknown"
        try:
            return "yes" if may_be_due(step, self._preparation.templates, self._scope, alone) else "no"
        except JobError as error:
            self._errors[step.index] = error
            return "unknown"

    # --- batches, and the runs before

    def _look(self, steps: Sequence[Step]) -> None:
        if not steps:
            return
        self._active = self._batches.folder.holder()
        if self._active is not None:
            self._error = self._error or busy(self._active)
        alone = self._options.step is not None
        looks = [
            partial(self._batches.look, step, chance_of(step, alone), self._preparation, self._scope) for step in steps
        ]
        looked = [self._try(look, step) for look, step in zip(looks, steps, strict=True)]
        if all(looked) and self._try(self._preparation.sought.check):
            self._try(self._decide)

    def _decide(self) -> None:
        self._decision = decision = self._batches.decide(self._preparation)
        self._compared = run = self._reference(decision)
        if run is not None:
            compared = [self._with_earlier(batch, run) for batch in self._batches.all()]
            gone = [] if self._options.step else self._gone(run)
            self._changes = Comparison(self._batches.folder, run, compared, gone).changes(self._how)
        if isinstance(decision, Refuse):
            raise decision.error
        try:
            self._batches.follow(decision)
        except RepeatError as error:
            self._decision = Refuse(error, run.id if run is not None else None)
            raise
        if isinstance(decision, Resume):
            self._go_by(RunFacts.parse(decision.run))

    def _with_earlier(self, batch: Batch, run: Run) -> Compared:
        """A batch, and the run that it was part of: that one, or the newest."""
        lineage = [one for one in self._batches.before if one.staging == staging_of(self._preparation)]
        named = ((one, stored_name(one, batch.hand, self._batches.names)) for one in [run, *lineage])
        earlier, stored = next(((one, name) for one, name in named if name is not None), (None, ""))
        shown = batch.hand.name if len(self._batches.names) > 1 else None
        return Compared(shown, earlier, stored, batch.parts, batch.files.rows)

    def _gone(self, run: Run) -> list[str]:
        """What the run had, and the job has no more."""
        made = {batch.hand.made for batch in self._batches.all()}
        return [name for name, state in run.steps.items() if name not in self._batches.names and state.made not in made]

    def _reference(self, decision: New | Resume | Refuse) -> Run | None:
        """The run that this one is compared with."""
        named = None if isinstance(decision, New) else decision.run
        runs = self._batches.before
        return next((run for run in runs if run.id == named), None) or last(runs, staging_of(self._preparation))

    def _outlook(self) -> Outlook:
        """What steps are seen with. Who has got a batch gets a new one, unless those are left out who have."""
        decision = self._decision
        refused = decision is None or isinstance(decision, Refuse)
        had = self._had(decision) if isinstance(decision, New) else {}
        return Outlook(self._job, self._preparation, self._scope, self._batches, refused, had)

    def _had(self, decision: New) -> dict[int, str]:
        """The batches of earlier runs whose recipients get one more message, by the index of the step."""
        found: dict[int, str] = {}
        if self._compared is None:
            return found
        for batch in self._batches.all():
            earlier = self._with_earlier(batch, self._compared)
            left_out = earlier.run is None or batch.hand.name in decision.kept
            if earlier.run is not None and not left_out and earlier.run.steps[earlier.stored].reached:
                found[batch.step.index] = source(earlier.run.id, earlier.stored)
        return found

    def _decided(self) -> Decision:
        decision, before = self._decision, self._batches.before
        if isinstance(decision, Resume):
            run = next(run for run in before if run.id == decision.run)
            words = "would go on with the unfinished run"
            if run.complete:
                retries = self._options.wishes.retries
                words = f"would {'try some again of' if retries else 'go on with'} the finished run"
            return Decision("resume", words, run.id, run.started)
        if isinstance(decision, Refuse):
            started = next((run.started for run in before if run.id == decision.run), None)
            return Decision("refused", decision.error.message, decision.run, started)
        if decision is None and self._error is not None and not isinstance(self._error, BusyError):
            return Decision("refused", self._error.message)
        if decision is None:
            return Decision("none", "would run; none of it is kept, since nothing is sent row by row")
        first = ", the first that is kept" if self._compared is None else ""
        kept = ", and leave out whom earlier runs have delivered to" if decision.kept else ""
        return Decision("new", f"would begin a new run{first}{kept}")

    # --- guards

    def _guards(self, steps: Sequence[StepPlan]) -> GuardPlan:
        guards = self._job.guards
        count = Count(guards)
        for step in steps:
            if isinstance(step.error, GuardError):
                self._error = self._error or step.error
            try:
                count.add(step.recipients)
            except GuardError as error:
                self._error = self._error or error
        return GuardPlan(
            max_recipients=guards.max_recipients,
            allow_domains=guards.allow_domains,
            redirect_to=self._options.choice.redirect_to or guards.redirect_all_to,
            confirm_above=guards.confirm_above,
            asks=count.to_confirm and (self._error is None or isinstance(self._error, BusyError)),
        )
