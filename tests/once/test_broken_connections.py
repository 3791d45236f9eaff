"""A server that hangs up now and then, at any place, under eight connections with eight messages each on their way."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from tests.once.batch import STAGES, Batch, kill_at_message, once
from tests.once.sink import Sink

ROWS = 700
KILLS = 3
WIDE = "connections: 8, in_flight: 8"
pytestmark = pytest.mark.timeout(300)


def wild(folder: Path, random: Random) -> Sink:
    """One message in fifty loses its connection; one recipient is refused, another deferred once."""
    seed = random.randrange(1_000_000)
    return Sink(folder, chunking=True, drop=50, seed=seed, refuse="^u13@", grey="^[uv]14@")


def killed(batch: Batch, sink: Sink, random: Random, *options: str) -> int:
    """Some runs that are killed, where they do not end before; how many."""
    kills = 0
    for _ in range(2 * KILLS):
        kills += kill_at_message(batch, sink, random.randrange(1, ROWS // KILLS), random.choice(STAGES), *options)
        if kills == KILLS or batch.latest.complete:
            break
    return kills


def test_nobody_is_lost_or_gets_it_twice(tmp_path: Path, random: Random) -> None:
    with wild(tmp_path, random) as sink:
        batch = Batch(tmp_path / "batch", sink.port, ROWS, WIDE)
        runs = batch.finish()
        states = once(batch, sink)
        print(f"{len(runs)} runs: {dict(states)}")
        assert states["accepted"] > 600
        assert states["unknown"] > 0
        assert states.keys() <= {"accepted", "unknown", "rejected"}
        listed = (batch.state / "mail.unknown.csv").read_text()
        assert all(f",{address}," in listed or f" {address}" in listed for address in batch.of("unknown"))


def test_killed_as_well_and_the_unknown_ones_sent_to_when_that_is_wanted(tmp_path: Path, random: Random) -> None:
    with wild(tmp_path, random) as sink:
        batch = Batch(tmp_path / "batch", sink.port, ROWS, WIDE)
        kills = killed(batch, sink, random)
        batch.finish()
        states = once(batch, sink)
        print(f"{kills} kills: {dict(states)}")
        assert kills > 0
        ever: set[str] = set()
        while (unknown := batch.of("unknown")) or not batch.latest.complete:
            ever |= unknown
            batch.run("--retry-unknown").must_be_expected()
            once(batch, sink, batch.doubts())
        states = once(batch, sink, batch.doubts())
        print(f"sent to {len(ever)} once more: {dict(states)}, {doubled(sink)} twice")
        assert {one for one, times in sink.taken().items() if times > 1} <= ever
        assert states == {"accepted": len(batch.people) - 1, "rejected": 1}
        assert batch.run("--retry-unknown").status == 77


def test_resent_at_once_and_by_the_next_run(tmp_path: Path, random: Random) -> None:
    with wild(tmp_path, random) as sink:
        batch = Batch(tmp_path / "batch", sink.port, ROWS, f"{WIDE}, on_unknown: resend")
        kills = killed(batch, sink, random)
        runs = batch.finish()
        while batch.of("unknown"):
            assert len(runs) < 20, runs[-1]
            runs += batch.finish()
        doubts = batch.doubts()
        states = once(batch, sink, doubts)
        print(f"{kills} kills, {len(runs)} more runs: {doubts.total()} doubts, {doubled(sink)} twice: {dict(states)}")
        assert kills > 0
        assert states == {"accepted": len(batch.people) - 1, "rejected": 1}
        assert 0 < doubled(sink) <= doubts.total()


def doubled(sink: Sink) -> int:
    """How many letters too many the sink has taken."""
    return sum(times - 1 for times in sink.taken().values())
