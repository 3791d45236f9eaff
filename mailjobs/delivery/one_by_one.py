"""One message without an answer at a time, the next one opened behind it: one round trip each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from mailjobs.delivery.dispatch import Stopped
from mailjobs.delivery.errand import Errand
from mailjobs.delivery.heard import Heard, in_step, of_the_message
from mailjobs.delivery.manners import Manners
from mailjobs.delivery.supply import Supply
from mailjobs.errors import ConnectionLost, MailjobsError, OutputError
from mailjobs.events import Publish
from mailjobs.session import Conversation, Letter, Post
from mailjobs.smtp import Outcome

L = TypeVar("L", bound=Letter)


class OneByOne(Generic[L]):
    """Sends over `conversation` what `supply` has."""

    def __init__(
        self, conversation: Conversation, supply: Supply[L], manners: Manners, goes: Callable[[Letter], bool]
    ) -> None:
        """`goes` says whether a letter goes this way; only those are opened ahead."""
        self._conversation = conversation
        self._supply = supply
        self._manners = manners
        self._goes = goes
        self._carried = 0
        self._was_ahead = False  # whether the present letter was opened behind the one before
        self._ahead = False  # whether the next letter is opened behind the present one
        # Of a batch the messages are told, not their octets.
        self._post = Post(conversation, lambda letter: supply.dot([letter]), Publish())

    def carry(self, look_ahead: bool) -> int:
        """Send the first errand, open the second behind it and render a third while the server thinks; 1.

        Raises what broke the connection, when all that is known of the errand is settled. It is still ready after
        Stopped and OutputError: then nothing of it went out.
        """
        supply = self._supply
        errand = supply.ready[0]
        self._was_ahead, self._ahead = self._ahead, False
        if look_ahead:
            supply.make()  # while the replies to the opening are on their way
        failure = self._begin(errand, self._following if look_ahead else None)
        if failure is not None and isinstance(failure, (Stopped, OutputError)):
            raise failure
        if failure is None and self._ahead:
            supply.make()
        outcomes, failure = self._heard(*self._outcomes(failure))
        supply.ready.popleft()
        self._carried += 1
        supply.settle(errand, outcomes, failure)
        if self._conversation.engine.outstanding or not self._ahead:
            supply.flush()  # the next dot is not at hand yet
        if failure is not None and not self._conversation.usable:
            raise failure
        return 1

    def _following(self) -> Letter | None:
        """What may go out right now, where the rate lets it."""
        self._supply.peek()
        ready = self._supply.ready
        self._ahead = len(ready) > 1 and self._goes(ready[1].letter)
        return ready[1].letter if self._ahead else None

    def _heard(self, outcomes: tuple[Outcome, ...], failure: MailjobsError | None) -> Heard:
        """What was said of the message, and not of the connection or of how we talk."""
        for outcome in outcomes:
            if outcome.state != "accepted":
                break
        else:
            return outcomes, failure
        if self._was_ahead:
            heard = in_step(outcomes, failure)
            if heard is not None:
                self._manners.be_gentler()
                return heard
            if isinstance(failure, ConnectionLost):
                self._manners.lost_ahead()
        return of_the_message(outcomes, failure) if self._carried else (outcomes, failure)

    def _begin(self, errand: Errand[L], following: Callable[[], Letter | None] | None) -> MailjobsError | None:
        try:
            self._post.begin(errand.letter, following)
        except MailjobsError as error:
            return error
        return None

    def _outcomes(self, failure: MailjobsError | None) -> tuple[tuple[Outcome, ...], MailjobsError | None]:
        try:
            return self._post.settle(), failure
        except MailjobsError as error:
            return self._post.outcomes, error
