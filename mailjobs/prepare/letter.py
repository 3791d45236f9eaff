"""A rendered message, ready for delivery."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailjobs.frozen import frozen
from mailjobs.message import Outgoing

if TYPE_CHECKING:
    from mailjobs.smtp import Envelope, Streamed


@frozen
class Letter:
    """An `Outgoing` with what delivery asks of a letter. `row` counts from 1 in a batch, else None."""

    outgoing: Outgoing
    envelope: Envelope
    stop_indexes: frozenset[int]
    content: bytes | Streamed
    row: int | None = None
    key: str = ""


def letter_for(outgoing: Outgoing, stop_on: tuple[str, ...], row: int | None = None, key: str = "") -> Letter:
    """Wrap `outgoing`; `stop_on` names the kinds of recipients whose refusal keeps it from everybody."""
    from mailjobs.smtp import Envelope  # a job that is only checked has none

    content = outgoing.content
    addresses = tuple([recipient.address for recipient in outgoing.recipients])
    # What only a Bcc needs, which stands in no header, is that recipient's own affair.
    smtputf8 = outgoing.smtputf8 and not (outgoing.sender.isascii() and outgoing.head.isascii())
    envelope = Envelope(outgoing.sender, addresses, len(content), smtputf8, outgoing.eightbit)
    stops = frozenset(i for i, recipient in enumerate(outgoing.recipients) if recipient.kind in stop_on)
    return Letter(outgoing, envelope, stops, content, row, key)
