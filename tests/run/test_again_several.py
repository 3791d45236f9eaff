"""Running again where there are several batches: each is known by itself, wherever its step stands."""

from __future__ import annotations

import pytest

from tests.fixtures.picky import Jobs

A = "  - {id: a, send: {message: m, for_each: c%s}}\n"
B = "  - {id: b, send: {message: n, for_each: d%s}}\n"
ONE = "  - send: {message: m, for_each: c}\n"


@pytest.fixture
def both(jobs: Jobs) -> Jobs:
    jobs.write(A % "" + B % "")
    jobs.rows("c", "1 u1@x.test")
    jobs.rows("d", "2 v2@x.test")
    return jobs


@pytest.fixture
def deferred(jobs: Jobs) -> Jobs:
    """A run in which one is left."""
    jobs.write(ONE)
    jobs.rows("c", "1 u1@x.test", "2 def2@x.test")
    assert jobs.sends() == (75, ["m 1: u1@x.test"])
    jobs.server.kind = True
    return jobs


BEFORE = "  - command: NOOP\n"


@pytest.mark.parametrize(
    "steps",
    [BEFORE + ONE, ONE.replace("send", "id: given\n    send"), ONE + "  - send: {message: n, for_each: d}\n"],
)
def test_a_batch_is_known_wherever_it_stands_and_whether_it_has_an_id(deferred: Jobs, steps: str) -> None:
    deferred.write(steps)
    assert deferred.sends() == (0, ["m 2: def2@x.test"])
    assert deferred.sends() == (77, [])


def test_who_has_got_it_is_left_out_wherever_the_step_has_moved(deferred: Jobs) -> None:
    deferred.write(BEFORE + ONE.replace("for_each", "stop_on: [to], for_each"))
    assert deferred.sends() == (77, [])
    assert deferred.sends("--accept-changes") == (0, ["m 2: def2@x.test"])


def test_an_id_may_be_taken_away_again(jobs: Jobs) -> None:
    jobs.write(A % "")
    jobs.rows("c", "1 u1@x.test", "2 def2@x.test")
    jobs.run()
    jobs.server.sent()
    jobs.server.kind = True
    jobs.write(ONE)
    assert jobs.sends() == (0, ["m 2: def2@x.test"])


def test_a_batch_alike_with_an_id_takes_nothing_from_another(deferred: Jobs) -> None:
    deferred.write(ONE.replace("send", "id: more\n    send") + ONE)
    assert deferred.sends() == (0, ["m 1: u1@x.test", "m 2: def2@x.test", "m 2: def2@x.test"])
    assert deferred.sends() == (77, [])


def test_two_batches_alike_are_told_apart(jobs: Jobs) -> None:
    jobs.write(ONE + ONE)
    jobs.rows("c", "1 u1@x.test")
    assert "give each step an id" in jobs.run(command="validate").text
    assert jobs.sends() == (0, ["m 1: u1@x.test"] * 2)
    assert list(jobs.runs()[0]["steps"]) == ["m.c", "m.c.2"]
    assert jobs.sends() == (77, [])


def test_a_step_alone_and_the_whole_know_of_each_other(both: Jobs) -> None:
    assert both.sends("--step", "a") == (0, ["m 1: u1@x.test"])
    done = both.run()
    assert (done.status, both.server.sent()) == (0, ["n 2: v2@x.test"])
    assert "1 accepted before" in done.text
    for arguments in ((), ("--step", "a"), ("--step", "b")):
        assert both.sends(*arguments) == (77, [])


def test_steps_one_by_one_are_the_whole(both: Jobs) -> None:
    for step, sent in (("b", "n 2: v2@x.test"), ("a", "m 1: u1@x.test")):
        assert both.sends("--step", step) == (0, [sent])
    assert both.sends() == (77, [])


def test_a_step_alone_goes_on_with_the_whole(both: Jobs) -> None:
    both.rows("d", "2 v2@x.test", "3 def3@x.test")
    both.run()
    both.server.sent()
    both.server.kind = True
    assert both.sends("--step", "b") == (0, ["n 3: def3@x.test"])
    assert both.sends() == (77, [])


def test_unknown_ones_are_sent_to_again_in_the_step_that_says_so(both: Jobs) -> None:
    both.write(A % "" + B % ", on_unknown: resend")
    both.rows("c", "1 u1@x.test", "3 drop3@x.test", "4 def4@x.test")
    both.rows("d", "2 v2@x.test")
    both.edit("id: a", "continue_on_error: true, id: a")
    both.run()
    both.server.sent()
    both.server.kind = True
    assert both.sends() == (0, ["m 4: def4@x.test"])
    assert both.sends("--retry-unknown") == (0, ["m 3: drop3@x.test"])


def test_what_recurs_and_what_is_sent_once_go_together(both: Jobs) -> None:
    both.write(A % ", again: true" + B % ", once_per: '{{ row.id }}'")
    assert "warning" not in both.run(command="validate").text
    assert both.sends() == (0, ["m 1: u1@x.test", "n 2: v2@x.test"])
    assert both.sends() == (0, ["m 1: u1@x.test"])


def test_the_batch_that_has_neither_is_what_is_refused(both: Jobs) -> None:
    both.write(A % ", again: true" + B % "")
    assert both.run(command="validate").text.count("a finished run is not sent again") == 1
    both.run()
    both.server.sent()
    done = both.run()
    assert (done.status, both.server.sent()) == (77, [])
    assert "b was sent" in done.text


def test_a_batch_that_did_not_change_is_left_out_and_told(both: Jobs) -> None:
    both.run()
    both.server.sent()
    both.rows("c", "1 other@x.test")
    done = both.run()
    assert (done.status, both.server.sent()) == (0, ["m 1: other@x.test"])
    assert "(1 delivered by an earlier run); was sent as it is now in the run of" in done.text
    assert both.sends() == (77, [])


def test_rejected_ones_of_a_batch_that_is_left_out_stay_so(both: Jobs) -> None:
    both.write(B % "" + A % "")
    both.edit("id: b", "continue_on_error: true, id: b")
    both.rows("d", "2 v2@x.test", "3 rej3@x.test")
    both.run()
    both.server.sent()
    both.server.kind = True
    both.rows("c", "1 other@x.test")
    assert both.sends()[1] == ["m 1: other@x.test"]
    assert both.sends("--retry-failed")[1] == ["n 3: rej3@x.test"]


def test_who_was_rejected_before_stops_no_later_batch(both: Jobs) -> None:
    both.rows("c", "1 u1@x.test", "3 rej3@x.test")
    assert both.sends() == (69, ["m 1: u1@x.test"])
    assert both.sends() == (69, ["n 2: v2@x.test"])
    assert both.sends() == (77, [])


def test_what_changed_is_told_with_its_step(both: Jobs) -> None:
    both.rows("c", "1 u1@x.test", "3 def3@x.test")
    both.run()
    both.rows("c", "1 u1@x.test", "3 other@x.test")
    both.edit("Hello {{ row.id }}", "Hi {{ row.id }}")
    done = both.run()
    assert done.status == 77
    assert "a: data and message changed since the run of" in done.text
    assert "b:" not in done.text


def test_what_is_finished_may_have_changed_while_another_batch_is_not(both: Jobs) -> None:
    both.rows("d", "2 v2@x.test", "3 def3@x.test")
    both.run()
    both.server.sent()
    both.server.kind = True
    both.rows("c", "1 u1@X.TEST")
    done = both.run()
    assert (done.status, both.server.sent()) == (77, [])
    assert "a: data changed since" in done.text
    assert both.sends("--accept-changes") == (0, ["n 3: def3@x.test"])


# --- conditions


CONDITION = (
    "  - {id: relay, connect: true}\n"
    "  - {id: a, send: {message: m, for_each: c}}\n"
    "  - {if: steps.relay.extensions.dsn is defined, id: b, send: {message: n, for_each: d}}\n"
)


def test_a_batch_whose_condition_was_false_can_be_sent_later(both: Jobs) -> None:
    both.write(CONDITION)
    assert both.sends() == (0, ["m 1: u1@x.test"])
    done = both.run()
    assert (done.status, both.server.sent()) == (77, [])
    assert "a was sent in the run of" in done.text
    assert list(both.runs()[0]["steps"]) == ["a"]
    both.server.extensions.append("DSN")
    assert both.sends() == (0, ["n 2: v2@x.test"])
    assert both.sends() == (77, [])


def test_a_batch_alone_whose_condition_was_false_leaves_nothing(both: Jobs) -> None:
    both.write(CONDITION.replace("  - {id: a, send: {message: m, for_each: c}}\n", ""))
    for _ in range(2):
        assert both.sends() == (0, [])
        assert both.runs() == []
    both.server.extensions.append("DSN")
    assert both.sends() == (0, ["n 2: v2@x.test"])


def test_a_condition_that_becomes_false_leaves_a_batch_as_it_is(both: Jobs) -> None:
    both.write(CONDITION.replace("  - {id: a, send: {message: m, for_each: c}}\n", ""))
    both.rows("d", "2 v2@x.test", "3 def3@x.test")
    both.server.extensions.append("DSN")
    assert both.sends() == (75, ["n 2: v2@x.test"])
    both.server.extensions.remove("DSN")
    assert both.sends() == (0, [])
    assert both.runs()[0]["steps"]["b"]["totals"] == {"accepted": 1, "deferred": 1}
    both.server.extensions.append("DSN")
    both.server.kind = True
    assert both.sends() == (0, ["n 3: def3@x.test"])


def test_a_batch_for_failures_alone_stands_in_nobodys_way(both: Jobs) -> None:
    both.write(A % "" + "  - {if: run.failed, id: b, send: {message: n, for_each: d}}\n")
    assert both.sends() == (0, ["m 1: u1@x.test"])
    assert both.sends() == (77, [])
