"""`send` with `for_each`: from rows to outcomes, over one process or several."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from mailjobs.delivery import NoLimits
from mailjobs.ledger import Journal, Known, LedgerBook, LocalClaims, SharedClaims
from mailjobs.model import Send
from mailjobs.prepare import Letter
from mailjobs.rows import Row
from mailjobs.rows.snapshot import Snapshot, SnapshotWriter
from mailjobs.steps.context import Context, Output
from mailjobs.steps.shipment import Shipment


class _Shelf:
    def __init__(self, context: Context, action: Send, folder: Path) -> None:
        self._context = context
        self._action = action
        self._folder = folder
        self.snapshot = Snapshot(folder / "rows")
        count = len(self.snapshot)
        self._claims = LocalClaims(count) if action.processes == 1 else SharedClaims(count)
        self.known = Known.nothing(count)

    def book(self, worker: int | None) -> Any:
        journal = Journal(self._folder / f"ledger-{worker or 0}.log")
        return LedgerBook(self.snapshot, journal, self._claims, self._render, self.known)

    def _render(self, row: Row, position: int) -> Letter:
        return self._context.preparation.render(self._action, self._context.scope, row)


def perform_batch(context: Context, action: Send) -> Output:
    """Result: messages, totals, failures."""
    folder = Path(tempfile.mkdtemp(prefix="batch-"))
    with SnapshotWriter(folder / "rows") as writer:
        found = context.preparation.preflight(action, context.scope, writer)
    shelf = _Shelf(context, action, folder)
    output = Output()
    shipment = Shipment(context, action, shelf, NoLimits(), found.recipients)
    output.error = shipment.deliver()
    shipment.tally.expect(found.recipients)
    output.result = {
        "messages": found.messages,
        "totals": dict(shipment.tally.totals),
        "failures": shipment.tally.failures,
    }
    from mailjobs.steps.send import finish

    return finish(context, output, shipment.tally)
