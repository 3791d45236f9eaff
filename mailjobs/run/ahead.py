"""What can be said of a run before its first step: which steps it may come to, and what its batches wish."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from mailjobs.ledger import Wishes
from mailjobs.model import Send, Step
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


def wishes_of(wishes: Wishes, steps: Sequence[Step]) -> Wishes:
    """`wishes` with what the batches among `steps` say themselves."""
    sends = [step.action for step in batches_of(steps) if isinstance(step.action, Send)]
    return replace(
        wishes,
        again=wishes.again or (bool(sends) and all(send.again for send in sends)),
        once_per=bool(sends) and all(send.once_per is not None for send in sends),
        resend_unknown=any(send.on_unknown == "resend" for send in sends),
    )
