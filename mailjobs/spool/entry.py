"""What a queue file says of its message before the message itself: the envelope, and where it came from."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple

from mailjobs.frozen import frozen
from mailjobs.smtp import Envelope

Kind = Literal["to", "cc", "bcc"]


class Person(NamedTuple):
    """A recipient. `parameters` are what its RCPT says besides, as on the wire (`NOTIFY=FAILURE`; RFC 3461)."""

    kind: Kind
    address: str
    parameters: tuple[str, ...] = ()


@frozen
class Entry:
    """The head of a queue file. It holds nothing that is secret.

    `created` has a time zone. `job`, `run`, `row` (its key) and `message` (its name in the job) are "" where there is
    none. `sender` is "" for the null sender. `size` is that of the content in octets, which has CRLF line ends and is
    not dot-stuffed. `mail_parameters` are what MAIL says besides, as on the wire. `stop_on` are kinds of recipients
    whose refusal keeps the message from everybody. After `expires` nothing is tried any more.
    """

    created: datetime
    sender: str
    recipients: tuple[Person, ...]
    size: int
    job: str = ""
    run: str = ""
    row: str = ""
    message: str = ""
    message_id: str = ""
    mail_parameters: tuple[str, ...] = ()
    smtputf8: bool = False
    eightbit: bool = False
    stop_on: tuple[Kind, ...] = ()
    deliver: str = "mail"
    expires: datetime | None = None

    @property
    def envelope(self) -> Envelope:
        """As a conversation wants it."""
        wished = any(person.parameters for person in self.recipients)
        return Envelope(
            self.sender,
            tuple([person.address for person in self.recipients]),
            self.size,
            self.smtputf8,
            self.eightbit,
            self.mail_parameters,
            tuple([person.parameters for person in self.recipients]) if wished else (),
        )

    @property
    def stop_indexes(self) -> frozenset[int]:
        """Recipients whose refusal keeps the message from everybody."""
        if not self.stop_on:
            return frozenset()
        return frozenset([index for index, person in enumerate(self.recipients) if person.kind in self.stop_on])
