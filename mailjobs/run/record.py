"""What happened in a run, as values. `schemas/report.schema.json` describes `RunRecord.as_dict()`."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, Literal

from mailjobs import __version__
from mailjobs.errors import ExitStatus, MailjobsError, Problem

Status = Literal["ok", "failed", "skipped"]

# What tells most comes first: a bug, an interruption, what refused before anything was sent, refused mail, waiting.
GRAVITY = (70, 130, 143, 64, 65, 66, 68, 73, 74, 76, 77, 78, 69, 75)


@dataclass(slots=True)
class StepRecord:
    """One step. `result` is what later steps may read; `elapsed` is in seconds.

    `earlier`: it has not failed now, but in an earlier session of the run, of which the error is.
    """

    index: int
    kind: str
    name: str
    id: str | None
    server: str | None
    status: Status
    elapsed: float = 0
    attempts: int = 0
    summary: str = ""
    ignored: bool = False
    result: dict[str, Any] = field(default_factory=dict)
    error: MailjobsError | None = None
    earlier: bool = False

    def as_dict(self) -> dict[str, Any]:
        """The step in a report."""
        plain = {field.name: getattr(self, field.name) for field in fields(self) if field.name != "earlier"}
        return {**plain, "error": self.error.describe() if self.error else None}


@dataclass(slots=True)
class RunRecord:
    """One run of one job. `error` is what kept it from running its steps, where something did."""

    run: str
    job: str
    file: str
    started: datetime
    elapsed: float = 0
    dry_run: bool = False
    steps: list[StepRecord] = field(default_factory=list)
    warnings: tuple[Problem, ...] = ()
    error: MailjobsError | None = None
    resumed: bool = False

    @property
    def failed(self) -> bool:
        """Whether anything failed that was not told to be ignored."""
        return self.error is not None or any(step.status == "failed" and not step.ignored for step in self.steps)

    @property
    def halted(self) -> bool:
        """Whether anything failed now, so that later steps are skipped."""
        return any(step.status == "failed" and not step.ignored and not step.earlier for step in self.steps)

    @property
    def exit_status(self) -> int:
        """The one status that tells most of all failures."""
        errors = [step.error for step in self.steps if step.error is not None and not step.ignored]
        found = {int(error.exit_status) for error in [*errors, *([self.error] if self.error else [])]}
        return next((status for status in GRAVITY if status in found), int(ExitStatus.OK))

    def as_dict(self) -> dict[str, Any]:
        """The report."""
        return {
            "version": 1,
            "mailjobs": __version__,
            "run": self.run,
            "job": self.job,
            "file": self.file,
            "started": self.started.isoformat(),
            "elapsed": self.elapsed,
            "dry_run": self.dry_run,
            "resumed": self.resumed,
            "exit_status": self.exit_status,
            "warnings": [str(problem) for problem in self.warnings],
            "steps": [step.as_dict() for step in self.steps],
            "error": self.error.describe() if self.error else None,
        }
