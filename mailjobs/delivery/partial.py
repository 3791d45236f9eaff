"""What is left of a letter when some of its recipients were deferred."""

from __future__ import annotations

from dataclasses import replace

from mailjobs.session.post import Letter
from mailjobs.smtp import Envelope, Outcome, Streamed


class Remainder:
    """A letter for those of its recipients that are still deferred, and the outcomes of all."""

    def __init__(self, letter: Letter, outcomes: tuple[Outcome, ...]) -> None:
        self._letter = letter
        self._outcomes = list(outcomes)

    @property
    def deferred(self) -> list[int]:
        """Indexes of the recipients to try again."""
        return [index for index, outcome in enumerate(self._outcomes) if outcome.state == "deferred"]

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """One for each recipient of the whole letter."""
        return tuple(self._outcomes)

    @property
    def envelope(self) -> Envelope:
        """The letter's envelope with the deferred recipients alone."""
        whole = self._letter.envelope
        left = self.deferred
        recipients = tuple(whole.recipients[index] for index in left)
        parameters = tuple(whole.recipient_parameters[index] for index in left) if whole.recipient_parameters else ()
        return replace(whole, recipients=recipients, recipient_parameters=parameters)

    @property
    def content(self) -> bytes | Streamed:
        """The same bytes; streamed ones are made anew."""
        return self._letter.content

    @property
    def stop_indexes(self) -> frozenset[int]:
        """Those of the letter, counted among the deferred."""
        return frozenset(new for new, old in enumerate(self.deferred) if old in self._letter.stop_indexes)

    def merge(self, outcomes: tuple[Outcome, ...]) -> None:
        """Take in what became of the deferred ones."""
        for index, outcome in zip(self.deferred, outcomes, strict=True):
            self._outcomes[index] = outcome
