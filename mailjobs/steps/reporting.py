"""What a batch tells while it goes on: each recipient once, and how far it is."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

from mailjobs import clock
from mailjobs.events import BatchProgress, Error, Event, MessageSettled, Publish
from mailjobs.session import Settled
from mailjobs.steps.tally import Tally, Unmade, addressed

SHOWN = 0.25  # seconds between two events about the progress
LATELY = 20  # of these events: over so many the rate is measured


class Reporter:
    """Keeps what the threads of connections settle, until the thread that watches them counts and tells it.

    So a connection is not kept from its next message, and what is told together costs less.
    """

    def __init__(self, publish: Publish, stop_on: tuple[str, ...]) -> None:
        self._publish = publish
        self._stop_on = stop_on
        self._settled: deque[Settled[Any]] = deque()
        self._unmade: deque[Unmade] = deque()

    def __call__(self, settled: Settled[Any]) -> None:
        """For any number of threads: what a deque does needs no lock."""
        self._settled.append(settled)

    def unmade(self, made: Unmade) -> None:
        """A row of which no letter can be made. For any number of threads."""
        self._unmade.append(made)

    def take(self) -> Tally:
        """What was settled since the last call, counted and told. For one thread."""
        tally = Tally()
        for made in [self._unmade.popleft() for _ in range(len(self._unmade))]:
            tally.add_unmade(made)
            if made.words:
                self._publish(Error(made.code, made.words))
        taken = [self._settled.popleft() for _ in range(len(self._settled))]
        for settled in taken:
            tally.add(settled)
        if taken and self._publish.wants(MessageSettled):
            self._publish.together([event for settled in taken for event in told(settled, self._stop_on)])
        return tally


def tell(settled: Settled[Any], publish: Publish, stop_on: tuple[str, ...]) -> None:
    """An event for each recipient, and a warning for each Bcc that was refused."""
    publish.together(list(told(settled, stop_on)))


def told(settled: Settled[Any], stop_on: tuple[str, ...]) -> Iterator[Event]:
    """The events of one letter."""
    letter, people = addressed(settled)
    for recipient, outcome in zip(people, settled.outcomes, strict=True):
        reply = str(outcome.reply) if outcome.reply else None
        yield MessageSettled(letter.row, recipient.address, outcome.state, reply)
        if recipient.kind == "bcc" and outcome.state == "rejected" and "bcc" not in stop_on:
            words = f"a Bcc recipient was refused{f': {outcome.reason}' if outcome.reason else ''}"
            yield Error(161, words, recipient.address, reply)


class Progress:
    """Publishes how far a batch of `total` recipients is, a few times a second where anybody listens."""

    def __init__(self, publish: Publish, tally: Tally, total: int) -> None:
        self._publish = publish
        self._tally = tally
        self._total = total
        self._wanted = publish.wants(BatchProgress)
        self._marks: deque[tuple[float, int]] = deque([(clock.monotonic(), 0)], maxlen=LATELY)

    def pulse(self) -> None:
        """To be called often."""
        if self._wanted and clock.monotonic() - self._marks[-1][0] >= SHOWN:
            self._tell(clock.monotonic())

    def finish(self) -> None:
        """Nothing more goes out: whoever has no outcome was not attempted, and is told in this sum alone."""
        self._tally.expect(self._total)
        if self._wanted:
            self._tell(clock.monotonic())

    def _tell(self, now: float) -> None:
        done = self._tally.totals.total()
        since, before = self._marks[0]
        rate = (done - before) / (now - since) if now > since else 0.0
        self._marks.append((now, done))
        left = max(self._total - done, 0)
        remaining = round(left / rate, 1) if rate else None
        self._publish(BatchProgress(done, self._total, dict(self._tally.totals), round(rate, 1), remaining))
