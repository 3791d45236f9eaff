"""What a run would do, as values. `schemas/plan.schema.json` describes `Plan.as_dict()`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from datetime import datetime
from typing import Any, Literal

from mailjobs import __version__
from mailjobs.errors import BusyError, ExitStatus, MailjobsError, Problem
from mailjobs.frozen import frozen
from mailjobs.message import Recipient
from mailjobs.model import Rate
from mailjobs.run.changes import Changes
from mailjobs.run.record import GRAVITY

Due = Literal["yes", "no", "unknown"]


@frozen
class ServerPlan:
    """Who would be talked to. `tls`: implicit, starttls, opportunistic or none; `user` None: nobody logs in."""

    name: str
    host: str
    port: int
    tls: str
    user: str | None


@frozen
class Example:
    """One of the messages that would go out. `row` counts from 1, and is None for a message without rows."""

    row: int | None
    key: str
    recipients: tuple[Recipient, ...]
    subject: str
    size: int


@frozen
class Pace:
    """How fast a batch may go. `seconds` is how long it takes at least, None where no rate bounds it."""

    connections: int
    processes: int
    rate: Rate | None
    rate_per_domain: Rate | None
    seconds: int | None


@frozen
class BatchPlan:
    """The rows of a batch. Of those `read`, `selected` are meant (`where`, --only) and `messages` are to be sent to
    `recipients`; `excluded`, `bad` and `repeated` are the others, but that a repeated address may be sent to all the
    same. `known` are recipients by what became of them before: kept (by earlier runs), accepted, rejected, deferred,
    unknown. `before` are rows that the last run delivered to, and which get one more message. `pace` is None
    where a bad row refuses all of it.
    """

    data: str
    limit: int | None
    read: int
    selected: int
    excluded: int
    bad: int
    repeated: int
    messages: int
    recipients: int
    known: Mapping[str, int]
    before: int
    pace: Pace | None


@frozen
class StepPlan:
    """One step. `due`: whether it would be run; `condition` is its `if`. `recipients` is to how many it would send,
    were the run not refused by a guard.
    """

    index: int
    id: str | None
    name: str
    kind: str
    due: Due
    condition: str | None
    does: str
    server: ServerPlan | None = None
    message: str | None = None
    recipients: int = 0
    batch: BatchPlan | None = None
    examples: tuple[Example, ...] = ()
    warnings: tuple[Problem, ...] = ()
    error: MailjobsError | None = None
    ignored: bool = False


@frozen
class Decision:
    """What the runs before mean for this one. `run` is the one that would go on, or that stands in the way; `none`:
    there is no batch, so nothing is kept.
    """

    kind: Literal["new", "resume", "refused", "none"]
    words: str
    run: str | None = None
    started: datetime | None = None


@frozen
class GuardPlan:
    """The guards, and whether somebody would have to say yes first."""

    max_recipients: int | None
    allow_domains: tuple[str, ...]
    redirect_to: str | None
    confirm_above: int | None
    asks: bool


@frozen
class Plan:
    """What a run would do. `error` would keep it from its first step, `active` is the process of a run under way."""

    job: str
    file: str
    decision: Decision
    steps: tuple[StepPlan, ...]
    guards: GuardPlan
    changes: Changes | None = None
    active: str | None = None
    warnings: tuple[Problem, ...] = ()
    error: MailjobsError | None = None

    @property
    def refused(self) -> bool:
        """Whether the run would not come to its first step; one that waits for another to end is not refused."""
        return self.error is not None and not isinstance(self.error, BusyError)

    @property
    def recipients(self) -> int:
        """To how many all steps would send, at most."""
        return 0 if self.refused else sum(step.recipients for step in self.steps)

    @property
    def exit_status(self) -> int:
        """What `run` would end with, as far as that is known without a server."""
        if self.error is not None:
            return int(self.error.exit_status)
        found = {int(step.error.exit_status) for step in self.steps if step.error is not None and not step.ignored}
        return next((status for status in GRAVITY if status in found), int(ExitStatus.OK))

    def as_dict(self) -> dict[str, Any]:
        """The plan as plain data."""
        whole = {"exit_status": self.exit_status, "recipients": self.recipients}
        return {"version": 1, "mailjobs": __version__, **_plain(self), **whole}


def _plain(value: Any) -> Any:
    match value:
        case MailjobsError():
            return {**value.describe(), "problems": [str(problem) for problem in value.problems]}
        case Problem():
            return str(value)
        case datetime():
            return value.isoformat()
        case Rate():
            return asdict(value)
        case Mapping():
            return dict(value)
        case Recipient():
            return {"address": value.address, "kind": value.kind, "name": value.name}
        case tuple():
            return [_plain(inner) for inner in value]
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    return value
