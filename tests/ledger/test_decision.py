"""What a run may do, seeing those before it."""

from datetime import UTC, datetime

import pytest

from mailjobs.ledger import AtHand, New, Refuse, Resume, Run, StepState, TakenOver, Wishes, decide

PARTS = {"message": "1", "data": "2", "limit": "-", "where": "-"}
STEP = "m.c"


def hand(name=STEP, parts=PARTS, recipients=10, made=None, **keys):
    return AtHand(name, made or name, name, dict(parts), recipients, **keys)


def state(parts=PARTS, finished=True, kept=(), once="", keys="", made="", **totals):
    totals = {key.replace("_", "-"): count for key, count in (totals or {"accepted": 10}).items()}
    how = "finished" if finished else "open"
    return StepState(how, 10, totals, 10, dict(parts), made, tuple(kept), once, keys)


def run(name, steps=None, day=1, staging=None, **keys):
    """A run of one step that `keys` describe, or of several."""
    moment = datetime(2026, 11, day, 8, 30, tzinfo=UTC)
    return Run(name, "j", moment, staging, None, steps or {STEP: state(**keys)})


def choose(before, *hands, wishes=Wishes(), staging=None, names=()):  # noqa: B008 (it does not change)
    return decide(before, hands or [hand()], wishes, staging, names)


def refused(before, *hands, wishes=Wishes(), staging=None):  # noqa: B008 (it does not change)
    found = choose(before, *hands, wishes=wishes, staging=staging)
    assert isinstance(found, Refuse), found
    assert int(found.error.exit_status) == 77
    return str(found.error)


def new(**kept):
    return New({name.replace("_", "."): TakenOver(sources) for name, sources in kept.items()})


def same(run_id, *names):
    return Resume(run_id, {name: name for name in names or [STEP]})


def test_the_first_run():
    assert choose([]) == New()


def test_an_unfinished_run_is_resumed():
    before = [run("r", finished=False)]
    assert choose(before) == same("r")
    assert choose(before, wishes=Wishes(retry_failed=True)) == same("r")
    assert choose(before, hand(again=True)) == same("r")


def test_who_is_sent_to_is_said_for_each_batch():
    assert Wishes().opened(False) == "nd"
    assert Wishes().opened(True) == "ndu"
    assert Wishes(retry_failed=True, retry_unknown=True).opened(False) == "ndru"


def test_an_unfinished_run_that_changed():
    before = [run("r", finished=False, accepted=7, unknown=1)]
    now = hand(parts=PARTS | {"data": "3", "template": "new"})
    text = refused(before, now)
    assert "m.c: data and template changed since the run of 2026-11-01 08:30 UTC" in text
    assert "7 accepted, 1 unknown" in text
    assert "--accept-changes" in text
    assert choose(before, now, wishes=Wishes(accept_changes=True)) == new(m_c=("r/m.c",))


def test_where_nothing_changed_changes_are_accepted_of_nothing():
    assert choose([run("r", finished=False)], wishes=Wishes(accept_changes=True)) == same("r")


def test_under_once_per_a_change_stops_nobody():
    now = hand(parts=PARTS | {"data": "3"}, once="t", keys="k2")
    assert choose([run("r", finished=False, once="t", keys="k1")], now) == New()
    same_keys = hand(once="t", keys="k1")
    assert choose([run("r", finished=False, once="t", keys="k1")], same_keys) == same("r")


def test_a_change_that_once_per_came_with_does_stop():
    now = hand(parts=PARTS | {"data": "3"}, once="t", keys="k1")
    assert "data changed" in refused([run("r", finished=False)], now)
    assert "data changed" in refused([run("r", finished=False, once="other", keys="k1")], now)


def test_a_run_that_all_is_delivered_of_is_gone_on_with_under_once_per():
    now = hand(once="t", keys="k1")
    for once, keys in (("t", "k1"), ("", ""), ("other", "k0")):
        assert choose([run("r", once=once, keys=keys)], now) == same("r")
    assert choose([run("r", once="t", keys="k of november")], now) == New()


def test_an_older_run_is_gone_on_with_once_the_data_are_what_they_were():
    newer = run("r2", day=2, parts=PARTS | {"data": "3"}, once="t", keys="k2")
    older = run("r1", finished=False, once="t", keys="k1", accepted=2, deferred=1)
    assert choose([newer, older], hand(once="t", keys="k1")) == same("r1")


def test_what_was_taken_over_is_replaced():
    now = PARTS | {"data": "3"}
    older = run("r1", finished=False)
    newer = run("r2", parts=now, finished=False, kept=["r1/m.c"], day=2)
    assert choose([newer, older], hand(parts=now)) == same("r2")
    accepting = Wishes(accept_changes=True)
    other = hand(parts=PARTS | {"data": "4"})
    assert choose([newer, older], other, wishes=accepting) == new(m_c=("r2/m.c", "r1/m.c"))
    finished = run("r2", parts=now, kept=["r1/m.c"], day=2)
    assert "was sent" in refused([finished, older], hand(parts=now))
    assert choose([finished, older], hand()) == New()


def test_a_run_that_took_over_and_had_nothing_left_to_send_is_done():
    now = PARTS | {"data": "3"}
    before = [run("r2", parts=now, kept=["r1/m.c"], day=2, kept_=1), run("r1", finished=False)]
    before[0].steps[STEP].totals = {"kept": 1}
    assert "1 before" in refused(before, hand(parts=now))


def test_an_unfinished_run_of_which_nobody_had_anything_does_not_stop_a_change():
    before = [run("r", finished=False, rejected=3, deferred=3)]
    assert choose(before, hand(parts=PARTS | {"data": "3"})) == New()
    assert choose(before) == same("r")


def test_a_finished_run_is_refused():
    text = refused([run("r", accepted=9, rejected=1)])
    assert "2026-11-01 08:30 UTC" in text
    assert "9 accepted, 1 rejected" in text
    assert "--again" in text
    assert "--retry-failed" in text
    assert "--retry-unknown" not in text


def test_a_finished_run_is_sent_again_where_it_is_meant():
    assert choose([run("r")], hand(again=True)) == New()
    assert choose([run("r")], wishes=Wishes(again=True)) == New()


def test_a_run_that_was_for_nobody_stops_nobody():
    assert choose([run("r", accepted=0)]) == New()


def test_what_is_meant_to_recur_begins_anew_where_it_changed():
    before = [run("r", finished=False, accepted=2, deferred=1)]
    found = choose(before, hand(parts=PARTS | {"data": "3"}, again=True))
    assert found == New(notes=found.notes)
    assert "not finished (2 accepted, 1 deferred)" in found.notes[STEP]


def test_again_leaves_an_unfinished_run_and_says_who_had_not_got_it():
    before = [run("r", finished=False, accepted=2, not_attempted=3)]
    found = choose(before, wishes=Wishes(again=True))
    assert found == New(notes=found.notes)
    assert "2 accepted, 3 not-attempted" in found.notes[STEP]


def test_what_was_left_for_another_run_is_no_more_in_the_way():
    left = run("r1", finished=False, accepted=2, deferred=1)
    later = run("r2", day=2, parts=PARTS | {"data": "3"})
    assert choose([later, left], hand(parts=PARTS | {"data": "4"})) == New()


def test_retries_of_a_finished_run():
    failed, unknown = Wishes(retry_failed=True), Wishes(retry_unknown=True)
    before = [run("r", accepted=8, rejected=1, unknown=1)]
    assert choose(before, hand(opened="ndr"), wishes=failed) == same("r")
    assert choose(before, hand(opened="ndu"), wishes=unknown) == same("r")
    assert "nobody is rejected" in refused([run("r")], hand(opened="ndr"), wishes=failed)
    assert "nobody is unknown" in refused([run("r")], hand(opened="ndu"), wishes=unknown)
    changed = hand(parts=PARTS | {"data": "3"}, opened="ndr")
    assert "no run of the job" in refused(before, changed, wishes=failed)
    assert "no run of the job" in refused([], hand(opened="ndr"), wishes=failed)


def test_unknown_ones_are_left_to_do_where_they_are_to_be_resent():
    before = [run("r", accepted=9, unknown=1)]
    assert choose(before, hand(opened="ndu")) == same("r")
    assert "was sent" in refused(before)


def test_who_is_unknown_under_a_key_can_be_tried_whatever_changed():
    before = [run("r", once="t", keys="k1", accepted=9, unknown=1)]
    now = hand(parts=PARTS | {"data": "3"}, once="t", keys="k2", opened="ndu")
    assert choose(before, now, wishes=Wishes(retry_unknown=True)) == New()


@pytest.mark.parametrize("name", ["deferred", "not-attempted"])
def test_a_run_that_ended_with_somebody_left_is_resumed(name):
    assert choose([run("r", **{"accepted": 5, name: 2})]) == same("r")


def test_changed_since_it_finished_is_another_run():
    changed = hand(parts=PARTS | {"data": "3"})
    assert choose([run("r")], changed) == New()
    assert choose([run("r")], changed, wishes=Wishes(accept_changes=True)) == new(m_c=("r/m.c",))


def alike(*sources):
    return {STEP: TakenOver(sources, alike=True, rejected=True)}


def test_the_same_to_other_rows_leaves_out_who_has_got_it():
    other = run("r2", parts=PARTS | {"limit": "3", "data": "3 rows"}, day=2)
    found = choose([other, run("r1", parts=PARTS | {"message": "old"})])
    assert found.kept == alike("r2/m.c")
    assert "was sent" in str(found.repeat)
    assert choose([other], hand(again=True)) == New()
    assert choose([other], hand(parts=PARTS | {"message": "new"})) == New()


def test_all_who_had_the_same_are_left_out():
    runs = [run(f"r{day}", parts=PARTS | {"only": str(day), "data": str(day)}, day=day) for day in (3, 2, 1)]
    assert choose(runs).kept == alike("r3/m.c", "r2/m.c", "r1/m.c")


def test_who_had_the_same_since_is_left_out_where_an_older_run_is_not_finished():
    older = run("r1", finished=False, accepted=2, not_attempted=2)
    chosen = run("r2", parts=PARTS | {"only": "3", "data": "1 row"}, day=2)
    assert choose([chosen, older]).kept == alike("r2/m.c", "r1/m.c")
    other = run("r3", parts=PARTS | {"message": "x"}, day=3)
    assert choose([other, chosen, older]).kept == alike("r2/m.c", "r1/m.c")
    assert choose([other, older]) == same("r1")


def test_rows_of_last_time_are_no_rows_of_this_time():
    november = [run("r2", day=2), run("r1", parts=PARTS | {"limit": "3", "data": "3 rows"})]
    assert choose(november, hand(parts=PARTS | {"data": "december"})) == New()


def test_other_rows_while_a_run_is_not_finished():
    text = refused([run("r", finished=False)], hand(parts=PARTS | {"limit": "3", "data": "3 rows"}))
    assert "data and limit changed" in text


def test_staging_is_a_lineage_of_its_own():
    before = [run("r", staging="dev@x", finished=False)]
    assert choose(before) == New()
    assert choose(before, staging="dev@x") == same("r")
    assert choose(before, staging="other@x") == New()


# --- several batches


def done(*sources):
    return TakenOver(sources, rejected=True)


def both(day=1, name="r", a=None, b=None):
    found = {"a": a, "b": b}
    return run(name, {key: value for key, value in found.items() if value is not None}, day)


def test_a_batch_that_was_run_alone_is_not_run_again():
    before = [both(a=state())]
    assert choose(before, hand("a"), hand("b")) == Resume("r", {"a": "a"})
    assert choose(before, hand("b")) == New()


def test_what_is_finished_stays_so_while_another_batch_goes_on():
    before = [both(a=state(), b=state(finished=False))]
    assert choose(before, hand("a"), hand("b")) == same("r", "a", "b")
    assert choose(before, hand("a", again=True), hand("b", again=True)) == same("r", "a", "b")
    assert choose(before, hand("b")) == same("r", "b")


def test_what_is_in_different_runs_is_brought_together():
    before = [both(2, "r2", b=state(finished=False)), both(a=state())]
    found = choose(before, hand("a"), hand("b"))
    assert found == Resume("r2", {"b": "b"}, {"a": done("r/a")})


def test_all_that_was_sent_is_told_where_all_was():
    text = refused([both(a=state(), b=state(accepted=3))], hand("a"), hand("b"))
    assert "a was sent" in text
    assert "b was sent in the run of 2026-11-01 08:30 UTC (3 accepted)" in text
    assert "a was sent" in refused([both(2, "r2", b=state()), both(a=state())], hand("a"), hand("b"))


def test_each_batch_says_whether_it_recurs():
    before = [both(a=state(), b=state(once="t", keys="k"))]
    found = choose(before, hand("a", again=True), hand("b", once="t", keys="k"))
    assert found == New({"b": done("r/b")})
    text = refused([both(a=state(), b=state())], hand("a", again=True), hand("b"))
    assert "b was sent" in text
    assert "a was sent" not in text


def test_a_batch_that_did_not_change_is_left_out_where_another_one_did():
    found = choose([both(a=state(), b=state())], hand("a", PARTS | {"message": "x"}), hand("b"))
    assert found.kept == {"b": done("r/b")}
    assert "--again" in found.notes["b"]


def test_a_change_of_what_is_finished_in_a_run_that_is_not():
    before = [both(a=state(finished=False), b=state())]
    changed = hand("b", PARTS | {"message": "x"})
    text = refused(before, hand("a"), changed)
    assert "b: message changed since" in text
    assert "a:" not in text
    found = choose(before, hand("a"), changed, wishes=Wishes(accept_changes=True))
    assert found.kept == {"a": done("r/a"), "b": TakenOver(("r/b",))}


def test_the_batch_and_its_parts_are_named():
    before = [both(a=state(finished=False), b=state(finished=False))]
    text = refused(before, hand("a", PARTS | {"data": "x", "message": "y"}), hand("b"))
    assert "a: data and message changed" in text
    assert "b:" not in text


def test_a_step_whose_condition_was_false_may_come_to_be_run():
    before = [both(a=state())]
    found = choose(before, hand("a"), hand("b", chance="late"))
    assert (found.run, found.stored) == ("r", {"a": "a"})
    assert "a was sent" in str(found.repeat)
    assert "a was sent" in refused(before, hand("a"), hand("b", chance="failure"))
    assert "a was sent" in refused(before, hand("a"), hand("b", recipients=0))


# --- names


def test_an_id_may_be_given_and_taken_away():
    before = [run("r", finished=False, made="m.c")]
    assert choose(before, hand("invoices", made="m.c")) == Resume("r", {"invoices": "m.c"})
    named = [run("r", {"invoices": state(finished=False, made="m.c")})]
    assert choose(named, hand("m.c")) == Resume("r", {"m.c": "invoices"})
    assert choose(named, hand("m.c"), names=["invoices", "m.c"]) == New()
