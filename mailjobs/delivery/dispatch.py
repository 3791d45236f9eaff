"""What the connections of a batch share: which letter is next, and what is done with what comes back."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

from mailjobs import clock
from mailjobs.delivery.complaints import of_domain, of_server
from mailjobs.delivery.errand import Errand, judge, part_of, split
from mailjobs.delivery.terms import Limits, Terms
from mailjobs.errors import Interrupted, MailjobsError
from mailjobs.session import Book, Letter, Settled
from mailjobs.smtp import Outcome

L = TypeVar("L", bound=Letter)

MOST_PARKED = 256  # letters that wait for their moment while others go ahead
AT_ONCE = 5.0  # seconds in which connections that are refused are refused for one reason
MOST_LOSSES = 3  # connections that may break under a letter before it is taken for the cause


class Stopped(Interrupted):
    """No further final dot may go out."""


class Dispatch(Generic[L]):
    """For any number of threads. `report` is told each recipient's final outcome once."""

    def __init__(self, book: Book[L], terms: Terms, limits: Limits, report: Callable[[Settled[Letter]], None]) -> None:
        self._book = book
        self._terms = terms
        self._limits = limits
        self._report = report
        self._given_back: deque[L] = deque()
        self._parked: list[tuple[float, int, Errand[L]]] = []
        self._number = itertools.count()
        self._failures = 0
        self._changed = threading.Condition()
        self.stopped = False
        self.exhausted = False  # whether there was nothing left when somebody asked last
        self.complaints = 0  # of the server about our speed
        self._settled_then = 0  # when a connection was refused last, which was at
        self._refused = 0.0
        self.settled = 0  # letters that got an answer
        self.waiting = 0  # connections that wait for the rate, not for the server

    def next(self, wait: bool, made: deque[L]) -> Errand[L] | None:
        """The next errand that may go out now; None where there is none, or with `wait` where there will be none.

        `made` are letters that the caller's connection has taken already, and takes more into.
        Not for the rate of the server, which `admit` keeps.
        """
        while not self.stopped:
            errand = self._due() if self._parked else None
            if errand is None:
                errand = self._take(made)
            if errand is not None and self._may_go(errand):
                return errand
            if errand is None and not self._parked:
                self.exhausted = True
                return None
            if errand is None or len(self._parked) >= MOST_PARKED:
                if not wait:
                    return None
                self._await_parked()
        return None

    def _take(self, made: deque[L]) -> Errand[L] | None:
        """A letter from the book; of one for very many the first part."""
        if self._parked and len(self._parked) >= MOST_PARKED:
            return None
        letter = made.popleft() if made else self._fresh()
        if letter is None:
            return None
        if self._terms.recipients_per_message is None:
            return Errand(letter, letter)
        parts = split(letter, self._terms.recipients_per_message)
        for part in parts[1:]:
            self._park(Errand(letter, part))
        return Errand(letter, parts[0])

    def make(self, made: deque[L]) -> bool:
        """Take a letter from the book, or one that was given back; whether there was any."""
        letter = None if self.stopped else self._fresh()
        if letter is None:
            return False
        made.append(letter)
        return True

    def _fresh(self) -> L | None:
        if self._given_back:
            with suppress(IndexError):  # another connection was faster
                return self._given_back.popleft()
        return self._book.take()

    def _may_go(self, errand: Errand[L]) -> bool:
        """Whether its domains may be sent to now; else it is parked, and others go ahead."""
        errand.moment = moment = self._limits.domains(errand.letter.envelope.recipients, errand.moment)
        if moment:
            self._park(errand, moment)
            return False
        return True

    def _due(self) -> Errand[L] | None:
        if not self._parked:
            return None
        with self._changed:
            if self._parked and self._parked[0][0] <= clock.monotonic():
                return heapq.heappop(self._parked)[2]
        return None

    def _park(self, errand: Errand[L], moment: float = 0.0) -> None:
        with self._changed:
            self.exhausted = False
            heapq.heappush(self._parked, (moment, next(self._number), errand))
            self._changed.notify()

    def _await_parked(self) -> None:
        with self._changed:
            if self._parked and not self.stopped:
                pause = self._parked[0][0] - clock.monotonic()
                if pause > 0:
                    self._changed.wait(pause)

    @property
    def idle(self) -> float:
        """Seconds until the next that is parked is due; 0 where there is none."""
        with self._changed:
            return max(self._parked[0][0] - clock.monotonic(), 0.0) if self._parked else 0.0

    def moment_for(self, errand: Errand[L]) -> float:
        """Book `errand` with the server's rate; 0 where it goes out now, else when to ask `early`."""
        return self._limits.start(len(errand.letter.envelope.recipients))

    def early(self, errand: Errand[L], moment: float) -> float:
        """0 where `errand`, which is booked for `moment`, may go out now; else when to ask again."""
        return self._limits.admit(moment, len(errand.recipients)) if moment else 0.0

    @property
    def due(self) -> float:
        """Changes whenever anything is let go; for `resume`."""
        return self._limits.due

    def resume(self, errand: Errand[L], due: float) -> bool:
        """Wait until what was let go when `due` was what it is here may go out now; False where all was stopped."""
        moment = self._limits.resume(due, len(errand.recipients))
        return not moment or self.admit(errand, moment)

    def admit(self, errand: Errand[L], moment: float) -> bool:
        """Wait until it may go out; False where all was stopped meanwhile."""
        with self._changed:
            self.waiting += 1
        try:
            while moment and not self.stopped:
                self.pause(moment - clock.monotonic())
                moment = self.early(errand, moment) if not self.stopped else 0.0
        finally:
            with self._changed:
                self.waiting -= 1
        return not self.stopped

    def pause(self, seconds: float) -> None:
        """Wait, unless all is stopped."""
        with self._changed:
            if seconds > 0 and not self.stopped:
                self._changed.wait_for(lambda: self.stopped, seconds)

    def dot(self, letters: Sequence[Letter], settled: Sequence[Settled[Letter]]) -> None:
        """Write down that the dots of `letters` go out now. Raises Stopped where none may any more; OutputError."""
        if self.stopped:
            if settled:
                self._book.settle(settled)
            raise Stopped("no more mail goes out")
        self._book.dot(letters, settled)

    def record(self, settled: Sequence[Settled[Letter]]) -> None:
        """Write down what became of letters."""
        if settled:
            self._book.settle(settled)

    def back(self, errand: Errand[L]) -> None:
        """A letter that nothing was said of to the server: somebody else may take it."""
        if errand.letter is errand.whole and not errand.tries and not errand.losses:
            self.unmake(errand.whole)
        else:
            self._park(errand)

    def unmake(self, letter: L) -> None:
        """A letter that was taken and not come to: somebody else may take it."""
        self._given_back.append(letter)
        self.exhausted = False
        with self._changed:
            self._changed.notify()

    def settle(
        self, errand: Errand[L], outcomes: tuple[Outcome, ...], error: MailjobsError | None
    ) -> Settled[Letter] | None:
        """Take in what a try has brought; what is to be written down, which is for the caller to do with the next dot.

        None where it is written down: who is tried again may be taken by another connection at once, whose line must
        come behind this one.
        """
        settled = Settled(errand.letter, outcomes, error)
        return settled if self.settle_together([(errand, settled)]) else None

    def settle_together(self, tried: Sequence[tuple[Errand[L], Settled[Letter]]]) -> list[Settled[Letter]]:
        """As `settle`, for several."""
        unwritten = []
        for errand, settled in tried:
            if settled.error is None:
                self.settled += 1
            for outcome in settled.outcomes:
                if outcome.state != "accepted":
                    if self._is_over(errand, settled):
                        unwritten.append(settled)
                    break
            else:
                self._report(settled)
                unwritten.append(settled)
        return unwritten

    def _is_over(self, errand: Errand[L], settled: Settled[Letter]) -> bool:
        """Whether there is no other try; where there is one, what this one brought is written down before it."""
        self._complain(settled.outcomes)
        again = self._weigh(errand, settled.outcomes, settled.error)
        if again:
            self._book.settle([settled])
        for one, moment in again:
            self._park(one, moment)
        return not again

    def _weigh(
        self, errand: Errand[L], outcomes: tuple[Outcome, ...], error: MailjobsError | None
    ) -> list[tuple[Errand[L], float]]:
        """Some were not accepted: what may be tried again, with its moment; of the others is told."""
        lost = self._lost(errand, outcomes, error)
        again = [(_rest(errand, outcomes, lost, losses=errand.losses + 1), 0.0)] if lost else []
        if len(lost) == len(outcomes):
            return again
        tries = errand.tries + 1
        verdict = judge(outcomes, tries < self._terms.retry.attempts, errand.letter.stop_indexes)
        final, now, later = [tuple([one for one in indexes if one not in lost]) for indexes in verdict]
        self._final(errand.letter, outcomes, final, error)
        if now:  # too many at once, which is no failure of theirs
            again.append((_rest(errand, outcomes, now), 0.0))
        if later:
            again.append((_rest(errand, outcomes, later, tries=tries), clock.monotonic() + self._delay(tries)))
        return again

    def _lost(self, errand: Errand[L], outcomes: tuple[Outcome, ...], error: MailjobsError | None) -> tuple[int, ...]:
        """Those who go back since the connection broke before anything could have come of the message for them."""
        if error is None or error.who not in ("network", "server") or errand.losses + 1 >= MOST_LOSSES:
            return ()
        states = ("not-attempted", "unknown") if self._terms.on_unknown == "resend" else ("not-attempted",)
        if errand.letter.stop_indexes and any(outcome.state not in states for outcome in outcomes):
            return ()  # somebody's refusal has kept it from the others
        return tuple([index for index, outcome in enumerate(outcomes) if outcome.state in states])

    def _delay(self, tries: int) -> float:
        retry = self._terms.retry
        return min(retry.delay * 2.0 ** (tries - 1), retry.max_delay)

    def _final(
        self, letter: Letter, outcomes: tuple[Outcome, ...], indexes: tuple[int, ...], error: MailjobsError | None
    ) -> None:
        if not indexes:
            return
        kept = tuple([outcomes[index] for index in indexes])
        self._report(Settled(part_of(letter, indexes), kept, error))
        failed = sum(outcome.state != "accepted" for outcome in kept)
        with self._changed:
            self._failures += failed
            most = self._terms.max_failures
            if (self._terms.on_error == "stop" and failed) or (most is not None and self._failures > most):
                self.stop()

    def _complain(self, outcomes: tuple[Outcome, ...]) -> None:
        """Who says 4xx is gone about more slowly."""
        if any(of_server(outcome) for outcome in outcomes):
            self._slow_down()
            return
        taken = any(outcome.state == "accepted" for outcome in outcomes)
        for outcome in outcomes:
            if of_domain(outcome, taken):
                self._limits.domain_complains(outcome.recipient)

    def server_complains(self) -> None:
        """The server greeted with 4xx. While other connections are of use, it means their number, not our speed."""
        now = clock.monotonic()
        if self.settled != self._settled_then:
            self._settled_then, self._refused = self.settled, now
        elif not self.settled or now - self._refused > AT_ONCE:
            self._slow_down()

    def _slow_down(self) -> None:
        self.complaints += 1
        self._limits.server_complains()

    def close(self) -> None:
        """After the last connection: what waits for another try is told as it stands, the rest was not attempted."""
        for _, _, errand in self._parked:
            if errand.known:
                self._report(Settled(errand.letter, errand.known))
                continue
            self._not_attempted(errand.letter)
            if errand.letter is errand.whole:
                self._book.release(errand.whole)
        for letter in self._given_back:
            self._not_attempted(letter)
            self._book.release(letter)
        self._parked.clear()
        self._given_back.clear()

    def _not_attempted(self, letter: Letter) -> None:
        self._report(Settled(letter, tuple([Outcome(one, "not-attempted") for one in letter.envelope.recipients])))

    def stop(self) -> None:
        """No new dot from now on; who waits wakes up."""
        with self._changed:
            self.stopped = True
            self._changed.notify_all()


def _rest(
    errand: Errand[L],
    outcomes: tuple[Outcome, ...],
    indexes: tuple[int, ...],
    tries: int | None = None,
    losses: int | None = None,
) -> Errand[L]:
    """Those at `indexes`, to be tried again."""
    known = tuple([outcomes[index] for index in indexes])
    letter = part_of(errand.letter, indexes)
    return Errand(
        errand.whole,
        letter,
        errand.tries if tries is None else tries,
        errand.losses if losses is None else losses,
        known=known,
    )
