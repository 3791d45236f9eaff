"""One batch in a plan: its rows and recipients, what became of them before, and how long the rest takes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, Final

from mailjobs.errors import JobError
from mailjobs.ledger import Delivered, Known, StateFolder, totals_of
from mailjobs.ledger.known import KEPT
from mailjobs.message import Outgoing
from mailjobs.model import Rate, Send
from mailjobs.prepare import Found, Preparation
from mailjobs.rows.snapshot import Snapshot
from mailjobs.run.batch import Batch, open_recipients
from mailjobs.run.plan import BatchPlan, Example, Pace
from mailjobs.steps.limits import processes_of

EXAMPLES: Final = 3
LOOKED_AT: Final = 100  # rows that are rendered at most to find them

Scope = Mapping[str, Any]


class PlannedBatch:
    """A batch that was looked at without an error. `refused`: nothing of it would be sent."""

    def __init__(self, folder: StateFolder, batch: Batch, refused: bool) -> None:
        action = batch.step.action
        assert isinstance(action, Send), "only sends have batches"
        self._action = action
        self._batch = batch
        self._folder = folder
        self._known = batch.known()
        self._opened = batch.hand.opened
        self.left = 0 if refused else open_recipients(batch.found, self._known.totals, self._opened)

    def plan(self, had: str | None) -> BatchPlan:
        """The counts; `had` is the batch of an earlier run whose recipients get one more message, if there is any."""
        found = self._batch.found
        before = self._delivered_before(had) if had is not None else 0
        pace = pace_of(self._action, found, self._messages_left(), self.left)
        known = totals_of(self._known)
        known.pop("not-attempted", None)  # as good as untouched
        return batch_plan(self._action, found, known, before, pace)

    def _messages_left(self) -> int:
        """How many rows are surely open."""
        found, known = self._batch.found, self._known
        if not self.left or found.recipients == found.messages:
            return self.left
        mixed = sum(1 for position in known.mixed if known.open(position, self._opened))
        return min(sum(known.states.count(letter.encode()) for letter in self._opened) + mixed, self.left)

    def _delivered_before(self, had: str) -> int:
        """How many rows that are open had a message in a batch of an earlier run."""
        files, states = self._batch.files, self._known.states
        rows = Snapshot(files.rows)
        try:
            with Delivered(self._folder, [had]) as delivered:
                left = (row for row, state in zip(rows.rows(), states, strict=True) if chr(state) in self._opened)
                return sum(1 for row in left if delivered.of(row))
        finally:
            rows.close()

    def examples(self, preparation: Preparation, scope: Scope) -> tuple[Example, ...]:
        """The first messages that would go out."""
        return tuple(islice(self._rendered(preparation, scope), EXAMPLES))

    def _rendered(self, preparation: Preparation, scope: Scope) -> Iterator[Example]:
        rows = Snapshot(self._batch.files.rows)
        try:
            for position in islice(open_rows(self._known, self._opened), LOOKED_AT):
                row = rows.row(position)
                try:
                    outgoing = preparation.render(self._action, scope, row).outgoing
                except JobError:
                    continue  # which preflight was told to leave to the run
                held = self._known.kept.addresses(position) if self._known.kept is not None else {}
                if any(held.get(one.address, "n") in self._opened for one in outgoing.recipients):
                    yield example(outgoing, row.number, row.key)
        finally:
            rows.close()

    def close(self) -> None:
        """Let go of the files."""
        if self._known.kept is not None:
            self._known.kept.close()


def open_rows(known: Known, opened: str) -> Iterator[int]:
    """Positions of rows that are open; then of those of which only rendering can tell it."""
    for found in re.finditer(f"[{opened}m]".encode(), known.states):
        if known.open(found.start(), opened):
            yield found.start()
    for found in re.finditer(bytes([KEPT]), known.states):
        yield found.start()


def batch_plan(action: Send, found: Found, known: Mapping[str, int], before: int, pace: Pace | None) -> BatchPlan:
    """The counts as a plan has them."""
    assert action.for_each is not None, "a batch names its data"
    return BatchPlan(
        data=action.for_each,
        limit=action.limit,
        read=found.read,
        selected=found.selected,
        excluded=found.excluded,
        bad=found.bad,
        repeated=found.repeated,
        messages=found.messages,
        recipients=found.recipients,
        known=known,
        before=before,
        pace=pace,
    )


def example(outgoing: Outgoing, row: int | None = None, key: str = "") -> Example:
    """A message as somebody may recognise it."""
    subject = next((told["text"] for told in outgoing.told() if told["name"].lower() == "subject"), "")
    return Example(row, key, outgoing.recipients, subject, outgoing.size)


def pace_of(action: Send, found: Found, messages: int, recipients: int) -> Pace:
    """How fast so many may go; a rate lets the first one go at once."""
    most = max(found.domains.values(), default=0)
    bounds = [
        _seconds(action.rate, messages, recipients),
        _seconds(action.rate_per_domain, *[most - (found.recipients - recipients)] * 2),
    ]
    known = [bound for bound in bounds if bound is not None]
    processes = processes_of(action)
    connections = max(action.connections, processes)
    return Pace(connections, processes, action.rate, action.rate_per_domain, max(known, default=None))


def _seconds(rate: Rate | None, messages: int, recipients: int) -> int | None:
    if rate is None:
        return None
    count = recipients if rate.unit == "recipients" else messages
    return int(max(count - 1, 0) / rate.per_second)
