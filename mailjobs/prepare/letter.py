"""A rendered message, ready for delivery."""

from __future__ import annotations

from dataclasses import dataclass

from mailjobs.message import Outgoing
from mailjobs.smtp import Envelope


@dataclass(frozen=True, slots=True)
class Letter:
    """An `Outgoing` with what delivery asks of a letter. `row` counts from 1 in a batch, else None."""

    outgoing: Outgoing
    envelope: Envelope
    stop_indexes: frozenset[int]
    content: bytes
    row: int | None = None
    key: str = ""


def letter_for(outgoing: Outgoing, stop_on: tuple[str, ...], row: int | None = None, key: str = "") -> Letter:
    """Wrap `outgoing`; `stop_on` names the kinds of recipients whose refusal keeps it from everybody."""
    content = outgoing.content
    addresses = tuple([recipient.address for recipient in outgoing.recipients])
    envelope = Envelope(outgoing.sender, addresses, len(content), outgoing.smtputf8, outgoing.eightbit)
    stops = frozenset(i for i, recipient in enumerate(outgoing.recipients) if recipient.kind in stop_on)
    return Letter(outgoing, envelope, stops, content, row, key)
