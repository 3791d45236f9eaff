"""`queue`: put one message into a directory, or one for each row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mailjobs import clock
from mailjobs.errors import EncodingError, FileError
from mailjobs.model import Queue
from mailjobs.prepare import Letter
from mailjobs.steps.context import Context, Output
from mailjobs.steps.tally import sent_facts

if TYPE_CHECKING:
    from mailjobs.spool import Entry


def perform(context: Context) -> Output:
    """file, or text where there is no directory, and what was queued; of a batch: totals and failures."""
    action = context.step.action
    assert isinstance(action, Queue)
    if action.for_each is None:
        return _single(context, action)
    from mailjobs.steps.batch import perform_batch  # a single message keeps no books

    return perform_batch(context, action)


def _single(context: Context, action: Queue) -> Output:
    from mailjobs.spool import fresh_name, queue_message

    letter = context.preparation.letter(action, context.scope)
    context.send_to(len(letter.outgoing.recipients))
    entry = entry_of(context, action, letter)
    facts: dict[str, Any] = {**_people(letter), **sent_facts(letter)}
    if action.dir is None:
        return Output({"text": _text(entry, letter), **facts}, f"{letter.outgoing.size} bytes as text")
    try:
        file = queue_message(action.dir, fresh_name(), entry, letter.outgoing)
    except FileError as error:
        error.place = error.place or action.place
        raise
    return Output({"file": file, **facts}, f"queued as {action.dir.name}/{file}")


def entry_of(context: Context, action: Queue, letter: Letter) -> Entry:
    """The head of a queue file for `letter`."""
    from mailjobs.spool import Entry, Person

    envelope, outgoing = letter.envelope, letter.outgoing
    people = enumerate(outgoing.recipients)
    return Entry(
        created=clock.now(),
        sender=envelope.sender,
        recipients=tuple([Person(one.kind, one.address, envelope.parameters_of(index)) for index, one in people]),
        size=envelope.size,
        job=context.preparation.job.name,
        run=context.preparation.facts.id,
        row=letter.key,
        message=outgoing.message,
        message_id=outgoing.message_id,
        mail_parameters=envelope.mail_parameters,
        smtputf8=envelope.smtputf8,
        eightbit=envelope.eightbit,
        stop_on=action.stop_on,
    )


def _people(letter: Letter) -> dict[str, Any]:
    return {"recipients": [{"address": one.address, "kind": one.kind} for one in letter.outgoing.recipients]}


def _text(entry: Entry, letter: Letter) -> str:
    from mailjobs.spool.write import encode_file

    try:
        return b"".join(encode_file(entry, letter.outgoing)).decode()
    except UnicodeDecodeError:
        words = f"the message '{entry.message}' is not UTF-8, so its queue file cannot be given as text"
        raise EncodingError(words, hint="queue it into a directory") from None
