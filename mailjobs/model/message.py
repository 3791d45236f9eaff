"""A message as a job describes it: templates for the envelope, the headers and the bodies."""

from __future__ import annotations

from mailjobs.errors import Place
from mailjobs.frozen import frozen
from mailjobs.model.template import Template


@frozen
class AddressEntry:
    """One entry of an address field: `text` ("Name <a@b>", several with commas), or `address` with a `name`."""

    text: Template | None = None
    address: Template | None = None
    name: Template | None = None


@frozen
class Header:
    """An extra header. Its name is literal, its value a template."""

    name: str
    value: Template


@frozen
class Message:
    """One message. A `return_path` whose source is empty is the null sender; None means the From address."""

    name: str
    place: Place
    from_: AddressEntry | None = None
    to: tuple[AddressEntry, ...] = ()
    cc: tuple[AddressEntry, ...] = ()
    bcc: tuple[AddressEntry, ...] = ()
    reply_to: tuple[AddressEntry, ...] = ()
    return_path: Template | None = None
    subject: Template | None = None
    headers: tuple[Header, ...] = ()
    text: Template | None = None
    html: Template | None = None
