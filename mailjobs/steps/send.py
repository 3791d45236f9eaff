"""`send`: one message, or one for each row."""

from __future__ import annotations

from collections.abc import Iterator

from mailjobs.delivery import Courier
from mailjobs.errors import MailjobsError
from mailjobs.model import Send
from mailjobs.prepare import Letter
from mailjobs.session import Settled
from mailjobs.steps.context import Context, Output
from mailjobs.steps.reporting import tell
from mailjobs.steps.tally import Tally, recipients_of, sent_facts, weightier


def perform(context: Context) -> Output:
    """Results of a single message: recipients and what was sent; of a batch: totals and failures."""
    action = context.step.action
    assert isinstance(action, Send)
    if action.for_each is None:
        return _single(context, action)
    from mailjobs.steps.batch import perform_batch  # a single message keeps no books

    return perform_batch(context, action)


def _single(context: Context, action: Send) -> Output:
    letter = context.preparation.letter(action, context.scope)
    context.send_to(len(letter.outgoing.recipients))
    tally = Tally()
    output = Output()
    settled, output.error = _deliver(context, tally, iter([letter]))
    output.result = {"recipients": recipients_of(settled) if settled else [], **sent_facts(letter)}
    return finish(context, output, tally)


def _deliver(
    context: Context, tally: Tally, letters: Iterator[Letter]
) -> tuple[Settled[Letter] | None, MailjobsError | None]:
    """The last letter that was settled, and what kept the rest from being sent: the others are told all the same."""
    settled: Settled[Letter] | None = None
    publish = context.publish.bind(server=context.sessions.name(context.step.server))
    courier = Courier[Letter](context.connection, context.step.retry, context.sessions.has_time)
    try:
        for settled in courier.deliver(letters):
            tally.add(settled)
            tell(settled, publish, _stop_on(context))
    except MailjobsError as error:
        return settled, error
    return settled, None


def _stop_on(context: Context) -> tuple[str, ...]:
    action = context.step.action
    return action.stop_on if isinstance(action, Send) else ()


def finish(context: Context, output: Output, tally: Tally) -> Output:
    output.summary = tally.summary()
    output.error = weightier(output.error, tally.error(_stop_on(context)))
    output.last_reply = tally.last_reply
    return output
