"""Date and Message-ID, from what identifies a message: the same run gives the same bytes."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from hashlib import sha256

from mailjobs.message.outgoing import Identity

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@lru_cache(maxsize=16)
def date_time(moment: datetime) -> str:
    """A date as in RFC 5322 section 3.3, whatever the locale."""
    zone = moment.strftime("%z")[:5] or "-0000"
    day = f"{_DAYS[moment.weekday()]}, {moment.day:02} {_MONTHS[moment.month - 1]} {moment.year:04}"
    return f"{day} {moment.hour:02}:{moment.minute:02}:{moment.second:02} {zone}"


def message_id(identity: Identity, message: str, domain: str) -> str:
    """A Message-ID at `domain` that only this row of this message in this run has (RFC 5322 section 3.6.4)."""
    told = "\0".join((identity.run_id, message, identity.key))
    return f"<{sha256(told.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}@{domain}>"
