"""What a run may do, seeing those before it."""

from datetime import UTC, datetime

import pytest

from mailjobs.ledger import New, Refuse, Resume, Run, StepState, Wishes, decide, last

PARTS = {"job": "1", "data": "2", "limit": "-", "where": "-"}


def run(name, parts=PARTS, finished=True, staging=None, kept=(), day=1, **totals):
    totals = {key.replace("_", "-"): count for key, count in (totals or {"accepted": 10}).items()}
    step = StepState("finished" if finished else "open", 10, totals)
    moment = datetime(2026, 11, day, 8, 30, tzinfo=UTC)
    return Run(name, "j", moment, dict(parts), staging, kept, moment if finished else None, {"send": step})


def refused(before, parts=PARTS, wishes=Wishes(), staging=None):  # noqa: B008 (it does not change)
    found = decide(before, parts, wishes, staging)
    assert isinstance(found, Refuse)
    assert int(found.error.exit_status) == 77
    return str(found.error)


def test_the_first_run():
    assert decide([], PARTS, Wishes()) == New()


def test_an_unfinished_run_is_resumed():
    before = [run("r", finished=False)]
    assert decide(before, PARTS, Wishes()) == Resume("r", "nd")
    assert decide(before, PARTS, Wishes(again=True, retry_failed=True)) == Resume("r", "ndr")
    assert decide(before, PARTS, Wishes(resend_unknown=True)) == Resume("r", "ndu")


def test_an_unfinished_run_that_changed():
    before = [run("r", finished=False, accepted=7, unknown=1)]
    now = PARTS | {"data": "3", "template": "new"}
    text = refused(before, now)
    assert "2026-11-01 08:30 UTC" in text
    assert "7 accepted, 1 unknown" in text
    assert "data and template changed" in text
    assert "--accept-changes" in text
    assert decide(before, now, Wishes(accept_changes=True)) == New(("r",))


def test_under_once_per_a_change_stops_nobody():
    before = [run("r", finished=False)]
    assert decide(before, PARTS | {"data": "3"}, Wishes(once_per=True)) == New()
    assert decide(before, PARTS, Wishes(once_per=True)) == Resume("r", "nd")


def test_what_was_taken_over_is_replaced():
    now = PARTS | {"data": "3"}
    before = [run("r2", now, False, kept=("r1",), day=2), run("r1", finished=False)]
    assert decide(before, now, Wishes()) == Resume("r2", "nd")
    assert decide(before, PARTS | {"data": "4"}, Wishes(accept_changes=True)) == New(("r2", "r1"))
    before = [run("r2", now, True, kept=("r1",), day=2), run("r1", finished=False)]
    assert "was sent" in refused(before, now)


def test_a_run_that_took_over_and_sent_nothing_replaces_nothing():
    now = PARTS | {"data": "3"}
    before = [run("r2", now, False, kept=("r1",), day=2, kept_=3), run("r1", finished=False)]
    assert "changed" in refused(before, now)


def test_an_unfinished_run_of_which_nothing_was_sent_does_not_count():
    assert decide([run("r", finished=False, rejected=3, deferred=3)], PARTS | {"data": "3"}, Wishes()) == New()


def test_a_finished_run_is_refused():
    text = refused([run("r", accepted=9, rejected=1)])
    assert "2026-11-01 08:30 UTC" in text
    assert "9 accepted, 1 rejected" in text
    assert "--again" in text
    assert "--retry-failed" in text
    assert "--retry-unknown" not in text


@pytest.mark.parametrize("wishes", [Wishes(again=True), Wishes(once_per=True)])
def test_a_finished_run_is_sent_again_where_it_is_meant(wishes):
    assert decide([run("r")], PARTS, wishes) == New()


def test_retries_of_a_finished_run():
    before = [run("r", accepted=8, rejected=1, unknown=1)]
    assert decide(before, PARTS, Wishes(retry_failed=True)) == Resume("r", "ndr")
    assert decide(before, PARTS, Wishes(retry_unknown=True)) == Resume("r", "ndu")
    assert "nobody is rejected" in refused([run("r")], wishes=Wishes(retry_failed=True))
    assert "nobody is unknown" in refused([run("r")], wishes=Wishes(retry_unknown=True))
    assert "no run of the job" in refused(before, PARTS | {"data": "3"}, Wishes(retry_failed=True))


@pytest.mark.parametrize("state", ["deferred", "not-attempted"])
def test_a_run_that_ended_with_somebody_left_is_resumed(state):
    assert decide([run("r", **{"accepted": 5, state: 2})], PARTS, Wishes()) == Resume("r", "nd")


def test_changed_since_it_finished_is_another_run():
    assert decide([run("r")], PARTS | {"data": "3"}, Wishes()) == New()


def test_the_same_to_other_rows_leaves_out_who_has_got_it():
    before = [run("r2", PARTS | {"limit": "3"}, day=2), run("r1", PARTS | {"data": "old"})]
    assert decide(before, PARTS, Wishes()) == New(("r2",))
    assert decide(before, PARTS, Wishes(again=True)) == New()


def test_staging_is_a_lineage_of_its_own():
    before = [run("r", staging="dev@x", finished=False)]
    assert decide(before, PARTS, Wishes()) == New()
    assert decide(before, PARTS, Wishes(), "dev@x") == Resume("r", "nd")
    assert decide(before, PARTS, Wishes(), "other@x") == New()


def test_a_refusal_names_the_run_that_stands_in_the_way():
    assert decide([run("r1")], PARTS, Wishes()).run == "r1"
    assert decide([run("r1", finished=False)], {**PARTS, "data": "3"}, Wishes()).run == "r1"
    assert decide([run("r1")], PARTS, Wishes(retry_failed=True)).run == "r1"
    assert decide([], PARTS, Wishes(retry_failed=True)).run is None


def test_the_last_run_is_the_newest_of_its_kind():
    before = [run("r3", staging="qa@x"), run("r2"), run("r1")]
    assert [last(before, staging) and last(before, staging).id for staging in (None, "qa@x", "no")] == [
        "r2",
        "r3",
        None,
    ]
