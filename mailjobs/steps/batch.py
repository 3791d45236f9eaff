"""`send` with `for_each`: from rows to outcomes, over one process or several."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from mailjobs.errors import Interrupted, MailjobsError, OutputError, ReplyError
from mailjobs.model import Queue, Send
from mailjobs.steps.before import failed_before, told
from mailjobs.steps.context import Context, Output
from mailjobs.steps.failed_rows import write_failed_rows
from mailjobs.steps.letter_maker import LetterMaker
from mailjobs.steps.limits import limits_of
from mailjobs.steps.people import count_anew, hidden
from mailjobs.steps.recount import recount
from mailjobs.steps.shelf import Shelf
from mailjobs.steps.shipment import Shipment
from mailjobs.steps.tally import Tally, weightier

if TYPE_CHECKING:
    from mailjobs.steps.queueing import Queueing


def perform_batch(context: Context, action: Send) -> Output:
    """Result: messages, totals, failures, and where the rows are that failed."""
    context.preparation.suppressed(action)  # read once, before there are threads
    shelf = context.batches.shelf(context.step)
    count_anew(context, action, shelf)
    maker = LetterMaker(context, action, shelf)
    shipment = _shipment(context, action, shelf, maker)
    before = dict(shelf.known.totals)
    output = Output(error=shipment.deliver())
    tally = shipment.tally
    lost = ""
    if shipment.lost:
        lost = f"; {output.error.message}" if output.error is not None else ""
        with suppress(OutputError):  # which is told with the totals
            recount(tally, shelf, partial(context.preparation.render, action, context.scope))
    tally.expect(shelf.left_at_first)
    output.error = weightier(output.error or tally.unmade, tally.error(action.stop_on))
    output.last_reply = tally.last_reply
    _account(context, action, shelf, output, tally)
    _judge_before(context, action, shelf, output, before)
    stopped, where = _why_stopped(action, tally) + lost, _where(output.result)
    done = "queued" if isinstance(action, Queue) else "accepted"
    output.summary = f"{tally.summary(done)}{told(before)}{stopped}{where}{f'; {shelf.note}' if shelf.note else ''}"
    output.summary += shelf.found.remarks(tally.bad)
    return output


def _shipment(context: Context, action: Send, shelf: Shelf, maker: LetterMaker) -> Shipment | Queueing:
    if not isinstance(action, Queue):
        return Shipment(context, action, shelf, maker, limits_of(action), shelf.left)
    from mailjobs.steps.queueing import Queueing

    assert action.dir is not None, "a batch is queued into a directory"
    return Queueing(context, action, action.dir, shelf, maker)


def _account(context: Context, action: Send, shelf: Shelf, output: Output, tally: Tally) -> None:
    """What became of the batch, over all its sessions, and the rows that failed as files of their own."""
    try:
        totals = shelf.totals(tally.skipped)
        output.error = output.error or _left(totals["not-attempted"])
        files = write_failed_rows(shelf, partial(hidden, context, action))
        done = not totals["not-attempted"] and not totals["deferred"]
        context.batches.settle(context.step, totals, done)
        rows = shelf.found.rows(tally.bad)
        told = {"totals": totals, "rows": rows, "failures": tally.failures}
        output.result = {"messages": len(shelf.snapshot), **told, **files}
    except MailjobsError as error:
        output.error = output.error if isinstance(output.error, Interrupted) else error


def _left(count: int) -> MailjobsError | None:
    """Whoever was not sent to has not got it, even where nothing says why."""
    if not count:
        return None
    words = f"{count} recipient{'' if count == 1 else 's'} of the batch could not be sent to"
    return ReplyError(words, temporary=True, hint="the same command goes on with them")


def _judge_before(context: Context, action: Send, shelf: Shelf, output: Output, before: Mapping[str, int]) -> None:
    """Who failed before counts, too; but later steps wait for nobody who is not tried any more."""
    try:
        earlier = failed_before(context, action, shelf, before)
    except MailjobsError as error:
        output.error = output.error or error
        return
    output.earlier = output.error is None and earlier is not None
    output.error = weightier(output.error, earlier)


def _where(result: Mapping[str, Any]) -> str:
    """The files that a person would look at next."""
    files = [f"{name} rows: {result[name]}" for name in ("failed", "unknown") if result.get(name)]
    return f"; {', '.join(files)}" if files else ""


def _why_stopped(action: Send, tally: Tally) -> str:
    left = tally.totals["not-attempted"]
    failed = tally.totals.total() - tally.totals["accepted"] - left
    if left and action.max_failures is not None and failed > action.max_failures:
        return f"; stopped after {failed} failures (max_failures: {action.max_failures})"
    return "; stopped at the first failure (on_error: stop)" if left and failed and action.on_error == "stop" else ""
