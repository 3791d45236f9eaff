"""One step in a plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from mailjobs.errors import Interrupted, JobError, MailjobsError
from mailjobs.events import Publish
from mailjobs.frozen import frozen
from mailjobs.model import Job, Queue, Send, Step
from mailjobs.prepare import Preparation
from mailjobs.prepare.texts import message_texts
from mailjobs.run.batches import Batches
from mailjobs.run.dry import dry_output
from mailjobs.run.plan import BatchPlan, Due, Example, ServerPlan, StepPlan
from mailjobs.run.planned_batch import PlannedBatch, batch_plan, example
from mailjobs.run.sessions import RunSessions, server_of
from mailjobs.steps import Context


@frozen
class Sending:
    """What a step would send, to how many."""

    recipients: int = 0
    batch: BatchPlan | None = None
    examples: tuple[Example, ...] = ()


@frozen
class Outlook:
    """What is known of a run before its first step. `refused`: no batch may send; `had` are batches of earlier runs
    whose recipients would get one more message, by the index of the step.
    """

    job: Job
    preparation: Preparation
    scope: Mapping[str, Any]
    batches: Batches
    refused: bool = False
    had: Mapping[int, str] = field(default_factory=dict)

    def step(self, step: Step, due: Due, error: MailjobsError | None) -> StepPlan:
        """The plan of a step; `error` is what was found of it already."""
        does, sending = f"would {step.action.kind}", Sending()
        if due == "no":
            does = "does nothing, since its condition is false"
        else:
            try:
                does = self._does(step)
                sending = self._sends(step, error)
            except Interrupted:
                raise
            except MailjobsError as caught:
                error = error or caught
        found = self.batches.found(step)
        return StepPlan(
            index=step.index,
            id=step.id,
            name=step.name,
            kind=step.action.kind,
            due=due,
            condition=step.if_.source if step.if_ else None,
            does=does,
            server=self._server(step),
            message=step.action.message if isinstance(step.action, Send) else None,
            recipients=sending.recipients,
            batch=sending.batch,
            examples=sending.examples,
            warnings=tuple(found.warnings) if found is not None else (),
            error=error,
            ignored=step.continue_on_error,
        )

    def _server(self, step: Step) -> ServerPlan | None:
        if isinstance(step.action, Queue):
            return None
        server = server_of(self.job, step.server)
        user = server.auth.username if server.auth else None
        return ServerPlan(server.name, server.host, server.port, server.tls.mode, user)

    def _does(self, step: Step) -> str:
        if isinstance(step.action, Send):
            rows = f", one for each row of {step.action.for_each}" if step.action.for_each else ""
            return f"would {step.action.kind} {step.action.message}{rows}"
        sessions = RunSessions(self.job, Publish(()))
        context = Context(step, self.preparation, sessions, Publish(()), self.scope, self.batches)
        return dry_output(context, None).summary

    def _sends(self, step: Step, error: MailjobsError | None) -> Sending:
        action = step.action
        if not isinstance(action, Send):
            return Sending()
        if action.for_each is None:
            return self._alone(action)
        batch, found = self.batches.batch(step), self.batches.found(step)
        if found is None or (error is not None and not found.read):
            return Sending()
        if error is not None or batch is None:
            return Sending(batch=batch_plan(action, found, {}, 0, None))
        planned = PlannedBatch(self.batches.folder, batch, self.refused)
        try:
            plan = planned.plan(self.had.get(step.index))
            return Sending(planned.left, plan, planned.examples(self.preparation, self.scope))
        finally:
            planned.close()

    def _alone(self, action: Send) -> Sending:
        try:
            outgoing = self.preparation.letter(action, self.scope).outgoing
        except JobError:
            if self._needs_results(action):
                return Sending()  # whom it goes to is known when the steps before it have run
            raise
        return Sending(len(outgoing.recipients), None, (example(outgoing),))

    def _needs_results(self, action: Send) -> bool:
        templates, message = self.preparation.templates, self.job.messages[action.message]
        texts = message_texts(message)
        return any(reference.root == "steps" for text in texts for reference in templates.references(text))
