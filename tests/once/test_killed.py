"""A run of 5,000 rows that is killed twenty times, anywhere between its first call and its last."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from random import Random

import pytest

from tests.once.batch import STAGES, Batch, ended, kill_at_message, once, stopped
from tests.once.faults import NAMES, WRITING, Point, seen, strike
from tests.once.sink import Sink

ROWS = 5000
SENDING = 12  # kills while mail goes out
EARLY = 6  # while the program starts, or looks at its rows
CONNECTIONS = 4  # as many as a batch has, unless told otherwise
AFTER = 6  # calls behind the last reply, before the last word on the run is written


@pytest.mark.timeout(600)
def test_killed_twenty_times_everybody_gets_it_once(tmp_path: Path, faults: Path, random: Random) -> None:
    with Sink(tmp_path) as sink:
        batch = Batch(tmp_path / "batch", sink.port, ROWS)
        killer = Killer(batch, sink, faults, random)
        killer.while_it_sends()
        phases = [killer.while_it_sends] * (SENDING - 1) + [killer.while_it_starts, killer.while_it_looks] * (
            EARLY // 2
        )
        random.shuffle(phases)
        for kill in phases:
            kill()
        killer.at_the_end()
        assert killer.kills == 20, killer.phases
        again = batch.finish()
        states = once(batch, sink)
        refused = batch.run()
        assert refused.status == 77
        assert len(list(batch.state.parent.iterdir())) == 1  # nothing is left of those that were killed early
        assert "was sent in the run of" in refused.err
        assert once(batch, sink) == states
    print(f"killed {dict(killer.phases)}, then {len(again)} more runs: {dict(states)}")
    assert states["accepted"] + states["unknown"] == len(batch.people)
    assert states["unknown"] <= (SENDING + 1) * CONNECTIONS * 2


class Killer:
    """Kills runs of one batch, each at another place."""

    def __init__(self, batch: Batch, sink: Sink, faults: Path, random: Random) -> None:
        self._batch = batch
        self._sink = sink
        self._faults = faults
        self._random = random
        self._file = batch.folder / "calls"
        self._calls: list[str] = []  # of the first run, in their order
        self.phases: Counter[str] = Counter()

    @property
    def kills(self) -> int:
        """How many runs were killed."""
        return self.phases.total()

    def while_it_sends(self) -> None:
        """At some message, before or after it is written down or answered."""
        self._at_message(self._random.randrange(1, ROWS // SENDING), self._random.choice(STAGES), "sending")

    def while_it_starts(self) -> None:
        """Before anything is kept: at its first imports, or later."""
        self._at_call(self._random.randrange(1, self._calls.index("mkdir")), NAMES, "starting")

    def while_it_looks(self) -> None:
        """Between the first that is kept and the first connection."""
        first, last = self._calls.index("mkdir") + 1, self._calls.index("connect")
        self._at_call(self._random.randrange(first, last), NAMES, "looking")

    def at_the_end(self) -> None:
        """With few messages left; and when the last one is answered."""
        self._at_message(self._batch.letters_left() - 2 * CONNECTIONS, "replied", "nearly done")
        self._sink.order(f"pause {self._batch.letters_left()} taken")
        with stopped(self._batch.start(environment=self._count(WRITING))) as process:
            assert self._sink.paused(process)
            strike(self._file, self._random.randrange(1, AFTER + 1))
            self._sink.order("go")
            assert ended(process).status == -9
        self.phases["ending"] += 1

    def _count(self, names: tuple[str, ...]) -> dict[str, str]:
        return Point(0, names).environment(self._faults, self._file)

    def _at_message(self, number: int, stage: str, phase: str) -> None:
        assert kill_at_message(self._batch, self._sink, number, stage, environment=self._count(NAMES))
        self._calls = self._calls or seen(self._file)
        self.phases[phase] += 1

    def _at_call(self, number: int, calls: tuple[str, ...], phase: str) -> None:
        run = self._batch.run(environment=Point(number, calls).environment(self._faults, self._file))
        assert run.status == -9, f"not killed at {number} of {calls}: {run}"
        self.phases[phase] += 1
