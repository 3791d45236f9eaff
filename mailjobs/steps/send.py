"""`send`: one message, or one for each row."""

from __future__ import annotations

from collections.abc import Iterator

from mailjobs.delivery import Courier
from mailjobs.errors import MailjobsError
from mailjobs.events import Error, MessageSettled
from mailjobs.model import Send
from mailjobs.prepare import Letter
from mailjobs.session import Settled
from mailjobs.steps.context import Context, Output
from mailjobs.steps.tally import Tally, recipients_of, sent_facts, weightier


def perform(context: Context) -> Output:
    """Results of a single message: recipients and what was sent; of a batch: totals and failures."""
    action = context.step.action
    assert isinstance(action, Send)
    return _single(context, action) if action.for_each is None else _batch(context, action)


def _single(context: Context, action: Send) -> Output:
    letter = context.preparation.letter(action, context.scope)
    tally = Tally()
    output = Output()
    settled, output.error = _deliver(context, tally, iter([letter]))
    output.result = {"recipients": recipients_of(settled) if settled else [], **sent_facts(letter)}
    return _finish(context, output, tally)


def _batch(context: Context, action: Send) -> Output:
    found = context.preparation.preflight(action, context.scope)
    tally = Tally()
    output = Output()
    _, output.error = _deliver(context, tally, context.preparation.letters(action, context.scope))
    tally.expect(found.recipients)
    output.result = {"messages": found.messages, "totals": dict(tally.totals), "failures": tally.failures}
    return _finish(context, output, tally)


def _deliver(
    context: Context, tally: Tally, letters: Iterator[Letter]
) -> tuple[Settled[Letter] | None, MailjobsError | None]:
    """The last letter that was settled, and what kept the rest from being sent: the others are told all the same."""
    settled: Settled[Letter] | None = None
    courier = Courier[Letter](context.connection, context.step.retry, context.sessions.has_time)
    try:
        for settled in courier.deliver(letters):
            _settle(context, tally, settled)
    except MailjobsError as error:
        return settled, error
    return settled, None


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
    output.error = weightier(output.error, tally.error(_stop_on(context)))
    output.last_reply = tally.last_reply
    return output
