"""Running again with other rows: to see the first ones for real, and then all."""

from __future__ import annotations

import pytest

from tests.fixtures.picky import Jobs

ONE = "  - send: {message: m, for_each: c}\n"
TWO = "  - {id: a, send: {message: m, for_each: c}}\n  - {id: b, send: {message: n, for_each: d}}\n"


@pytest.fixture
def one(jobs: Jobs) -> Jobs:
    jobs.write(ONE)
    jobs.rows("c", "1 u1@x.test", "2 u2@x.test", "3 u3@x.test")
    return jobs


@pytest.mark.parametrize("choice", [("--limit", "1"), ("--only", "1"), ("--set", "steps[0].send.where=row.id == '1'")])
def test_who_had_it_when_some_were_chosen_is_left_out_of_the_rest(one: Jobs, choice: tuple[str, ...]) -> None:
    assert one.sends(*choice) == (0, ["m 1: u1@x.test"])
    assert one.sends() == (0, ["m 2: u2@x.test", "m 3: u3@x.test"])
    assert one.sends() == (77, [])


def test_with_several_batches_too(jobs: Jobs) -> None:
    jobs.write(TWO)
    jobs.rows("c", "1 u1@x.test", "2 u2@x.test")
    jobs.rows("d", "1 v1@x.test", "2 v2@x.test")
    assert jobs.sends("--limit", "1") == (0, ["m 1: u1@x.test", "n 1: v1@x.test"])
    assert jobs.sends() == (0, ["m 2: u2@x.test", "n 2: v2@x.test"])


def test_a_choice_of_what_was_sent_is_refused_and_sent_again_where_that_is_said(one: Jobs) -> None:
    one.run()
    one.server.sent()
    done = one.run("--only", "2")
    assert (done.status, one.server.sent()) == (77, [])
    assert "was sent in the run of" in done.text
    assert one.sends("--only", "2", "--again") == (0, ["m 2: u2@x.test"])
    assert one.sends() == (77, [])


def test_who_was_chosen_twice_is_left_out_too(one: Jobs) -> None:
    for key in ("1", "3"):
        one.run("--only", key)
    one.run("--only", "1", "--again")
    one.server.sent()
    assert one.sends() == (0, ["m 2: u2@x.test"])


def test_a_row_that_was_corrected_since_is_sent(one: Jobs) -> None:
    one.run("--limit", "2")
    one.server.sent()
    one.rows("c", "1 u1@x.test", "2 correct@x.test", "3 u3@x.test")
    assert one.sends() == (0, ["m 2: correct@x.test", "m 3: u3@x.test"])


def test_a_value_that_was_corrected_since_is_sent(one: Jobs) -> None:
    rows = "id,to,sum\n1,u1@x.test,5\n2,u2@x.test,%s\n3,u3@x.test,7\n"
    (one.folder / "c.csv").write_text(rows % "66")
    one.run("--limit", "2")
    one.server.sent()
    (one.folder / "c.csv").write_text(rows % "6")
    assert one.sends() == (0, ["m 2: u2@x.test", "m 3: u3@x.test"])


def test_a_text_that_was_corrected_since_is_sent_to_all(one: Jobs) -> None:
    one.run("--limit", "2")
    one.server.sent()
    one.edit("Hello {{ row.id }}", "Hi {{ row.id }}")
    assert len(one.sends()[1]) == 3


def test_rejected_ones_of_the_choice_are_not_tried_again_by_themselves(one: Jobs) -> None:
    one.rows("c", "1 rej@x.test", "2 u2@x.test")
    assert one.sends("--limit", "1") == (69, [])
    done = one.run()
    assert (done.status, one.server.sent()) == (69, ["m 2: u2@x.test"])
    assert "1 rejected before" in done.text


def test_who_is_excluded_meanwhile_changes_nothing_for_the_others(one: Jobs) -> None:
    (one.folder / "gone.csv").write_text("email\n")
    one.edit("for_each: c}", "for_each: c, exclude: {csv: gone.csv}}")
    one.run()
    one.server.sent()
    (one.folder / "gone.csv").write_text("email\nu2@x.test\n")
    assert one.sends() == (77, [])
    (one.folder / "gone.csv").write_text("email\nu2@x.test\nsomebody@else.test\n")
    assert one.sends() == (77, [])


def test_a_key_is_that_of_a_row_in_one_of_the_batches(jobs: Jobs) -> None:
    jobs.write(TWO)
    jobs.rows("c", "1 u1@x.test", "2 u2@x.test")
    jobs.rows("d", "7 v7@x.test")
    assert jobs.sends("--only", "7") == (0, ["n 7: v7@x.test"])
    for extra in ((), ("--limit", "1"), ("--dry-run",)):
        done = jobs.run("--only", "1", "--only", "17", *extra)
        assert (done.status, jobs.server.sent()) == (65, [])
        assert "no row of c or d has the key '17'" in done.text
    assert jobs.run("--only", "7", "--dry-run").status == 0
    assert jobs.sends() == (0, ["m 1: u1@x.test", "m 2: u2@x.test"])


def test_who_was_chosen_of_a_batch_that_was_skipped_is_left_out_of_the_rest(jobs: Jobs) -> None:
    jobs.write(TWO)
    jobs.rows("c", "1 rej1@x.test")
    jobs.rows("d", "1 v1@x.test", "2 v2@x.test")
    assert jobs.sends() == (69, [])
    assert jobs.sends("--only", "2") == (0, ["n 2: v2@x.test"])
    assert jobs.sends()[1] == ["n 1: v1@x.test"]
    assert jobs.sends() == (77, [])
