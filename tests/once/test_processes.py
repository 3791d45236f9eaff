"""Several processes of which one dies, or the parent, or all: nobody is lost, and nobody gets it twice."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from random import Random

import pytest

from tests.fixtures.readable import readable
from tests.once.batch import STAGES, Batch, ended, kill_at_message, once, stopped
from tests.once.sink import Sink

ROWS = 600
CONNECTIONS = 2  # of each process
pytestmark = pytest.mark.timeout(300)


def workers(parent: int) -> list[int]:
    """The processes that it has started."""
    return [int(word) for word in Path(f"/proc/{parent}/task/{parent}/children").read_text().split()]


def one_worker(parent: int) -> list[int]:
    return workers(parent)[:1]


def everybody(parent: int) -> list[int]:
    return [*workers(parent), parent]


def crew(folder: Path, sink: Sink) -> Batch:
    return Batch(folder / "batch", sink.port, ROWS, f"processes: 2, connections: {CONNECTIONS}")


def test_workers_and_all_are_killed(tmp_path: Path, random: Random) -> None:
    with Sink(tmp_path) as sink:
        batch = crew(tmp_path, sink)
        kills = [
            kill_at_message(batch, sink, random.randrange(1, most), random.choice(STAGES), victims=victims)
            for victims, most in ((everybody, 150), (everybody, 150), (one_worker, 100), (one_worker, 10))
        ]
        runs = batch.finish()
        states = once(batch, sink)
    print(f"{sum(kills)} kills, {len(runs)} more runs: {dict(states)}")
    assert sum(kills) >= 3  # little may be left for the last
    assert states["accepted"] + states["unknown"] == len(batch.people)


def test_workers_whose_parent_is_killed_stop_by_themselves(tmp_path: Path, random: Random) -> None:
    with Sink(tmp_path) as sink:
        batch = crew(tmp_path, sink)
        sink.order(f"pause {random.randrange(2, ROWS // 2)} taken")
        with stopped(batch.start()) as parent:
            assert sink.paused(parent)
            left = [os.pidfd_open(worker) for worker in workers(parent.pid)]
            assert len(left) == 2
            before = len(sink.lines())
            parent.kill()
            parent.wait()
            busy = batch.run()  # the workers still hold the lock
            for worker in left:
                assert readable([worker], 60), "a worker goes on without its parent"
                os.close(worker)
            ended(parent)
        sink.order("go")
        assert busy.status == 75, busy
        assert "another run of this job is active" in busy.err
        batch.finish()
        first = {line.split()[2] for line in sink.lines()[:before]}  # connections of the run that was killed
        after = [line for line in sink.lines()[before:] if int(line.split()[2]) <= max(map(int, first))]
        states = once(batch, sink)
    print(f"{before} before, {len(after)} that were under way: {dict(states)}")
    assert len({line.split()[1] for line in after}) <= 2 * CONNECTIONS
    assert states["accepted"] + states["unknown"] == len(batch.people)


def test_a_worker_that_is_stopped_for_long_and_goes_on_sends_nothing(tmp_path: Path) -> None:
    """Another run may not begin while one of its processes only sleeps."""
    with Sink(tmp_path) as sink:
        batch = crew(tmp_path, sink)
        sink.order("pause 5 taken")
        with stopped(batch.start()) as parent:
            assert sink.paused(parent)
            sleeper, other = workers(parent.pid)
            os.kill(sleeper, signal.SIGSTOP)
            parent.kill()
            parent.wait()
            os.kill(other, signal.SIGKILL)
            sink.order("go")
            assert batch.run().status == 75
            before = len(sink.lines())
            os.kill(sleeper, signal.SIGCONT)
            ended(parent)
        assert len(sink.lines()) - before <= 2 * CONNECTIONS
        batch.finish()
        once(batch, sink)
