"""The connections of a batch: opened one by one as the round trip needs them, and ended together."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

from mailjobs import clock
from mailjobs.delivery.dispatch import Dispatch
from mailjobs.delivery.lane import Lane
from mailjobs.delivery.line import Line
from mailjobs.delivery.manners import Manners
from mailjobs.delivery.terms import Limits, Terms
from mailjobs.errors import Interrupted, MailjobsError, TimedOut
from mailjobs.net.deadline import STEP_SETTING
from mailjobs.session import Book, Conversation, Letter, Settled

L = TypeVar("L", bound=Letter)

PULSE = 0.02  # seconds between two looks at whether another connection would help
BUSY = 0.75  # of a core: above it another thread would only wait for the interpreter's lock
LAST_REPLIES = 5.0  # seconds after an interruption for the replies to what is out already
AGAIN_AFTER = 1.0  # seconds before a connection that could not be had is asked for again, while others work
LAST_STEPS = 0.5  # seconds for the threads whose connection was cut to write down what they know
FRESH_FAILURES = 3  # connections in a row that come to nothing, once some have worked


def _nothing() -> None:
    """What is done where nobody wants anything."""


class Pool(Generic[L]):
    """Delivers what `book` has. `dial(number)` opens the connection of the lane with that number, from 0.

    `report` is called in the threads of the connections. `has_time` says whether so many seconds are left for it all.
    """

    def __init__(
        self,
        book: Book[L],
        terms: Terms,
        limits: Limits,
        dial: Callable[[int], Conversation],
        report: Callable[[Settled[Letter]], None],
        has_time: Callable[[float], bool] = lambda seconds: True,
    ) -> None:
        self._terms = terms
        self._has_time = has_time
        self._late = False
        self._dial = dial
        self._dispatch = Dispatch(book, terms, limits, report)
        self._manners = Manners()
        self._lanes: list[Lane[L]] = []
        self._lines: list[Line] = []
        self._threads: list[threading.Thread] = []
        self._ended = threading.Condition()
        self._alive = 0
        self._failures = 0  # fresh connections in a row that came to nothing
        self._settled_then = 0
        self._ended_lanes, self._ended_at, self._settled_at = 0, 0.0, 0  # when the last lane was seen to have ended
        self._resumed = 0  # connections opened for what was given back at the end
        self._bug: BaseException | None = None
        self._left = False  # whether no lane is waited for any more

    def run(self, pulse: Callable[[], None] = _nothing, check: Callable[[], None] = _nothing) -> None:
        """Until all is delivered, or nothing more can be. Raises what kept the rest from being sent.

        `pulse` is called some fifty times a second by the thread that waits, and so is `check`, which raises
        Interrupted to end it: when it does so once more, what is under way is not waited for.
        """
        try:
            self._open()
            self._watch(pulse, check)
        except BaseException:
            with suppress(Interrupted):
                self.interrupt(check)
            self.cut()
            raise
        finally:
            self._dispatch.close()
        self._raise_failure()

    def stop(self) -> None:
        """No new message goes out; what is under way is heard to its end."""
        self._dispatch.stop()

    def hang_up(self) -> None:
        """End the connection that is kept for others, where there are none."""
        for lane in self._lanes:
            lane.hang_up()

    def interrupt(self, check: Callable[[], None] = _nothing) -> None:
        """No new dot; a while for the replies to those that are out, then the connections end."""
        self._dispatch.stop()
        for line in self._lines:
            line.stop()
        self._join(LAST_REPLIES, check)
        self.cut()

    def cut(self) -> None:
        """End the connections now; what has no reply is unknown."""
        self._dispatch.stop()
        for line in self._lines:
            line.cut()
        self._join(LAST_STEPS)
        self._left = True

    def _open(self) -> None:
        number = len(self._lanes)
        line = Line(lambda: self._dial(number))
        lane = Lane(self._dispatch, self._terms, self._manners, line.dial, self._forgive, keep=number == 0)
        thread = threading.Thread(target=self._work, args=(lane,), name=f"connection {number + 1}", daemon=True)
        self._lines.append(line)
        self._lanes.append(lane)
        self._threads.append(thread)
        with self._ended:
            self._alive += 1
        thread.start()

    def _work(self, lane: Lane[L]) -> None:
        try:
            lane.run()
        except BaseException as error:  # noqa: BLE001 - told by the main thread as the bug that it is
            self._bug = error
            self._dispatch.stop()
        finally:
            with self._ended:
                self._alive -= 1
                self._ended.notify()

    def _watch(self, pulse: Callable[[], None], check: Callable[[], None]) -> None:
        """Wait for the end; meanwhile open connections while the processor has time for them."""
        began, used = clock.monotonic(), clock.processor()
        while self._pulse() or self._resume():
            check()
            now, spent = clock.monotonic(), clock.processor()
            if not self._late and not self._has_time(0):
                self._late = True
                self._dispatch.stop()
            if self._wants_another((spent - used) / (now - began)):
                self._open()
            began, used = now, spent
            pulse()

    def _resume(self) -> bool:
        """Another connection for what the last one that failed gave back when the others had ended already."""
        dispatch = self._dispatch
        healthy = any(lane.error is None for lane in self._lanes)
        if dispatch.stopped or dispatch.exhausted or not healthy or self._resumed >= self._terms.connections:
            return False
        self._resumed += 1
        self._open()
        return True

    def _pulse(self) -> bool:
        with self._ended:
            if self._alive:
                self._ended.wait(PULSE)
            return self._alive > 0 and not self._left

    def _wants_another(self, load: float) -> bool:
        dispatch = self._dispatch
        alive = [lane for lane in self._lanes if lane.error is None]
        if len(alive) >= self._terms.connections or load > BUSY or dispatch.waiting or dispatch.stopped:
            return False
        if dispatch.exhausted or (self._lanes[-1].error is not None and not self._recovered()):
            return False
        of_use = sum(lane.of_use for lane in alive)
        return len(alive) - of_use < of_use

    def _recovered(self) -> bool:
        """Whether the last connection ended by an error a while ago, and others have gone on delivering since."""
        now, settled = clock.monotonic(), self._dispatch.settled
        if self._ended_lanes != len(self._lanes):
            self._ended_lanes, self._ended_at, self._settled_at = len(self._lanes), now, settled
        ended = sum(lane.error is not None for lane in self._lanes)
        return now - self._ended_at > AGAIN_AFTER * ended and settled > self._settled_at

    def _forgive(self, error: MailjobsError) -> float | None:
        """Seconds to wait after a connection that came to nothing; None where no other is to be tried.

        A server that takes only so many connections refuses the next: that one ends, and the others go on.
        """
        with self._ended:
            if self._dispatch.settled > self._settled_then:
                self._failures, self._settled_then = 0, self._dispatch.settled
            if self._alive > 1:
                return None
            self._failures += 1
            retry = self._terms.retry
            most = max(retry.attempts, FRESH_FAILURES if self._dispatch.settled else 1)
            if not error.temporary or self._failures >= most:
                return None
            pause = min(retry.delay * 2.0 ** (self._failures - 1), retry.max_delay)
            return pause if self._has_time(pause) else None

    def _join(self, seconds: float, check: Callable[[], None] = _nothing) -> None:
        end = clock.monotonic() + seconds
        with self._ended:
            while self._alive and (left := end - clock.monotonic()) > 0:
                self._ended.wait(min(left, PULSE))
                check()

    def _raise_failure(self) -> None:
        """The lane that failed tells why, where none of the others could finish the work."""
        if self._bug is not None:
            raise self._bug
        failures = [lane.error for lane in self._lanes if lane.error is not None]
        if failures and not self._dispatch.exhausted:
            raise failures[-1]
        if self._late and not self._dispatch.exhausted:
            raise TimedOut(f"timed out: the batch took longer than it may ({STEP_SETTING})")
