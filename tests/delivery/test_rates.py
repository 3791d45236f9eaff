"""The rate of a server and of each domain: bounds in every window, complaints, and several processes."""

from __future__ import annotations

import os
import signal
import struct
import threading
from bisect import bisect_right
from collections.abc import Sequence
from heapq import heappop, heappush
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailjobs.delivery.rates import Rates
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


def send_to(
    clock: Clock, rates: Rates, letters: Sequence[Sequence[str]], late: Sequence[float] = (0.0,)
) -> dict[str, list[float]]:
    """When a message to each of the lists of addresses goes out, by domain; all wait from the beginning."""
    waiting = [(clock.now, number, 0.0) for number in range(len(letters))]
    gone: dict[str, list[float]] = {}
    turn = 0
    while waiting:
        asks, number, moment = heappop(waiting)
        clock.now = max(clock.now, asks + (late[turn % len(late)] if moment else 0.0))
        turn += 1
        assert turn < 100 * len(letters), "they come and come again"
        moment = rates.domains(letters[number], moment)
        if moment:
            heappush(waiting, (moment, number, moment))
            continue
        for domain in {address.partition("@")[2] for address in letters[number]}:
            gone.setdefault(domain, []).append(clock.now)
    return gone


def test_who_comes_late_to_his_domain_costs_the_others_nothing(clock: Clock) -> None:
    letters = [[f"a{number}@d{number % 5}.test"] for number in range(505)]
    gone = send_to(clock, Rates(None, Rate(10)), letters, late=(0.0003, 0.004, 0.0, 0.012, 0.0007))
    for moments in gone.values():
        assert excess(moments, 10) <= 0.1 + 1e-6
        assert moments[-1] - moments[0] <= 10 * 1.02


@given(
    st.lists(st.floats(0, 0.5), min_size=1, max_size=8),
    st.lists(st.lists(st.sampled_from("xyz"), min_size=1, max_size=4), min_size=1, max_size=60),
    st.sampled_from([0.5, 10.0]),
)
def test_messages_to_several_domains_keep_the_windows_of_each(
    late: list[float], domains: list[list[str]], per_second: float
) -> None:
    letters = [[f"{number}@{domain}.test" for number, domain in enumerate(names)] for names in domains]
    with pytest.MonkeyPatch.context() as monkeypatch:
        gone = send_to(Clock(monkeypatch), Rates(None, Rate(per_second)), letters, late)
    assert sum(map(len, gone.values())) == sum(len(set(names)) for names in domains)
    for moments in gone.values():
        assert excess(moments, per_second) <= 0.1 + 1e-6


def test_message_to_two_busy_domains_goes_out(clock: Clock) -> None:
    letters = [[f"a@{domain}.test"] for domain in "xy" for _ in range(50)]
    letters[30:30] = [["a@x.test", "b@y.test"]]
    gone = send_to(clock, Rates(None, Rate(1)), letters)
    assert [len(moments) for moments in gone.values()] == [51, 51]
    assert max(moments[-1] for moments in gone.values()) - 1000 <= 54


def test_those_who_wait_for_two_domains_are_not_forestalled_at_one(clock: Clock) -> None:
    rates = Rates(None, Rate(1))
    assert not rates.domains(["a@x.test"])
    late, both = rates.domains(["b@x.test"]), rates.domains(["c@x.test", "c@y.test"])
    clock.now = 1001.5
    assert not rates.domains(["b@x.test"], late)
    clock.now = both
    both = rates.domains(["c@x.test", "c@y.test"], both)
    assert both == pytest.approx(1002.5, abs=0.01)
    clock.now += 0.1
    assert rates.domains(["d@y.test"], clock.now) >= both
    clock.now = both
    assert not rates.domains(["c@x.test", "c@y.test"], both)


@given(
    st.lists(st.floats(0, 0.5), min_size=1, max_size=8), st.lists(st.integers(1, 20), min_size=2, max_size=60)
)  # fmt: skip
def test_recipients_keep_the_window_but_for_one_message(late: list[float], counts: list[int]) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        clock = Clock(monkeypatch)
        rates, gone = Rates(Rate(50, "recipients"), None), []
        for turn, count in enumerate(counts):
            moment = rates.server(count)
            while moment:
                clock.now = max(clock.now, moment) + late[turn % len(late)]
                moment = rates.admit(moment, count)
            gone.append(clock.now)
    for first, begin in enumerate(gone):
        for last in range(first + 1, len(gone)):
            assert sum(counts[first:last]) <= 50 * (gone[last] - begin) + 0.1 * counts[last] + 1e-6


def spacing(clock: Clock, rates: Rates) -> float:
    first = rates.server(1)
    clock.now = max(first, clock.now)
    return rates.server(1) - clock.now


def test_complaint_halves_the_rate_and_a_minute_restores_it(clock: Clock) -> None:
    rates = Rates(Rate(10), None)
    rates.server_complains()
    clock.now += 5
    rates.server_complains()  # of what was under way
    clock.now -= 5
    assert spacing(clock, rates) == pytest.approx(0.2, rel=0.01)
    clock.now += 11
    rates.server_complains()
    assert spacing(clock, rates) > 0.3
    clock.now += 30
    assert 0.1 < spacing(clock, rates) < 0.2
    clock.now += 31
    assert spacing(clock, rates) == pytest.approx(0.1)


def test_what_waits_when_the_rate_is_low_reckons_with_its_rise(clock: Clock) -> None:
    rates = Rates(None, Rate(10))
    rates.domain_complains("a@x.test")
    gone = send_to(clock, rates, [["a@x.test"]] * 1000)["x.test"]
    assert bisect_right(gone, 1060) == pytest.approx(450, abs=2)
    assert gone[-1] - 1060 == pytest.approx(55, abs=0.5)


def test_complaint_slows_down_those_who_wait_already(clock: Clock) -> None:
    rates = Rates(None, Rate(10))
    waiting = [rates.domains(["a@x.test"]) for _ in range(200)]
    rates.domain_complains("a@x.test")
    gone = []
    while waiting:
        clock.now = max(clock.now, moment := waiting.pop(waiting.index(min(waiting))))
        anew = rates.domains(["a@x.test"], moment)
        waiting += [anew] if anew else []
        gone += [] if anew else [clock.now]
    assert excess(gone[:60], 6) <= 0.1
    assert bisect_right(gone, 1010) == pytest.approx(54, abs=1), "half of 10 a second, and a little more each second"


def test_however_often_a_domain_complains_it_does_not_stand_still(clock: Clock) -> None:
    rates = Rates(None, None)
    for _ in range(1000):
        clock.now += 0.01
        rates.server(1)
        rates.domains(["a@x.test"])
    began, gone, moment = clock.now, 0, 0.0
    while clock.now < began + 600:
        moment = rates.domains(["a@x.test"], moment)
        if moment:
            clock.now = moment
            continue
        gone += 1
        rates.server(1)
        rates.domain_complains("a@x.test")
    assert 100 * 600 / 7 < gone < 100 * 600 / 3


def test_complaint_of_a_server_without_a_limit_slows_down_what_went_out_of_late(clock: Clock) -> None:
    rates = Rates(None, None)
    for _ in range(100):
        clock.now += 0.01
        rates.server(1)
    rates.server_complains()
    assert spacing(clock, rates) == pytest.approx(1 / 50, rel=0.1)
    clock.now += 61
    assert rates.server(1) == 0.0
    assert rates.server(1) == 0.0


def test_what_goes_out_is_measured_from_the_first_message_on(clock: Clock) -> None:
    rates = Rates(None, None)
    clock.now += 100  # until the server has greeted
    for _ in range(100):
        clock.now += 0.01
        rates.server(1)
    rates.server_complains()
    assert spacing(clock, rates) == pytest.approx(1 / 50, rel=0.1)


def test_each_domain_has_its_own_rate(clock: Clock) -> None:
    rates = Rates(None, Rate(2))
    moments = [rates.domains([one]) for one in ("a@x.test", "b@X.test", "a@y.test", "c@x.test")]
    assert [moment and moment - clock.now for moment in moments] == [0, 0.5, 0, 1]


def test_domain_that_complains_slows_down_alone_and_by_its_own_speed(clock: Clock) -> None:
    rates = Rates(None, None)
    for number in range(1000):
        clock.now += 0.01
        rates.server(1)
        rates.domains(["a@x.test" if number % 4 == 0 else "a@y.test"])
    rates.domain_complains("a@x.test")
    assert rates.domains(["b@x.test"]) == 0.0
    assert rates.domains(["b@x.test"]) - clock.now == pytest.approx(2 / 25, rel=0.05)
    assert [rates.domains(["b@y.test"]) for _ in range(9)] == [0.0] * 9
    assert rates.server(1) == 0.0
    clock.now += 60
    assert [rates.domains(["b@x.test"]) for _ in range(9)] == [0.0] * 9


def test_any_number_of_domains_keep_their_rates(clock: Clock) -> None:
    rates = Rates(None, Rate(1 / 60))
    domains = [f"a@d{number}.test" for number in range(20_000)]
    assert not any(rates.domains([domain]) for domain in domains)
    clock.now += 55
    assert {rates.domains([domain]) for domain in domains} == {1060.0}


def test_domains_share_where_there_is_no_more_room(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailjobs.delivery.buckets.LEVELS", 2)
    rates = Rates(None, Rate(1 / 60))
    last: dict[int, float] = {}
    for turn in range(20_000):
        number = turn * 7919 % 5000
        clock.now += 0.02
        if not rates.domains([f"a@d{number}.test"]):
            assert clock.now - last.get(number, 0) >= 60 - 0.01
            last[number] = clock.now
    assert len(last) > 2500


def test_who_shared_is_known_where_he_gets_a_bucket_of_his_own(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("FIRST", 2), ("PROBES", 2), ("LEVELS", 1)):
        monkeypatch.setattr(f"mailjobs.delivery.buckets.{name}", value)
    for number in range(8):  # which of the two buckets is shared depends on the name
        rates, domain = Rates(None, Rate(1 / 60)), [f"a@d{number}.test"]
        clock.now = 1000
        assert not rates.domains(["a@x.test"])
        clock.now = 1050
        assert not rates.domains(["a@y.test"])
        clock.now = moment = rates.domains(domain)
        assert moment
        assert not rates.domains(domain, moment)
        clock.now = moment + 51  # the other is free
        assert rates.domains(domain) >= moment + 60 - 0.01


def test_buckets_of_idle_domains_are_used_again(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailjobs.delivery.buckets.LEVELS", 1)
    rates = Rates(None, Rate(1))
    for number in range(20_000):
        clock.now += 0.01
        assert not rates.domains([f"a@d{number}.test"])


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


def test_a_process_that_is_killed_while_it_books_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """It dies in the middle of a booking, with the lock in its hands."""
    rates = Rates(Rate(1000), None, processes=2)
    pid = os.fork()
    if not pid:
        monkeypatch.setattr("mailjobs.clock.monotonic", lambda: os.kill(os.getpid(), signal.SIGKILL))
        rates.server(1)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    booked: list[float] = []
    other = threading.Thread(target=lambda: booked.append(rates.server(1)), daemon=True)
    other.start()
    other.join(10)
    assert len(booked) == 1
