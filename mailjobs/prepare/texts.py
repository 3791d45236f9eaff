"""All templates of a message or a step, for those who walk over them."""

from __future__ import annotations

from collections.abc import Iterator

from mailjobs.model import AddressEntry, Command, Expand, Message, Step, Template, Verify


def message_texts(message: Message) -> Iterator[Template]:
    """Each template that makes up `message`."""
    alone = (message.from_, message.read_receipt_to, message.delivery_notification_to)
    for entry in (*alone, *message.to, *message.cc, *message.bcc, *message.reply_to):
        yield from _address_texts(entry) if entry else ()
    yield from (header.value for header in message.headers)
    yield from _given(message.return_path, message.subject, message.date.text, message.message_id.text, message.thread)
    yield from _given(message.text, message.html, message.markdown)
    if message.unsubscribe:
        yield from _given(message.unsubscribe.url, message.unsubscribe.mailto)
    if isinstance(message.dsn.envelope_id, Template):
        yield message.dsn.envelope_id
    for attachment in message.attachments:
        yield from _given(attachment.file.text if attachment.file else None, attachment.content)
        yield from _given(attachment.name, attachment.content_id)
    if message.raw and message.raw.file:
        yield message.raw.file.text


def recipient_texts(message: Message) -> Iterator[Template]:
    """Each template that names recipients."""
    for entry in (*message.to, *message.cc, *message.bcc):
        yield from _given(entry.text, entry.address)


def _address_texts(entry: AddressEntry) -> Iterator[Template]:
    yield from _given(entry.text, entry.address, entry.name, entry.orcpt, entry.options)


def _given(*texts: Template | None) -> Iterator[Template]:
    yield from (text for text in texts if text)


def step_texts(step: Step) -> Iterator[Template]:
    """Each template of `step` itself, its condition included."""
    if step.if_:
        yield step.if_
    match step.action:
        case Verify(address=text) | Expand(list=text) | Command(line=text):
            yield text
        case _:
            pass
