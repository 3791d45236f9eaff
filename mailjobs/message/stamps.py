"""Date, Message-ID and References, from what identifies a message: the same run gives the same bytes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from hashlib import md5, sha1, sha256
from typing import Any

from mailjobs.message.complaints import complaint
from mailjobs.message.outgoing import Identity
from mailjobs.message.texts import checked, one_line
from mailjobs.model import Stamp, Template
from mailjobs.templates import Rendering, Templates

Scope = Mapping[str, Any]

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DATE = re.compile(
    rf"(?:(?:{'|'.join(_DAYS)}), )?[0-9]{{1,2}} (?:{'|'.join(_MONTHS)}) [0-9]{{4}} "
    r"[0-9]{2}:[0-9]{2}(?::[0-9]{2})? [+-][0-9]{4}"
)
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_ID = re.compile(rf"<{_ATOM}(?:\.{_ATOM})*@(?:{_ATOM}(?:\.{_ATOM})*|\[[!-Z^-~]*\])>")
_DIGESTS = {"md5": md5, "sha1": sha1, "sha256": sha256}


@lru_cache(maxsize=16)
def date_time(moment: datetime) -> str:
    """A date as in RFC 5322 section 3.3, whatever the locale."""
    zone = moment.strftime("%z")[:5] or "-0000"
    day = f"{_DAYS[moment.weekday()]}, {moment.day:02} {_MONTHS[moment.month - 1]} {moment.year:04}"
    return f"{day} {moment.hour:02}:{moment.minute:02}:{moment.second:02} {zone}"


def digest_of(identity: Identity, message: str, digest: str = "sha256") -> str:
    """32 hexadecimal digits that only this row of this message in this run has."""
    told = "\0".join((identity.run_id, message, identity.key))
    made = _DIGESTS[digest](told.encode("utf-8", "surrogatepass"), usedforsecurity=False)
    return str(made.hexdigest()[:32])


class DateField:
    """The date of a message; None where the job leaves it to the relay."""

    __slots__ = ("_kind", "_rendering")

    def __init__(self, stamp: Stamp, templates: Templates) -> None:
        self._kind = stamp.kind
        self._rendering = _rendering(stamp.text, templates)
        if self._rendering is not None and self._rendering.constant is not None:
            self._text(self._rendering, {})

    def fill(self, scope: Scope, identity: Identity) -> str | None:
        """The value. Raises DataError (JobError without a row) for what is no date of RFC 5322."""
        if self._rendering is not None:
            return self._text(self._rendering, scope)
        return date_time(identity.started) if self._kind == "auto" else None

    def _text(self, rendering: Rendering, scope: Scope) -> str:
        text = checked("date", rendering, scope).strip()
        if not _DATE.fullmatch(text) or _modern(text) is None:
            modern = _modern(text)
            hint = f'write "{modern or "Fri, 01 Mar 2024 21:24:52 -0500"}"'
            raise complaint(f"date: {text[:60]!r} is no date of RFC 5322", rendering.template, scope, hint=hint)
        return text


class MessageIdField:
    """The Message-ID; None where the job leaves it to the relay."""

    __slots__ = ("_digest", "_kind", "_rendering")

    def __init__(self, stamp: Stamp, templates: Templates) -> None:
        self._kind = stamp.kind
        self._digest = stamp.digest
        self._rendering = _rendering(stamp.text, templates)
        if self._rendering is not None and self._rendering.constant is not None:
            self._text(self._rendering, {})

    def fill(self, scope: Scope, identity: Identity, message: str, domain: str) -> str | None:
        """The value with its angle brackets. Raises DataError (JobError without a row)."""
        if self._rendering is not None:
            return self._text(self._rendering, scope)
        return f"<{digest_of(identity, message, self._digest)}@{domain}>" if self._kind == "auto" else None

    def _text(self, rendering: Rendering, scope: Scope) -> str:
        text = checked("message_id", rendering, scope).strip()
        if not _ID.fullmatch(text):
            words = f"message_id: {text[:60]!r} is no message id"
            raise complaint(words, rendering.template, scope, hint="write it as <left@right>")
        return text


def thread_id(key: str, domain: str) -> str:
    """The id that all messages of a thread refer to; no message has it."""
    return f"<{sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}.thread@{domain}>"


def _rendering(text: Template | None, templates: Templates) -> Rendering | None:
    return templates.header(one_line(text)) if text is not None else None


def _modern(text: str) -> str | None:
    """The date that `text` means, as RFC 5322 has it today; None where it means none."""
    from email.utils import parsedate_to_datetime

    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if text[:3] in _DAYS and _DAYS[moment.weekday()] != text[:3] and text[3:4] == ",":
        return None
    return date_time(moment)
