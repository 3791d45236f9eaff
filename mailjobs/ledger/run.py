"""What is kept of a run as a whole: `run.json`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from mailjobs.errors import OutputError


@dataclass(slots=True)
class StepState:
    """A step that sends a batch. `totals` counts recipients by state ("accepted", …), and those "kept" from before."""

    state: Literal["open", "finished"] = "open"
    rows: int = 0
    totals: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Run:
    """A run. `fingerprint` has a digest for each part of what it was made of; `staging` is the address to which all was
    redirected; `kept` are the runs whose deliveries count for this one.
    """

    id: str
    job: str
    started: datetime
    fingerprint: dict[str, str]
    staging: str | None = None
    kept: tuple[str, ...] = ()
    finished: datetime | None = None
    steps: dict[str, StepState] = field(default_factory=dict)

    def total(self, state: str) -> int:
        """Recipients in a state, over all steps."""
        return sum(step.totals.get(state, 0) for step in self.steps.values())

    @property
    def complete(self) -> bool:
        """Whether there is nothing left to do: it finished, and nobody was deferred or left out."""
        over = self.finished is not None and all(step.state == "finished" for step in self.steps.values())
        return over and not self.total("deferred") and not self.total("not-attempted")

    @property
    def counts(self) -> bool:
        """Whether anything was delivered, or may have been."""
        return self.total("accepted") + self.total("unknown") > 0

    def as_dict(self) -> dict[str, Any]:
        """What `run.json` has."""
        times = {"started": self.started.isoformat(), "finished": self.finished and self.finished.isoformat()}
        return {"version": 1, **asdict(self), **times}

    @classmethod
    def from_dict(cls, found: dict[str, Any]) -> Run:
        """The run again. Raises KeyError, TypeError or ValueError where it is none."""
        finished = found["finished"]
        return cls(
            found["id"],
            found["job"],
            _moment(found["started"]),
            dict(found["fingerprint"]),
            found["staging"],
            tuple(found["kept"]),
            _moment(finished) if finished else None,
            {name: _step(step) for name, step in found["steps"].items()},
        )

    @classmethod
    def read(cls, path: Path) -> Run:
        """Raises OutputError where it cannot be read."""
        try:
            return cls.from_dict(json.loads(path.read_bytes()))
        except OSError as error:
            raise OutputError(f"cannot read {path}: {error.strerror}") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise OutputError(
                f"{path} is damaged, or of another version of mailjobs",
                hint="without it nobody knows what was delivered; move its folder away to go on",
            ) from None

    def write(self, path: Path) -> None:
        """Replace the file at once, durably. Raises OutputError."""
        from mailjobs.ledger.durable import replace_file

        text = json.dumps(self.as_dict(), ensure_ascii=False, indent=1)
        replace_file(path, text + "\n")


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without its zone")
    return moment


def _step(found: dict[str, Any]) -> StepState:
    step = StepState(**found)
    if not all(type(count) is int and count >= 0 for count in (step.rows, *step.totals.values())):
        raise ValueError("counts are whole numbers")
    return step
