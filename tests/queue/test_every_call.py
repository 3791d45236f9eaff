"""A run that fills a queue, or empties one, is killed before each of its calls into the kernel, and halfway through
each that writes or sends. Afterwards usual runs finish the work; then every message is accounted for, and none was sent
twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.once.faults import HALVED, NAMES, Point, seen
from tests.once.nursery import Nursery
from tests.once.sink import Sink
from tests.queue.walk import BOTH, GREY, REFUSED, ROWS, TOLD, Outbox, light_folder, taken_of

# Reading leaves nothing behind: to die before it is to die before the next call that does.
CALLS = tuple([name for name in NAMES if name not in ("open", "read", "pread", "print")])
DOUBTFUL = ("send", "recv", "write", "fdatasync")  # around these it is decided whether a message is unknown
pytestmark = pytest.mark.timeout(300)


@dataclass
class Walk:
    """All trials, each in a folder and with recipients of its own."""

    folder: Path
    sink: Sink
    nursery: Nursery
    library: Path
    count: int = 0

    def outbox(self, options: str = "") -> Outbox:
        """The next one."""
        self.count += 1
        name = f"t{self.count}"
        return Outbox(self.folder / name, self.nursery, self.library, self.sink.port, f"{name}.example", options)

    def points(self, box: Outbox, job: str, calls: Sequence[str]) -> list[Point]:
        """Before each call, and halfway through those that can be half done, of a run of `job` that is not killed."""
        box.run(job, Point(0, calls))
        whole = len(seen(box.counted))
        halved = [name for name in calls if name in HALVED]
        number = sum(name in halved for name in seen(box.counted))
        return [Point(one, tuple(calls)) for one in range(1, whole + 1)] + [
            Point(one, tuple(halved), "half") for one in range(1, number + 1)
        ]

    def each(self, points: Sequence[Point], trial: Callable[[Point], Counter[str]]) -> Counter[str]:
        """All trials, some at a time."""
        with ThreadPoolExecutor(4) as pool:
            return sum(pool.map(trial, points), Counter())


@pytest.fixture
def walk(tmp_path: Path, faults: Path) -> Iterator[Walk]:
    """The sink gives row 2 a 451 at first, and row 3 a 550."""
    modules = ("mailjobs.steps.processing", "mailjobs.steps.queueing", "mailjobs.spool.notice")
    habits = {"grey": f"^(u{GREY}|g{BOTH})@", "refuse": f"^u{REFUSED}@"}
    with light_folder() as folder, Sink(tmp_path, **habits) as sink, Nursery(faults, *modules) as nursery:
        yield Walk(folder, sink, nursery, faults)


def test_a_run_that_queues_is_killed_in_each_of_its_calls(walk: Walk) -> None:
    def trial(point: Point) -> Counter[str]:
        box = walk.outbox()
        killed = box.run("fill.yaml", point)
        again = box.run("fill.yaml")
        assert again.status in (0, 77), again
        rows = [one.entry.row for one in box.stored().values() if box.files()]
        assert sorted(rows) == [str(row) for row in range(1, ROWS + 1)], (point, box.files())
        assert all(file.endswith(".queued") for file in box.files()), (point, box.files())
        return Counter(killed=killed.status == -9, queued=len(rows))

    points = walk.points(walk.outbox(), "fill.yaml", CALLS)
    found = walk.each(points, trial)
    print(f"queueing: killed at {found['killed']} of {len(points)} points; {found['queued']} messages queued once")
    assert found["killed"] >= 100
    assert found["queued"] == ROWS * len(points)


def test_a_run_that_sends_is_killed_in_each_of_its_calls(walk: Walk) -> None:
    def trial(point: Point) -> Counter[str]:
        box = walk.outbox()
        box.put()
        killed = box.run("empty.yaml", point)
        runs = box.finish()
        return Counter(killed=killed.status == -9, runs=runs) + account(walk, box, point, twice=False)

    first = walk.outbox()
    first.put()
    points = walk.points(first, "empty.yaml", CALLS)
    found = walk.each(points, trial)
    print(f"sending: killed at {found['killed']} of {len(points)} points, {found['runs']} more runs: {told(found)}")
    assert found["killed"] >= 100
    assert found["twice"] == 0
    assert 0 < found["held"] <= len(points)


def test_what_is_unknown_is_sent_again_where_that_is_wished(walk: Walk) -> None:
    def trial(point: Point) -> Counter[str]:
        box = walk.outbox("on_unknown: resend")
        box.put()
        killed = box.run("empty.yaml", point)
        box.finish()
        return Counter(killed=killed.status == -9) + account(walk, box, point, twice=True)

    first = walk.outbox("on_unknown: resend")
    first.put()
    points = walk.points(first, "empty.yaml", DOUBTFUL)
    found = walk.each(points, trial)
    print(f"sending with resend: killed at {found['killed']} of {len(points)} points: {told(found)}")
    assert found["held"] == 0
    assert 0 < found["twice"] <= len(points)


def account(walk: Walk, box: Outbox, point: Point, twice: bool) -> Counter[str]:
    """Hold what the sink has taken against what is left in the queue.

    Each recipient got it once; or it is held for him, since nobody knows, and he got it once or not at all; or it has
    failed, and one notification was made, for which the same holds. With `twice`: nothing is held, and the message that
    was in doubt may have been taken once more.
    """
    taken, left = taken_of(walk.sink.lines(), box.domain), box.stored()
    failed = [file for file in left if file.endswith(".failed")]
    waiting = [one.state for file, one in left.items() if file.endswith(".held")]
    assert len(failed) + len(waiting) == len(left), (point, list(left))
    assert all(set(state.letters.values()) <= {"u", "a"} for state in waiting), (point, waiting)
    held = {address for state in waiting for address in state.open("u")}
    assert failed == [f"m{REFUSED}.failed"], (point, list(left))
    people = {one for row in range(1, ROWS + 1) if row != REFUSED for one in box.people(row)}
    people.add(f"{TOLD}@{box.domain}")
    assert taken.keys() <= people, (point, taken)
    for address in people:
        least, most = (0, 1) if address in held else (1, 2 if twice else 1)
        assert least <= taken[address] <= most, (point, address, taken[address], list(left))
    doubled = [address for address, times in taken.items() if times > 1]
    assert len({row_of(address) for address in doubled}) <= 1, (point, doubled)
    return Counter(
        messages=len(people), taken=len(taken), held=len(held), twice=len(doubled),
        not_taken=sum(taken[address] == 0 for address in held), failed=len(failed),
    )  # fmt: skip


def told(found: Counter[str]) -> str:
    """The sums, for people."""
    received = f"{found['taken']} of {found['messages']} recipients got it, {found['twice']} of them twice"
    held = f"{found['held']} are held ({found['not_taken']} of them were not received)"
    return f"{received}; {held}; {found['failed']} have failed, each told of once"


def row_of(address: str) -> str:
    """Whose message it is."""
    return address.partition("@")[0].lstrip("ug")
