"""A rendered message, ready for delivery."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from mailjobs.frozen import frozen
from mailjobs.message import Outgoing, Recipient

if TYPE_CHECKING:
    from mailjobs.smtp import Envelope, Streamed

NOBODY: frozenset[int] = frozenset()
RETURNED = {"headers": "HDRS", "full": "FULL"}


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
    whole = outgoing.whole
    stops = NOBODY
    if stop_on:
        stops = frozenset(i for i, recipient in enumerate(outgoing.recipients) if recipient.kind in stop_on)
    envelope = _envelope(outgoing, outgoing.size if whole is None else len(whole))
    return Letter(outgoing, envelope, stops, outgoing if whole is None else whole, row, key)


@cache
def _envelope_type() -> type[Envelope]:
    """A job that is only checked has none, and does not import it."""
    from mailjobs.smtp import Envelope

    return Envelope


def _envelope(outgoing: Outgoing, size: int) -> Envelope:
    people, reports = outgoing.recipients, outgoing.reports
    if len(people) == 1:  # of a batch nearly always
        only = people[0]
        addresses: tuple[str, ...] = (only.address,)
        wished = bool(only.notify or only.orcpt or only.options)
    else:
        addresses = tuple([one.address for one in people])
        wished = any(one.notify or one.orcpt or one.options for one in people)
    return _envelope_type()(
        outgoing.sender,
        addresses,
        size,
        outgoing.smtputf8,
        outgoing.eightbit,
        _mail_parameters(outgoing) if reports.returned or reports.envelope_id else (),
        tuple([_rcpt_parameters(one) for one in people]) if wished else (),
    )


def _mail_parameters(outgoing: Outgoing) -> tuple[str, ...]:
    """RET and ENVID (RFC 3461 sections 4.3 and 4.4)."""
    from mailjobs.smtp import xtext

    reports = outgoing.reports
    found = [f"RET={RETURNED[reports.returned]}"] if reports.returned else []
    return (*found, f"ENVID={xtext(reports.envelope_id)}") if reports.envelope_id else tuple(found)


def _rcpt_parameters(recipient: Recipient) -> tuple[str, ...]:
    """NOTIFY, ORCPT (RFC 3461 sections 4.1 and 4.2) and what the job adds."""
    from mailjobs.smtp import xtext

    found = [f"NOTIFY={','.join(recipient.notify).upper()}"] if recipient.notify else []
    if recipient.orcpt:
        found.append(f"ORCPT=rfc822;{xtext(recipient.orcpt)}")
    return (*found, *recipient.options)
