"""`send`: one message, or one for each row."""

from __future__ import annotations

from collections.abc import Iterator

from mailjobs.delivery import Courier, Settled
from mailjobs.events import Error, MessageSettled
from mailjobs.model import Send
from mailjobs.prepare import Letter
from mailjobs.steps.context import Context, Output
from mailjobs.steps.tally import Tally, recipients_of, sent_facts


def perform(context: Context) -> Output:
    """Results of a single message: recipients and what was sent; of a batch: totals and failures."""
    action = context.step.action
    assert isinstance(action, Send)
    return _single(context, action) if action.for_each is None else _batch(context, action)


def _single(context: Context, action: Send) -> Output:
    letter = context.preparation.letter(action, context.scope)
    tally = Tally()
    output = Output()
    for settled in _deliver(context, iter([letter])):
        _settle(context, tally, settled)
        output.result = {"recipients": recipients_of(settled), **sent_facts(letter)}
    return _finish(context, output, tally)


def _batch(context: Context, action: Send) -> Output:
    count = context.preparation.preflight(action, context.scope)
    tally = Tally()
    output = Output()
    for settled in _deliver(context, context.preparation.letters(action, context.scope)):
        _settle(context, tally, settled)
    output.result = {"messages": count, "totals": dict(tally.totals), "failures": tally.failures}
    return _finish(context, output, tally)


def _deliver(context: Context, letters: Iterator[Letter]) -> Iterator[Settled[Letter]]:
    return Courier[Letter](context.connection, context.step.retry).deliver(letters)


def _settle(context: Context, tally: Tally, settled: Settled[Letter]) -> None:
    tally.add(settled)
    for recipient, outcome in zip(settled.letter.outgoing.recipients, settled.outcomes, strict=True):
        reply = str(outcome.reply) if outcome.reply else None
        context.publish(MessageSettled(settled.letter.row, recipient.address, outcome.state, reply))
        if recipient.kind == "bcc" and outcome.state == "rejected" and "bcc" not in _stop_on(context):
            words = f"a Bcc recipient was refused{f': {outcome.reason}' if outcome.reason else ''}"
            context.publish(Error(161, words, recipient.address, reply))


def _stop_on(context: Context) -> tuple[str, ...]:
    action = context.step.action
    return action.stop_on if isinstance(action, Send) else ()


def _finish(context: Context, output: Output, tally: Tally) -> Output:
    output.summary = tally.summary()
    output.error = tally.error(_stop_on(context))
    output.last_reply = tally.last_reply
    return output
