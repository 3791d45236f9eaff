"""All templates of a message or a step, for those who walk over them."""

from __future__ import annotations

from collections.abc import Iterator

from mailjobs.model import AddressEntry, Command, Expand, Message, Step, Template, Verify


def message_texts(message: Message) -> Iterator[Template]:
    """Each template that makes up `message`."""
    entries = [*([message.from_] if message.from_ else []), *message.to, *message.cc, *message.bcc, *message.reply_to]
    for entry in entries:
        yield from _address_texts(entry)
    yield from (header.value for header in message.headers)
    yield from (text for text in (message.return_path, message.subject, message.text, message.html) if text)


def _address_texts(entry: AddressEntry) -> Iterator[Template]:
    yield from (text for text in (entry.text, entry.address, entry.name) if text)


def step_texts(step: Step) -> Iterator[Template]:
    """Each template of `step` itself, its condition included."""
    if step.if_:
        yield step.if_
    match step.action:
        case Verify(address=text) | Expand(list=text) | Command(line=text):
            yield text
        case _:
            pass
