"""What becomes of a file that was tried: when it is tried again, and when no more."""

from datetime import timedelta

import pytest

from mailjobs.session import Part, Settled
from mailjobs.spool import HELD, Patience, Spool, lines, lock
from tests.spool.files import outcome
from tests.spool.queues import ONCE, Clock, attempt, deliver, files, queued, state_of, suffixes


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


def test_what_is_deferred_waits_twice_as_long_each_time(tmp_path, clock):
    queued(tmp_path)
    patience = Patience(delay=60, max_delay=200)
    for tries, pause in enumerate((60, 120, 200, 200), 1):
        assert attempt(tmp_path, "deferred", 451, patience=patience) == 1
        assert suffixes(tmp_path) == [".queued"]
        assert state_of(tmp_path).tries == tries
        clock.forward(pause - 0.001)
        assert attempt(tmp_path, "accepted", 250) == 0
        clock.forward(0.001)
    assert attempt(tmp_path, "accepted", 250) == 1
    assert files(tmp_path) == []


def test_after_so_many_tries_it_has_failed_and_says_why(tmp_path, clock):
    queued(tmp_path)
    patience = Patience(attempts=2, delay=0)
    attempt(tmp_path, "deferred", 451, patience=patience)
    attempt(tmp_path, "deferred", 452, patience=patience)
    assert suffixes(tmp_path) == [".failed"]
    state = state_of(tmp_path)
    assert state.given_up == "2 tries failed"
    assert state.outcome("a@x.example").reply.code == 452
    assert attempt(tmp_path, "accepted", 250) == 0


def test_what_is_too_old_has_failed_after_one_more_try(tmp_path, clock):
    queued(tmp_path)
    clock.forward(7200)
    assert attempt(tmp_path, "deferred", 451, patience=Patience(max_age=7200)) == 1
    assert suffixes(tmp_path) == [".failed"]
    assert state_of(tmp_path).given_up == "it is older than 2:00:00"


def test_what_has_expired_is_tried_once_more(tmp_path, clock):
    queued(tmp_path, expires=clock.time + timedelta(seconds=5))
    clock.forward(5)
    attempt(tmp_path, "deferred", 451)
    assert state_of(tmp_path).given_up == "it has expired"


def test_a_clock_that_was_put_back_makes_nobody_wait_longer(tmp_path, clock):
    queued(tmp_path)
    attempt(tmp_path, "deferred", 451)
    clock.forward(-86400 * 400)
    assert attempt(tmp_path, "accepted", 250) == 1


def test_a_clock_that_was_put_forward_loses_nothing(tmp_path, clock):
    queued(tmp_path)
    clock.forward(86400 * 4000)
    assert attempt(tmp_path, "accepted", 250) == 1
    queued(tmp_path)
    clock.forward(-86400 * 4000)
    assert attempt(tmp_path, "deferred", 451) == 1
    assert suffixes(tmp_path) == [".queued"]


def test_a_connection_that_failed_is_no_try(tmp_path, clock):
    queued(tmp_path)
    spool = Spool(tmp_path, patience=ONCE)
    deliver(spool, spool.take(), "not-attempted", dot=False)
    spool.close()
    assert suffixes(tmp_path) == [".queued"]
    assert (state_of(tmp_path).tries, state_of(tmp_path).next) == (0, None)
    assert attempt(tmp_path, "accepted", 250) == 1


def test_a_refusal_for_good_has_failed_with_the_reason_inside(tmp_path, clock):
    queued(tmp_path)
    attempt(tmp_path, "rejected", 550)
    assert suffixes(tmp_path) == [".failed"]
    assert state_of(tmp_path).outcome("a@x.example").reply.code == 550


def test_who_has_got_it_is_not_sent_to_again(tmp_path, clock):
    queued(tmp_path, "a@x.example", "b@x.example", "c@x.example", "d@x.example")
    spool = Spool(tmp_path, patience=Patience(delay=0))
    letter = spool.take()
    spool.dot([letter])
    states = ("accepted", "deferred", "rejected", "deferred")
    spool.settle([Settled(letter, tuple(map(outcome, letter.envelope.recipients, states, (250, 451, 550, 451))))])
    spool.close()
    assert suffixes(tmp_path) == [".queued"]
    spool = Spool(tmp_path)
    letter = spool.take()
    assert letter.envelope.recipients == ("b@x.example", "d@x.example")
    deliver(spool, letter, "accepted", 250)
    spool.close()
    assert suffixes(tmp_path) == [".failed"]
    assert "".join(state_of(tmp_path).letters.values()) == "aara"


def test_what_all_have_got_is_deleted_or_kept(tmp_path, clock):
    queued(tmp_path)
    attempt(tmp_path, "accepted", 250, keep=True)
    assert suffixes(tmp_path) == [".sent"]
    assert attempt(tmp_path, "accepted", 250) == 0
    queued(tmp_path)
    attempt(tmp_path, "accepted", 250)
    assert suffixes(tmp_path) == [".sent"]


def test_what_is_unknown_is_held_until_it_is_to_be_sent_again(tmp_path, clock):
    queued(tmp_path, "a@x.example", "b@x.example")
    spool = Spool(tmp_path)
    letter = spool.take()
    deliver(spool, Part(letter, (0,)), "accepted", 250)
    deliver(spool, Part(letter, (1,)), "unknown")
    spool.close()
    assert suffixes(tmp_path) == [".held"]
    assert state_of(tmp_path).held == "unknown whether b@x.example got it"
    assert attempt(tmp_path, "accepted", 250) == 0
    assert attempt(tmp_path, "accepted", 250, opened="ndu") == 1
    assert files(tmp_path) == []


def test_who_is_held_by_hand_is_not_sent_again_either(tmp_path, clock):
    file = queued(tmp_path)
    with lock(tmp_path, file) as held:
        held.read()
        held.append(lines.hold(clock.time, "the wrong list"))
        held.rename(HELD)
    assert attempt(tmp_path, "accepted", 250, opened="ndu") == 0
    assert suffixes(tmp_path) == [".held"]


def test_a_refusal_that_stops_the_message_stops_it_for_good(tmp_path, clock):
    queued(tmp_path, "a@x.example", "b@x.example", stop_on=("to",))
    spool = Spool(tmp_path)
    letter = spool.take()
    assert letter.stop_indexes == {0, 1}
    states = zip(letter.envelope.recipients, ("rejected", "not-attempted"), (550, 0), strict=True)
    spool.settle([Settled(letter, tuple(outcome(*one) for one in states))])
    spool.close()
    assert suffixes(tmp_path) == [".failed"]
    assert state_of(tmp_path).given_up == "a@x.example was refused, which keeps it from everybody (stop_on)"
    assert attempt(tmp_path, "accepted", 250) == 0


def test_who_holds_a_file_and_dies_before_it_has_its_name_has_held_it(tmp_path, clock):
    file = queued(tmp_path)
    with lock(tmp_path, file) as held:
        held.read()
        held.append(lines.hold(clock.time, "the wrong list"))
    assert attempt(tmp_path, "accepted", 250) == 0
    assert suffixes(tmp_path) == [".held"]


def test_a_message_that_goes_elsewhere_is_held_for_its_recipients(tmp_path, clock):
    queued(tmp_path, "a@x.example", "b@x.example")
    spool = Spool(tmp_path, redirect="dev@x.example")
    letter = spool.take()
    assert letter.envelope.recipients == ("dev@x.example",)
    deliver(spool, letter, "accepted", 250)
    spool.close()
    assert suffixes(tmp_path) == [".held"]
    state = state_of(tmp_path)
    assert state.held == "sent to dev@x.example instead"
    assert set(state.letters.values()) == {"n"}


def test_only_so_many_are_claimed(tmp_path, clock):
    for _ in range(5):
        queued(tmp_path)
    assert attempt(tmp_path, "accepted", 250, limit=2) == 2
    assert suffixes(tmp_path) == [".queued"] * 3
