"""The letters of one connection: those that may go out now, and what is still to be written down."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from mailjobs import clock
from mailjobs.delivery.dispatch import Dispatch
from mailjobs.delivery.errand import Errand
from mailjobs.errors import MailjobsError
from mailjobs.session import Letter, Settled
from mailjobs.smtp import Outcome

L = TypeVar("L", bound=Letter)


class Supply(Generic[L]):
    """Takes errands from `dispatch`, each with the leave of the server's rate. For one thread.

    `long_wait` is called with the seconds before nothing goes out for that long.
    """

    def __init__(self, dispatch: Dispatch[L], long_wait: Callable[[float], None]) -> None:
        self._dispatch = dispatch
        self._long_wait = long_wait
        self._held: tuple[Errand[L], float] | None = None  # has to wait for the rate
        self._unwritten: list[Settled[Letter]] = []
        self._due = 0.0  # of the rate, when the last was let go
        self._trouble: MailjobsError | None = None
        self._made: deque[L] = deque()  # letters that are not asked for yet
        self.ready: deque[Errand[L]] = deque()

    def fill(self, count: int, wait: bool) -> bool:
        """See to it that `count` errands are ready; whether any is. With `wait` the first may take its time.

        Raises what keeps letters from being taken, also where that was found out in advance.
        """
        if self._trouble is not None and not self.ready:
            raise self._trouble
        ready = self.ready
        while len(ready) < count:
            errand = self._next(wait and not ready)
            if errand is None:
                break
            ready.append(errand)
            self._due = self._dispatch.due
        return bool(ready)

    def peek(self) -> None:
        """See to it that a second errand is ready, where it may go out now. Raises nothing: that comes with `fill`."""
        try:
            self.fill(2, wait=False)
        except MailjobsError as error:  # not for the letter under way
            self._trouble = error

    def make(self) -> None:
        """See to it that a letter is made, whenever it may go out. Raises nothing either."""
        if self._made or self._held is not None or self._trouble is not None:
            return
        try:
            self._dispatch.make(self._made)
        except MailjobsError as error:
            self._trouble = error

    def _next(self, wait: bool) -> Errand[L] | None:
        errand, moment = self._held or (None, 0.0)
        if errand is None:
            errand = self._dispatch.next(False, self._made)
            if errand is None and wait:
                self.flush()
                if pause := self._dispatch.idle:
                    self._long_wait(pause)
                errand = self._dispatch.next(True, self._made)
            if errand is None:
                return None
            moment = self._dispatch.moment_for(errand)
        else:
            self._held = None
            moment = self._dispatch.early(errand, moment)
        if moment:
            self._held = errand, moment
            return self._admitted(errand, moment) if wait else None
        return errand

    def _admitted(self, errand: Errand[L], moment: float) -> Errand[L] | None:
        self.flush()
        self._long_wait(moment - clock.monotonic())
        if not self._dispatch.admit(errand, moment):
            return None
        self._held = None
        return errand

    def resume(self) -> bool:
        """What was let go a while ago, before a connection was opened, may go out now; False where all was stopped.

        It waits for its turn once more where others have gone ahead since.
        """
        due = self._due
        return all(self._dispatch.resume(errand, due) for errand in self.ready)

    def dot(self, letters: Sequence[Letter]) -> None:
        """Write down that their dots go out, and what became of those before. Raises Stopped, OutputError."""
        unwritten, self._unwritten = self._unwritten, []
        self._dispatch.dot(letters, unwritten)

    def settle(self, errand: Errand[L], outcomes: tuple[Outcome, ...], error: MailjobsError | None) -> None:
        """What a try of `errand`, which is not ready any more, has brought."""
        settled = self._dispatch.settle(errand, outcomes, error)
        if settled is not None:
            self._unwritten.append(settled)

    def settle_together(self, tried: Sequence[tuple[Errand[L], Settled[Letter]]]) -> None:
        """As `settle`, for several."""
        self._unwritten += self._dispatch.settle_together(tried)

    def flush(self) -> None:
        """Write down what became of letters."""
        unwritten, self._unwritten = self._unwritten, []
        self._dispatch.record(unwritten)

    def give_back(self) -> None:
        """Nothing more goes out here."""
        try:
            self.flush()
        finally:
            held = [self._held[0]] if self._held is not None else []
            for errand in (*self.ready, *held):
                self._dispatch.back(errand)
            for letter in self._made:
                self._dispatch.unmake(letter)
            self._held = None
            self._made.clear()
            self.ready.clear()
