"""A run of 20 rows that dies in a call into the kernel, or in which one fails; another run then goes on.

Some calls are chosen, of each kind at least one, others each time. MAILJOBS_EVERY_CALL=1 takes them all.
"""

from __future__ import annotations

import errno
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from tests.once.batch import Batch, once
from tests.once.faults import HALVED, NAMES, READING, WRITING, Point, chosen, seen
from tests.once.sink import Sink

EVERY = os.environ.get("MAILJOBS_EVERY_CALL") == "1"
ROWS = 20
REFUSED = "^u13@"
ONCE_PER = "once_per: 'spring-{{ row.number }}'"
CREW = "processes: 2, connections: 2"
FAILING = ("create", "write", "pwrite", "fsync", "fdatasync", "rename", "mkdir", "unlink", "ftruncate")
Calls = dict[str, list[str]]
pytestmark = pytest.mark.timeout(3600 if EVERY else 300)


@dataclass(frozen=True)
class Case:
    """Which calls of which job, and about how many of them are chosen."""

    how: str
    names: tuple[str, ...]
    count: int
    options: str = ""
    on: bool = False


KILLED = {
    "plain": Case("kill", WRITING, 8),
    "half written": Case("half", HALVED, 4),
    "reading": Case("kill", READING, 3),
    "once_per": Case("kill", ("create", "write", "pwrite", "fdatasync", "rename"), 5, ONCE_PER),
    "two processes": Case("kill", ("write", "fdatasync", "send", "recv"), 4, CREW),
}
FAILED = {
    "disk full for a moment": Case(str(errno.ENOSPC), FAILING, 6),
    "disk broken from then on": Case(str(errno.EIO), ("create", "write", "fdatasync"), 4, ONCE_PER, on=True),
}


@pytest.fixture(scope="module")
def calls(faults: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The names of all calls, in their order, of a run that nothing happens to; by the options of its batch."""
    folder = tmp_path_factory.mktemp("calls")
    found = {}
    with Sink(folder, refuse=REFUSED) as sink:
        for index, options in enumerate(("", ONCE_PER, CREW)):
            batch = Batch(folder / f"{index}", sink.port, ROWS, options)
            batch.run(environment=Point(0, NAMES).environment(faults, folder / "calls"))
            found[options] = seen(folder / "calls")
    return found


@pytest.mark.parametrize("name", KILLED)
def test_killed_in_any_call(name: str, tmp_path: Path, faults: Path, calls: Calls, random: Random) -> None:
    reached = Counter[str]()
    points = points_of(KILLED[name], calls, random)
    for trial in trials(KILLED[name], points, tmp_path, faults):
        assert (trial.status == -9) or not trial.reached or name == "two processes", trial
        reached[trial.reached or "not reached"] += 1
    print(f"killed at {reached.total()} points: {dict(reached)}")
    assert reached.total() > reached["not reached"]


@pytest.mark.parametrize("name", FAILED)
def test_a_call_that_fails(name: str, tmp_path: Path, faults: Path, calls: Calls, random: Random) -> None:
    reached, statuses = Counter[str](), Counter[int]()
    points = points_of(FAILED[name], calls, random)
    for trial in trials(FAILED[name], points, tmp_path, faults):
        if trial.reached:
            assert trial.status in (73, 74) or (trial.status == 69 and not trial.error), trial
            assert "standard output" not in trial.error, trial
        reached[trial.reached or "not reached"] += 1
        statuses[trial.status] += 1
    print(f"failed at {reached.total()} points: {dict(reached)}, exit statuses {dict(statuses)}")
    assert statuses[73] + statuses[74] > 0


@dataclass(frozen=True)
class Trial:
    """What became of one run: its status, the call that was reached, and what it said was wrong."""

    point: Point
    status: int
    reached: str
    error: str


def points_of(case: Case, calls: Calls, random: Random) -> list[Point]:
    """Those that are chosen, or all."""
    counted = [name for name in calls[case.options] if name in case.names]
    numbers = range(1, len(counted) + 1) if EVERY else chosen(counted, case.count, random)
    return [Point(number, case.names, case.how, case.on) for number in numbers]


def trials(case: Case, points: Sequence[Point], folder: Path, faults: Path) -> Iterator[Trial]:
    """Each point has a batch of its own, which is finished by other runs, and judged."""
    with Sink(folder, refuse=REFUSED) as sink, ThreadPoolExecutor(3) as pool:

        def trial(index: int, point: Point) -> Trial:
            batch = Batch(folder / f"{index}", sink.port, ROWS, case.options, f"p{index}.example")
            file = batch.folder / "calls"
            run = batch.run(environment=point.environment(faults, file))
            run.must_be_expected()
            batch.finish()
            states = once(batch, sink)
            assert states["accepted"] + states["unknown"] + states["rejected"] == len(batch.people)
            assert states["unknown"] <= 2 * 4, point
            reached = [*seen(file), *[""] * point.number][point.number - 1]
            return Trial(point, run.status, reached, run.err)

        yield from pool.map(trial, range(1, len(points) + 1), points)
