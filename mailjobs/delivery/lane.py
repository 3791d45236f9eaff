"""One connection at a time, with a thread of its own that renders what it sends."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

from mailjobs.delivery.dispatch import Dispatch, Stopped
from mailjobs.delivery.manners import Manners
from mailjobs.delivery.one_by_one import OneByOne
from mailjobs.delivery.supply import Supply
from mailjobs.delivery.terms import Terms
from mailjobs.delivery.windowed import Windowed
from mailjobs.errors import MailjobsError, OutputError
from mailjobs.session import Conversation, Letter

L = TypeVar("L", bound=Letter)

LONGEST_IDLE = 10.0  # seconds that a connection is kept for which there is nothing to send
UNBOUNDED = 2**62
WIDEN_AFTER = 200  # messages without trouble, then the window grows by one again


class Lane(Generic[L]):
    """Sends what `dispatch` has over connections that `dial` opens. `run` is its thread.

    A connection that is lost after it was of use is replaced. Of one that never was, `forgive` says after how many
    seconds another may be opened, or None. `keep` leaves the last connection open for others. `error` is what ended
    the lane, where something did.
    """

    def __init__(
        self,
        dispatch: Dispatch[L],
        terms: Terms,
        manners: Manners,
        dial: Callable[[], Conversation],
        forgive: Callable[[MailjobsError], float | None],
        keep: bool = False,
    ) -> None:
        self._dispatch = dispatch
        self._terms = terms
        self._manners = manners
        self._dial = dial
        self._forgive = forgive
        self._keep = keep
        self._supply = Supply(dispatch, self._before_wait)
        self._single: OneByOne[L] | None = None
        self._window: Windowed[L] | None = None
        self._width = terms.in_flight
        self._heeded = 0  # complaints of the server
        self._calm = 0  # so many messages over this connection, and the window is widened again
        self._carried = 0  # messages over this connection
        self._rested = False  # whether nothing was said for a while
        self.conversation: Conversation | None = None
        self.error: MailjobsError | None = None

    @property
    def of_use(self) -> bool:
        """Whether a message has gone over its present connection."""
        return self._carried > 0

    def run(self) -> None:
        """Until there is nothing more to send, or all is stopped."""
        try:
            while not self._dispatch.stopped and (self._supply.fill(1, wait=self._idle) or not self._idle):
                self._serve()
            self._finish()
        except MailjobsError as error:
            self.error = error
        finally:
            self._supply.give_back()

    def _finish(self) -> None:
        """Hear what is under way to its end. A transaction that was opened ahead is ended only by closing."""
        if self._window is not None:
            self._carried += self._window.drain()
        if self._dispatch.stopped:
            self.hang_up(abort=True)
        elif not self._keep:
            self.hang_up()

    @property
    def _idle(self) -> bool:
        """Whether no answer is due."""
        return self._window is None or self._window.empty

    def _wake(self) -> None:
        """After a wait: a server that has gone meanwhile costs no message its try."""
        if self.conversation is not None and self._idle and not _alive(self.conversation):
            self.hang_up(abort=True)
        self._rested = False

    def _serve(self) -> None:
        try:
            if self._rested:
                self._wake()
            self._connect()
            self._carried += self._carry()
            self._adjust()
        except Stopped:
            self.hang_up(abort=True)
        except MailjobsError as error:
            self._supply.flush()
            self._broken(error)

    def _adjust(self) -> None:
        """A complaint makes the window narrower, a while without trouble as wide as it may be."""
        if self._heeded != self._dispatch.complaints:
            self._heeded = self._dispatch.complaints
            self._width = max(1, self._width // 2)
            self._calm = self._carried + WIDEN_AFTER
        elif self._width < self._terms.in_flight and self._carried > self._calm:
            self._width = self._terms.in_flight
        if self._window is not None:
            self._window.resize(self._width)

    def _carry(self) -> int:
        """Send something; how many messages were settled."""
        assert self._single is not None, "connected"
        ready, left = self._supply.ready, self._left
        if self._window is not None:
            if not ready:
                return self._window.drain()
            if left > 0 and self._window.takes(ready[0].letter):
                return self._window.carry(left)
            if not self._window.empty:
                return self._window.drain()
        return self._single.carry(self._manners.look_ahead and left > 1)

    @property
    def _left(self) -> int:
        """How many messages may still go over this connection."""
        most = self._terms.messages_per_connection
        if most is None:
            return UNBOUNDED
        return most - self._carried - (0 if self._window is None else self._window.under_way)

    # --- the connection

    def _connect(self) -> None:
        if self.conversation is not None:
            if not self.conversation.engine.closed and (self._left > 0 or not self._idle):
                return
            if self._window is not None:
                self._carried += self._window.drain()  # the server has gone, and may have answered some before
            self.hang_up(abort=not self.conversation.usable)
        self._carried = 0
        try:
            self.conversation = self._dialled()
        except MailjobsError as error:
            if error.temporary and error.reply is not None:
                self._dispatch.server_complains()
            raise
        self._manners.apply(self.conversation)
        self._calm = WIDEN_AFTER
        self._single = OneByOne(self.conversation, self._supply, self._manners, self._goes_alone)
        wide = self._terms.in_flight > 1 and self._manners.look_ahead
        self._window = Windowed(self.conversation, self._supply, self._width) if wide else None
        if not self._supply.resume():
            raise Stopped("no more mail goes out")

    def _dialled(self) -> Conversation:
        """A connection that is alive: the first may be kept from an earlier step, and its server may have gone."""
        conversation = self._dial()
        if conversation.used and not _alive(conversation):
            conversation.close(abort=True)
            conversation = self._dial()
        return conversation

    def _goes_alone(self, letter: Letter) -> bool:
        return self._window is None or not self._window.takes(letter)

    def _broken(self, error: MailjobsError) -> None:
        """The connection is of no more use, or there is none. Raises `error` where that ends the lane."""
        of_use = self._carried > 0
        self.hang_up(abort=True)
        self._width = max(1, self._width // 2)
        if isinstance(error, OutputError):
            self._dispatch.stop()
            raise error
        if self._manners.offended(error) or of_use or error.who not in ("network", "server"):
            return
        pause = self._forgive(error)
        if pause is None:
            raise error
        self._dispatch.pause(pause)

    def _before_wait(self, seconds: float) -> None:
        """Servers close connections over which nothing comes; we do so first."""
        self._rested = True
        if seconds > LONGEST_IDLE:
            self.hang_up()

    def hang_up(self, abort: bool = False) -> None:
        """QUIT and close; with `abort` close at once."""
        conversation, self.conversation = self.conversation, None
        self._single = self._window = None
        if conversation is None:
            return
        if abort:
            conversation.close(abort=True)
        else:
            conversation.quit()


def _alive(conversation: Conversation) -> bool:
    """Whether the server has neither said goodbye nor hung up."""
    with suppress(MailjobsError):
        conversation.listen()
    return conversation.usable
