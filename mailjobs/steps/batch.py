"""`send` with `for_each`: from rows to outcomes, over one process or several."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from mailjobs.errors import Interrupted, MailjobsError, ReplyError
from mailjobs.model import Send
from mailjobs.steps.context import Context, Output
from mailjobs.steps.failed_rows import write_failed_rows
from mailjobs.steps.letter_maker import LetterMaker
from mailjobs.steps.limits import limits_of
from mailjobs.steps.people import count_anew, hidden
from mailjobs.steps.shelf import Shelf
from mailjobs.steps.shipment import Shipment
from mailjobs.steps.tally import Tally, weightier


def perform_batch(context: Context, action: Send) -> Output:
    """Result: messages, totals, failures, and where the rows are that failed."""
    context.preparation.suppressed(action)  # read once, before there are threads
    shelf = context.batches.shelf(context.step)
    count_anew(context, action, shelf)
    maker = LetterMaker(context, action, shelf)
    shipment = Shipment(context, action, shelf, maker, limits_of(action), shelf.left)
    before = dict(shelf.known.totals)
    output = Output(error=shipment.deliver())
    tally = shipment.tally
    output.error = weightier(output.error or tally.unmade, tally.error(action.stop_on))
    output.last_reply = tally.last_reply
    _account(context, action, shelf, output, tally)
    output.error = output.error or _failed_before(before, shelf.opened)
    told = _summary(tally.summary(), before) + _why_stopped(action, tally) + _where(output.result)
    output.summary = told + shelf.found.remarks(tally.bad)
    return output


def _account(context: Context, action: Send, shelf: Shelf, output: Output, tally: Tally) -> None:
    """What became of the batch, over all its sessions, and the rows that failed as files of their own."""
    try:
        totals = shelf.totals(tally.skipped)
        files = write_failed_rows(shelf, partial(hidden, context, action))
        done = not totals.get("not-attempted") and not totals.get("deferred")
        context.batches.settle(context.step, totals, done)
        rows = shelf.found.rows(tally.bad)
        told = {"totals": totals, "rows": rows, "failures": tally.failures}
        output.result = {"messages": len(shelf.snapshot), **told, **files}
    except MailjobsError as error:
        output.error = output.error if isinstance(output.error, Interrupted) else error


def _summary(now: str, before: dict[str, int]) -> str:
    told = [f"{before[letter]} {words}" for letter, words in BEFORE.items() if before.get(letter)]
    return f"{now} ({', '.join(told)})" if told else now


def _failed_before(before: dict[str, int], opened: str) -> MailjobsError | None:
    """Who failed when the run was begun has failed, even where all that was left went well."""
    rejected, unknown = [before.get(letter, 0) if letter not in opened else 0 for letter in "ru"]
    told = [f"{count} {words}" for count, words in ((rejected, "rejected"), (unknown, "unknown")) if count]
    if not told:
        return None
    options = [option for count, option in ((rejected, "--retry-failed"), (unknown, "--retry-unknown")) if count]
    hint = f"{' and '.join(options)} would send to them"
    return ReplyError(f"of the recipients before, {' and '.join(told)}", temporary=False, hint=hint)


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


BEFORE = {"a": "accepted before", "b": "delivered by an earlier run", "r": "rejected before", "u": "unknown before"}
