"""Walks the steps of a job."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailjobs import clock
from mailjobs.errors import Interrupted, MailjobsError, Problem
from mailjobs.events import Publish, RunFinished, RunStarted, StepFinished, StepStarted
from mailjobs.frozen import frozen
from mailjobs.model import Job, ProcessQueue, Queue, Send, Step
from mailjobs.net import Until
from mailjobs.prepare import Choice, Found, Preparation, RunFacts, preflight
from mailjobs.prepare.choice import ALL
from mailjobs.prepare.wishes import Wishes
from mailjobs.run.ahead import ASKS_FOR_FAILURE, ASKS_FOR_RESULTS, batches_of, chance_of, may_be_due
from mailjobs.run.dry import Unknown, dry_output
from mailjobs.run.looks import Looks
from mailjobs.run.no_batches import NoBatches
from mailjobs.run.record import RunRecord, StepRecord
from mailjobs.run.rehearsal import Rehearsal
from mailjobs.run.sessions import RunSessions, destination_of
from mailjobs.steps import STEPS, Context, Output
from mailjobs.steps.context import reply_dict
from mailjobs.steps.expectation import judged
from mailjobs.steps.queues import check_queue

if TYPE_CHECKING:
    from mailjobs.run.batches import Batches

DELIVERING = ("send", "queue", "process_queue")  # what is left of these is tried again by delivery, or not at all
ASKING = ("verify", "expand", "command")  # these compare their reply with what is expected themselves


@frozen
class Options:
    """How to run: `step` is the id of the only step to run; `dry_run` connects to nothing.

    `choice` is of rows and recipients, `wishes` of what to do with earlier runs, whose state is in `state_dir`
    (None: beside the job). `agreed` says whether so many recipients are meant, where a guard asks; `warned` is told
    what is odd about the rows, before anything is sent.
    """

    dry_run: bool = False
    step: str | None = None
    warnings: Sequence[Problem] = ()
    choice: Choice = ALL
    wishes: Wishes = Wishes()
    state_dir: Path | None = None
    agreed: Callable[[int], bool] = lambda recipients: False
    warned: Callable[[Sequence[Problem]], None] = lambda problems: None


def run_job(job: Job, options: Options, publish: Publish, facts: RunFacts | None = None) -> RunRecord:
    """Run the steps in order. Failures are in the record, not raised; only bugs are."""
    facts = facts or RunFacts.new()
    record = RunRecord(facts.id, job.name, str(job.files[0]) if job.files else "-", facts.started, 0, options.dry_run)
    record.warnings = tuple(options.warnings)
    began = clock.monotonic()
    runner = Runner(job, options, publish, facts, record)
    runner.begin()
    publish = publish.bind(run=record.run)
    publish(RunStarted(job.name, record.resumed))
    runner.run()
    record.elapsed = clock.monotonic() - began
    publish(RunFinished(record.exit_status, record.elapsed))
    return record


class Runner:
    """One run: its sessions, and the results that later steps read."""

    def __init__(self, job: Job, options: Options, publish: Publish, facts: RunFacts, record: RunRecord) -> None:
        self._job = job
        self._options = options
        self._publish = publish.bind(run=facts.id)
        self._record = record
        self._results: dict[str, Any] = Unknown() if options.dry_run else {}
        self._steps = [step for step in job.steps if options.step is None or step.id == options.step]
        self._preparation: Preparation
        self._sessions = RunSessions(job, self._publish)
        self._facts = facts
        self._rehearsal = Rehearsal(job.guards, options.agreed)
        self._aside: dict[int, Found] = {}  # what a dry run has found of each batch
        self._batches = self._made_batches()

    def _made_batches(self) -> Batches | NoBatches:
        if not batches_of([step for step in self._steps if isinstance(step.action, Send)]):
            return NoBatches()
        from mailjobs.run.batches import Batches

        options = self._options
        return Batches(self._job, options.wishes, options.state_dir, lambda step: destination_of(self._job, step))

    def begin(self) -> None:
        """What can be known to fail, fails before anything is said to a server; what, is in the record."""
        try:
            self._preparation = Preparation(self._job, self._facts, choice=self._options.choice)
            if not self._options.dry_run:
                self._sessions.check({step.server for step in self._steps if not isinstance(step.action, Queue)})
            self._look_ahead()
        except MailjobsError as error:
            self._record.error = error

    def _look_ahead(self) -> None:
        """Select, render and check all batches; find the run to go on with; keep the guards."""
        scope = self._preparation.scope(Unknown())
        templates, alone = self._preparation.templates, self._options.step is not None
        concerned = [step for step in self._steps if isinstance(step.action, Send | ProcessQueue)]
        meant = [step for step in concerned if may_be_due(step, templates, scope, alone)]
        for step in meant:
            if isinstance(step.action, Queue | ProcessQueue):
                check_queue(step.action)
        batches = batches_of(meant)
        looks = Looks(self._publish)
        if self._options.dry_run:
            self._look_aside(batches, scope, looks)
        elif batches:
            chances = [(step, chance_of(step, alone)) for step in batches]
            self._go_on_with(self._batches.begin(chances, self._preparation, scope, looks))
        self._warn()
        self._rehearsal.expect(meant, self._preparation, scope, self._left)
        if not self._options.dry_run:
            self._rehearsal.confirm()

    def _look_aside(self, batches: Sequence[Step], scope: Mapping[str, Any], looks: Looks) -> None:
        """As a run looks at its batches, and nothing is kept."""
        for step in batches:
            with looks.at(step) as heard:
                before = self._batches.before_aside(step)
                assert isinstance(step.action, Send), "only sends have batches"
                self._aside[step.index] = preflight(self._preparation, step.action, scope, before, heard)
        looks.refuse()

    def _warn(self) -> None:
        aside = [problem for found in self._aside.values() for problem in found.warnings]
        found = (*aside, *self._batches.warnings)
        self._record.warnings += found
        self._options.warned(found)

    def _go_on_with(self, run_id: str) -> None:
        self._record.resumed = self._batches.resumed
        if run_id != self._record.run:
            facts = RunFacts.parse(run_id)
            self._record.run, self._record.started = facts.id, facts.started
            self._preparation = Preparation(self._job, facts, choice=self._options.choice)
            self._publish = self._publish.bind(run=run_id)
            self._sessions = RunSessions(self._job, self._publish)

    def _left(self, step: Step) -> int:
        """To how many recipients a batch would send."""
        if not self._options.dry_run:
            return self._batches.left(step)
        found = self._aside[step.index]
        return found.recipients - found.delivered

    def run(self) -> None:
        """Every step; then QUIT everywhere."""
        try:
            if self._record.error is None:
                for step in self._steps:
                    self._keep(step, self._step(step))
                self._end()
        except MailjobsError as error:
            self._record.error = error
        finally:
            self._close()
            self._batches.close()

    def _end(self) -> None:
        """What is known only when all steps were run. Raises DataError, RepeatError."""
        if self._options.dry_run:
            self._preparation.sought.check()
        elif self._batches.repeat is not None and not self._record.failed:
            raise self._batches.repeat

    def _close(self) -> None:
        try:
            self._sessions.close(abort=isinstance(self._record.error, Interrupted))
        except Interrupted as error:
            self._record.error = error

    def _keep(self, step: Step, record: StepRecord) -> None:
        self._record.steps.append(record)
        if step.id and not self._options.dry_run:
            self._results[step.id] = {"status": record.status, "elapsed": record.elapsed, **record.result}
        error = record.error.describe() if record.error else None
        self._stamp(step)(StepFinished(record.kind, record.name, record.status, record.elapsed, record.summary, error))
        if isinstance(record.error, Interrupted):
            raise record.error

    def _stamp(self, step: Step) -> Publish:
        return self._publish.bind(step=step.id or str(step.index + 1))

    def _step(self, step: Step) -> StepRecord:
        record = StepRecord(step.index, step.action.kind, step.name, step.id, step.server, "skipped")
        scope = self._preparation.scope(self._results, self._record.halted)
        try:
            if not self._due(step, scope):
                self._batches.skip(step, for_good=not self._record.halted)
                record.summary = "an earlier step failed" if self._record.halted else "its condition is false"
                return record
        except MailjobsError as error:
            return self._failed(step, record, error)
        began = clock.monotonic()
        self._stamp(step)(StepStarted(step.action.kind, step.name))
        self._perform(step, scope, record)
        record.elapsed = clock.monotonic() - began
        return record

    def _due(self, step: Step, scope: Mapping[str, Any]) -> bool:
        """After a failure only steps that ask for `run.failed` are run."""
        if self._record.halted and not (step.if_ and ASKS_FOR_FAILURE.search(step.if_.source)):
            return False
        if step.if_ is None or self._options.step is not None:
            return True
        if self._options.dry_run and ASKS_FOR_RESULTS.search(step.if_.source):
            return True  # unknown before the run, so what it guards is checked
        return bool(self._preparation.templates.expression(step.if_)(scope))

    def _perform(self, step: Step, scope: Mapping[str, Any], record: StepRecord) -> None:
        self._sessions.start_step(Until.after(step.timeout) if step.timeout else None)
        context = Context(
            step,
            self._preparation,
            self._sessions,
            self._stamp(step),
            scope,
            self._batches,
            partial(self._rehearsal.send_to, step),
        )
        output = self._attempts(context, record)
        record.summary = output.summary
        record.result = {**output.result, "last_reply": reply_dict(output.last_reply)}
        if output.error is not None:
            record.earlier = output.earlier
            self._failed(step, record, output.error)
        else:
            record.status = "ok"
        self._sessions.drop_broken()

    def _attempts(self, context: Context, record: StepRecord) -> Output:
        """The step, again while it fails for a while and `retry` allows. A send sees to its own retries."""
        retry = context.step.retry
        attempts = 1 if context.step.action.kind in DELIVERING else retry.attempts
        wait = retry.delay
        while True:
            record.attempts += 1
            output = self._once(context)
            if record.attempts >= attempts or output.error is None or not output.error.temporary:
                return output
            pause = min(wait, retry.max_delay)
            if not self._sessions.has_time(pause):
                return output
            self._sessions.drop_broken()
            try:
                clock.sleep(pause)
            except Interrupted as error:
                return replace(output, error=error)
            wait *= 2

    def _once(self, context: Context) -> Output:
        try:
            if self._options.dry_run:
                return dry_output(context, self._aside.get(context.step.index))
            output = STEPS[context.step.action.kind](context)
        except MailjobsError as error:
            output = Output({}, "", error, getattr(error, "reply", None))
        return output if context.step.action.kind in ASKING else judged(output, context.step.expect)

    def _failed(self, step: Step, record: StepRecord, error: MailjobsError) -> StepRecord:
        record.status = "failed"
        record.error = error
        record.ignored = step.continue_on_error and not isinstance(error, Interrupted)
        record.summary = record.summary or error.message
        return record
