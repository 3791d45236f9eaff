"""The rate of a server and of each domain: bounds in every window, complaints, and several processes."""

from __future__ import annotations

import os
import struct
from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailjobs.delivery import Rates
from mailjobs.model import Rate


class Clock:
    """Stands still until it is told."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr("mailjobs.clock.monotonic", lambda: self.now)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def excess(moments: Sequence[float], rate: float) -> float:
    """By how much the fullest window is over rate x window + 1; 0 or less is right."""
    ordered = sorted(moments)
    worst = 0.0
    for first, begin in enumerate(ordered):
        for last in range(first, min(first + 200, len(ordered))):
            worst = max(worst, (last - first + 1) - (rate * (ordered[last] - begin) + 1))
    return worst


def drive(clock: Clock, rates: Rates, threads: int, seconds: float, late: Sequence[float] = (0.0,)) -> list[float]:
    """When messages go out that so many threads send as fast as they may; each wakes up a little too `late`."""
    end = clock.now + seconds
    booked = [(rates.server(1), number) for number in range(threads)]
    gone: list[float] = []
    turn = 0
    while True:
        booked.sort()
        moment, number = booked.pop(0)
        clock.now = max(clock.now, (moment or clock.now) + late[turn % len(late)])
        turn += 1
        if clock.now >= end:
            return gone
        anew = rates.admit(moment, 1)
        if not anew:
            gone.append(clock.now)
            anew = rates.server(1)
        booked.append((anew, number))


@pytest.mark.parametrize("threads", [1, 4, 10])
@pytest.mark.parametrize("per_second", [0.5, 10.0, 1000.0])
def test_limit_is_kept_and_used(clock: Clock, threads: int, per_second: float) -> None:
    gone = drive(clock, Rates(Rate(per_second), None), threads, 10)
    assert excess(gone, per_second) <= 1e-6
    assert abs(len(gone) - per_second * 10) <= max(0.02 * per_second * 10, 1)


@given(
    st.lists(st.floats(0, 0.5), min_size=1, max_size=8), st.integers(1, 6), st.sampled_from([1.0, 7.0, 50.0])
)  # fmt: skip
def test_who_wakes_up_late_does_not_burst(late: list[float], threads: int, per_second: float) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        clock = Clock(monkeypatch)
        gone = drive(clock, Rates(Rate(per_second), None), threads, 10, late)
    assert excess(gone, per_second) <= 0.1 + 1e-6


def test_who_opened_a_connection_first_waits_only_where_others_went_ahead(clock: Clock) -> None:
    rates = Rates(Rate(1), None)
    assert rates.admit(rates.server(1), 1) == 0.0
    due = rates.due
    clock.now += 5
    assert rates.resume(due, 1) == 0.0
    assert rates.server(1) == pytest.approx(clock.now + 1)
    clock.now += 1
    assert rates.admit(clock.now, 1) == 0.0
    assert rates.resume(due, 1) == pytest.approx(clock.now + 0.995)


def test_recipients_are_counted_where_the_job_says_so(clock: Clock) -> None:
    rates = Rates(Rate(10, "recipients"), None)
    assert [rates.server(count) - clock.now for count in (5, 1, 20, 1)] == pytest.approx([0, 0.5, 0.6, 2.6])


def test_without_a_limit_nothing_waits(clock: Clock) -> None:
    rates = Rates(None, None)
    assert {rates.server(1) for _ in range(1000)} == {0.0}
    assert rates.domains(["a@x.test"]) == 0.0


def spacing(clock: Clock, rates: Rates) -> float:
    first = rates.server(1)
    clock.now = max(first, clock.now)
    return rates.server(1) - clock.now


def test_complaint_halves_the_rate_and_a_minute_restores_it(clock: Clock) -> None:
    rates = Rates(Rate(10), None)
    rates.server_complains()
    rates.server_complains()  # of the same second
    assert spacing(clock, rates) == pytest.approx(0.2)
    clock.now += 5
    rates.server_complains()
    assert spacing(clock, rates) > 0.3
    clock.now += 30
    assert 0.1 < spacing(clock, rates) < 0.2
    clock.now += 31
    assert spacing(clock, rates) == pytest.approx(0.1)


def test_complaint_of_a_server_without_a_limit_slows_down_what_went_out_of_late(clock: Clock) -> None:
    rates = Rates(None, None)
    for _ in range(100):
        clock.now += 0.01
        rates.server(1)
    rates.server_complains()
    assert spacing(clock, rates) == pytest.approx(1 / 50, rel=0.1)
    clock.now += 61
    assert rates.server(1) == 0.0 or spacing(clock, rates) == 0.0 - clock.now


def test_each_domain_has_its_own_rate(clock: Clock) -> None:
    rates = Rates(None, Rate(2))
    assert [rates.domains([one]) - clock.now for one in ("a@x.test", "b@X.test", "a@y.test", "c@x.test")] == [
        0, 0.5, 0, 1
    ]  # fmt: skip


def test_domain_that_complains_slows_down_alone(clock: Clock) -> None:
    rates = Rates(None, None)
    for _ in range(100):
        clock.now += 0.01
        rates.server(1)
    rates.domain_complains("a@x.test")
    rates.domains(["b@x.test"])
    assert rates.domains(["b@x.test"]) > clock.now
    assert rates.domains(["b@y.test"]) == 0.0
    assert rates.server(1) == 0.0


def test_many_domains_find_room(clock: Clock) -> None:
    rates = Rates(None, Rate(1))
    for number in range(10_000):
        assert rates.domains([f"a@d{number}.test"]) <= clock.now
        clock.now += 1.1 if number % 1000 == 0 else 0
    assert rates.domains(["a@d9999.test"]) > clock.now


def test_processes_share_one_bucket() -> None:
    """Four processes book as fast as they can: all their moments together are spaced as the rate wants."""
    rates = Rates(Rate(1000), None, processes=4)
    reading, writing = os.pipe()
    children = []
    for _ in range(4):
        pid = os.fork()
        if not pid:
            booked = [rates.server(1) for _ in range(200)]
            os.write(writing, struct.pack("200d", *booked))
            os._exit(0)
        children.append(pid)
    os.close(writing)
    data = b""
    while chunk := os.read(reading, 65536):
        data += chunk
    os.close(reading)
    for pid in children:
        os.waitpid(pid, 0)
    moments = sorted(struct.unpack(f"{len(data) // 8}d", data))
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    assert len(moments) == 800
    assert min(gaps) >= 0.001 - 1e-6
    assert bisect_right(moments, moments[0] + 0.7) >= 690
