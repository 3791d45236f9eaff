"""What became of a letter so far, and what is left of it to be tried again."""

from __future__ import annotations

from mailjobs.errors import MailjobsError
from mailjobs.session import Letter, Part
from mailjobs.smtp import Outcome


class Remainder:
    """The outcomes of all recipients of a letter, and who of them may be tried again."""

    def __init__(self, letter: Letter) -> None:
        self._letter = letter
        self._outcomes = [Outcome(recipient, "not-attempted") for recipient in letter.envelope.recipients]

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """One for each recipient of the whole letter."""
        return tuple(self._outcomes)

    def part(self, error: MailjobsError | None) -> Part | None:
        """The letter for those whom another try may help, or None. `error` is what broke the last try off.

        Those are the deferred, and whom nothing was sent to since the connection failed or somebody was deferred
        who stops the message. Where such a one was rejected it is nobody's any more.
        """
        if any(self._outcomes[index].state == "rejected" for index in self._letter.stop_indexes):
            return None
        states = ("deferred", "not-attempted") if error is None or error.temporary else ("deferred",)
        indexes = tuple([index for index, outcome in enumerate(self._outcomes) if outcome.state in states])
        return Part(self._letter, indexes) if indexes else None

    def merge(self, letter: Letter, outcomes: tuple[Outcome, ...]) -> None:
        """Take in what became of `letter`, which is the whole one or a part. Who was deferred before stays so where
        nothing was sent to him: the server's words tell more.
        """
        indexes = letter.indexes if isinstance(letter, Part) else range(len(self._outcomes))
        for index, outcome in zip(indexes, outcomes, strict=True):
            if outcome.state != "not-attempted" or self._outcomes[index].state == "not-attempted":
                self._outcomes[index] = outcome
