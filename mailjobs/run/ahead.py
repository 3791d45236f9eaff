"""What can be said of a run before its first step: which steps it may come to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from mailjobs.model import Send, Step
from mailjobs.prepare.wishes import Chance
from mailjobs.templates import Templates

ASKS_FOR_RESULTS: Final = re.compile(r"\bsteps\s*[.\[]")
ASKS_FOR_FAILURE: Final = re.compile(r"\brun\s*\.\s*failed\b")


def is_open(step: Step) -> bool:
    """Whether the step's condition asks what only a run can tell."""
    source = step.if_.source if step.if_ is not None else ""
    return bool(ASKS_FOR_RESULTS.search(source) or ASKS_FOR_FAILURE.search(source))


def may_be_due(step: Step, templates: Templates, scope: Mapping[str, Any], alone: bool) -> bool:
    """Whether the step may come to be run, as far as that can be known; `alone`, it is the one that was chosen.

    Raises JobError for a condition that fails.
    """
    if step.if_ is None or alone or is_open(step):
        return True
    return bool(templates.expression(step.if_)(scope))


def batches_of(steps: Sequence[Step]) -> list[Step]:
    """Those that send for each row."""
    return [step for step in steps if isinstance(step.action, Send) and step.action.for_each is not None]


def chance_of(step: Step, alone: bool) -> Chance:
    """How sure it is that a step which may be due comes to be run."""
    source = step.if_.source if step.if_ is not None and not alone else ""
    if ASKS_FOR_RESULTS.search(source):
        return "late"
    return "failure" if ASKS_FOR_FAILURE.search(source) else "sure"
