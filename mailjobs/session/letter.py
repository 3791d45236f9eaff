"""What is delivered: a letter, a part of one, and what became of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Generic, Protocol, TypeVar

from mailjobs.errors import MailjobsError
from mailjobs.frozen import frozen
from mailjobs.smtp import Envelope, Outcome, Streamed


class Letter(Protocol):
    """What a message must have to be sent; its content has CRLF line ends and is not yet dot-stuffed."""

    @property
    def envelope(self) -> Envelope:
        """Sender, recipients and needs."""

    @property
    def content(self) -> bytes | Streamed:
        """Header section, empty line, body."""

    @property
    def stop_indexes(self) -> frozenset[int]:
        """Recipients whose refusal keeps the message from everybody."""


L = TypeVar("L", bound=Letter)


@frozen
class Part:
    """A letter for some of the recipients of another one, which are those at `indexes`."""

    whole: Letter
    indexes: tuple[int, ...]

    @property
    def envelope(self) -> Envelope:
        """That of the whole letter, with these recipients alone."""
        whole = self.whole.envelope
        recipients = tuple([whole.recipients[index] for index in self.indexes])
        parameters = tuple([whole.parameters_of(index) for index in self.indexes])
        return replace(whole, recipients=recipients, recipient_parameters=parameters if any(parameters) else ())

    @property
    def content(self) -> bytes | Streamed:
        """The same bytes; streamed ones are made anew."""
        return self.whole.content

    @property
    def stop_indexes(self) -> frozenset[int]:
        """Those of the whole letter, counted among these."""
        return frozenset(new for new, old in enumerate(self.indexes) if old in self.whole.stop_indexes)


@frozen
class Settled(Generic[L]):
    """A letter with one outcome for each of its recipients, and what broke the connection, if anything did."""

    letter: L
    outcomes: tuple[Outcome, ...]
    error: MailjobsError | None = None
