"""What is kept of a run as a whole: `run.json`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

from mailjobs.errors import OutputError
from mailjobs.ledger import lines

VERSION: Final = 2
TRIED: Final = ("accepted", "rejected", "deferred", "unknown")


@dataclass(slots=True)
class StepState:
    """A batch: how far it came, and what it was made of.

    `totals` counts recipients by state ("accepted", …), and those "kept": who had it from an earlier run; all of them
    together are `recipients`. `parts` has a digest for each part of the fingerprint, `made` is the name that the batch
    has apart from its id (see `run.names`). `kept` are batches of earlier runs, as "run/step", whose deliveries count
    for this one. `once` tells the template of once_per from others ("": it has none), `keys` what it rendered to.
    `size` is that of the snapshot in octets, `checksum` its digest ("": nobody knows).
    """

    state: Literal["open", "finished"] = "open"
    rows: int = 0
    totals: dict[str, int] = field(default_factory=dict)
    recipients: int = 0
    parts: dict[str, str] = field(default_factory=dict)
    made: str = ""
    kept: tuple[str, ...] = ()
    once: str = ""
    keys: str = ""
    size: int = 0
    checksum: str = ""

    def has(self, letters: str) -> bool:
        """Whether any recipient is in one of these states (letters of `lines.STATES`)."""
        return any(self.totals.get(lines.STATES[letter]) for letter in letters)

    @property
    def unfinished(self) -> bool:
        """Whether somebody was deferred or left out, or it is not known how it ended."""
        return self.state == "open" or self.has("dn")

    @property
    def tried(self) -> bool:
        """Whether anything was said of anybody to a server."""
        return any(self.totals.get(state) for state in TRIED)

    @property
    def reached(self) -> bool:
        """Whether anybody has got it, or may have: from this run, or from one before it."""
        return any(self.totals.get(state) for state in ("accepted", "unknown", "kept"))


@dataclass(slots=True)
class Run:
    """A run. `staging` is the address to which all was redirected; `steps` are its batches by name. `number` counts the
    runs of a job, for two may begin in one second.
    """

    id: str
    job: str
    started: datetime
    staging: str | None = None
    finished: datetime | None = None
    steps: dict[str, StepState] = field(default_factory=dict)
    number: int = 0

    def total(self, state: str) -> int:
        """Recipients in a state, over all steps."""
        return sum(step.totals.get(state, 0) for step in self.steps.values())

    @property
    def kept(self) -> tuple[str, ...]:
        """The runs whose deliveries count for this one."""
        return tuple(dict.fromkeys(run_of(source) for step in self.steps.values() for source in step.kept))

    @property
    def fingerprint(self) -> dict[str, str]:
        """The parts of all its batches, with the name of the batch where there are several."""
        several = len(self.steps) > 1
        parts = [(f"{name}: " if several else "", step.parts) for name, step in self.steps.items()]
        return {f"{prefix}{part}": digest for prefix, found in parts for part, digest in found.items()}

    @property
    def complete(self) -> bool:
        """Whether there is nothing left to do: all batches finished, and nobody was deferred or left out."""
        return not any(step.unfinished for step in self.steps.values())

    def as_dict(self) -> dict[str, Any]:
        """What `run.json` has."""
        times = {"started": self.started.isoformat(), "finished": self.finished and self.finished.isoformat()}
        return {"version": VERSION, **asdict(self), **times}

    @classmethod
    def from_dict(cls, found: dict[str, Any]) -> Run:
        """The run again. Raises KeyError, TypeError or ValueError where it is none, or one of another version."""
        if found["version"] != VERSION:
            raise ValueError("another version")
        finished = found["finished"]
        return cls(
            found["id"],
            found["job"],
            _moment(found["started"]),
            found["staging"],
            _moment(finished) if finished else None,
            {name: _step(step) for name, step in found["steps"].items()},
            found["number"],
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


def source(run: str, step: str) -> str:
    """A batch of a run, as `StepState.kept` names it."""
    return f"{run}/{step}"


def run_of(source: str) -> str:
    """The run of a batch that is named so."""
    return source.partition("/")[0]


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a time without its zone")
    return moment


def _step(found: dict[str, Any]) -> StepState:
    step = StepState(**{**found, "kept": tuple(found["kept"])})
    if not all(type(count) is int and count >= 0 for count in (step.rows, *step.totals.values())):
        raise ValueError("counts are whole numbers")
    return step
