"""What batches are called in the state of their job: never by their place among the steps, which others move."""

from __future__ import annotations

from collections import Counter
from hashlib import blake2b
from typing import NamedTuple

from mailjobs.model import Job, Send, Step

LONGEST = 100  # characters; it is part of file names


class BatchName(NamedTuple):
    """`name` is the step's id, or else what is `made` of message and data: `invoice.customers`, `invoice.customers.2`.

    Neither ids nor names have a point, so that no id is ever the made name of another. `label` is for people.
    """

    name: str
    made: str
    label: str


def batch_names(job: Job) -> dict[int, BatchName]:
    """Those of all batches of a job, by the index of the step."""
    named: Counter[str] = Counter()
    nameless: Counter[str] = Counter()  # which a step with an id must not count among, for it may come and go
    found = {}
    for step in job.steps:
        if isinstance(step.action, Send) and step.action.for_each:
            found[step.index] = _name(step, step.action, named if step.id else nameless)
    return found


def _name(step: Step, action: Send, seen: Counter[str]) -> BatchName:
    made = _short(f"{action.message}.{action.for_each}")
    seen[made] += 1
    if seen[made] > 1:
        made = f"{made}.{seen[made]}"
    return BatchName(_short(step.id) if step.id else made, made, step.id or f"'{step.name}'")


def _short(name: str) -> str:
    if len(name) <= LONGEST:
        return name
    return f"{name[:LONGEST]}~{blake2b(name.encode(), digest_size=8).hexdigest()}"
