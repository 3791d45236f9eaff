"""Running again under `once_per`: what was delivered under a key is never sent again, whichever run goes on."""

from __future__ import annotations

import pytest

from tests.fixtures.picky import Jobs

PLAIN = "  - send: {message: m, for_each: c}\n"
ONCE = "  - send: {message: m, for_each: c, once_per: '{{ row.id }}'}\n"
ROWS = ("1 u1@x.test", "2 u2@x.test")


@pytest.fixture
def once(jobs: Jobs) -> Jobs:
    jobs.write(ONCE)
    jobs.rows("c", *ROWS)
    return jobs


def test_a_run_that_finds_all_of_it_delivered_is_done(once: Jobs) -> None:
    assert once.sends() == (0, ["m 1: u1@x.test", "m 2: u2@x.test"])
    assert once.sends() == (0, [])
    once.edit("Hello", "Hi")
    assert once.sends() == (0, [])
    assert len(once.runs()) == 1


def test_an_older_run_goes_on_without_those_whom_a_later_one_reached(once: Jobs) -> None:
    once.rows("c", *ROWS, "3 def3@x.test", "5 def5@x.test")
    assert once.sends() == (75, ["m 1: u1@x.test", "m 2: u2@x.test"])
    once.rows("c", *ROWS, "3 def3@x.test", "4 u4@x.test")
    once.server.kind = True
    assert once.sends() == (0, ["m 3: def3@x.test", "m 4: u4@x.test"])
    once.rows("c", *ROWS, "3 def3@x.test", "5 def5@x.test")
    done = once.run()
    assert (done.status, once.server.sent()) == (0, ["m 5: def5@x.test"])
    assert "2 accepted before, 1 delivered by an earlier run" in done.text
    assert once.sends() == (0, [])


@pytest.mark.parametrize("before", [PLAIN, ONCE.replace("{{ row.id }}", "{{ row.to }}")])
def test_once_per_may_be_added_or_changed_when_all_was_sent(once: Jobs, before: str) -> None:
    once.write(before)
    once.run()
    once.server.sent()
    once.write(ONCE)
    assert once.sends() == (0, [])
    once.rows("c", *ROWS, "3 u3@x.test")  # what was sent before is known by its key from now on
    assert once.sends() == (0, ["m 3: u3@x.test"])


def test_once_per_may_be_added_while_somebody_is_left(once: Jobs) -> None:
    once.write(PLAIN)
    once.rows("c", "1 u1@x.test", "2 def2@x.test")
    once.run()
    once.server.sent()
    once.server.kind = True
    once.write(ONCE)
    assert once.sends() == (0, ["m 2: def2@x.test"])
    once.rows("c", "1 u1@x.test", "2 def2@x.test", "3 u3@x.test")
    assert once.sends() == (0, ["m 3: u3@x.test"])


def test_once_per_that_comes_with_other_changes_waits_for_a_word(once: Jobs) -> None:
    once.write(PLAIN)
    once.rows("c", "1 u1@x.test", "2 def2@x.test")
    once.run()
    once.server.sent()
    once.server.kind = True
    once.write(ONCE)
    once.rows("c", "1 u1@x.test", "2 def2@x.test", "3 u3@x.test")
    assert once.sends() == (77, [])
    assert once.sends("--accept-changes") == (0, ["m 2: def2@x.test", "m 3: u3@x.test"])
    once.rows("c", "1 u1@x.test", "4 u4@x.test")  # and who had it then is known by the key, too
    assert once.sends() == (0, ["m 4: u4@x.test"])


def test_a_key_of_the_time_begins_anew_with_the_time(once: Jobs) -> None:
    once.edit("'{{ row.id }}'", "'{{ run.id }}'")
    for _ in range(2):
        assert once.sends() == (0, ["m 1: u1@x.test", "m 2: u2@x.test"])


def test_who_is_unknown_is_not_delivered_and_can_be_tried_again(once: Jobs) -> None:
    once.rows("c", "1 u1@x.test", "2 drop2@x.test")
    assert once.sends() == (69, ["m 1: u1@x.test", "m 2: drop2@x.test"])
    once.server.kind = True
    for rows in (("1 u1@x.test", "2 drop2@x.test"), ("1 u1@x.test", "2 drop2@x.test", "3 u3@x.test")):
        once.rows("c", *rows)
        done = once.run()
        assert done.status == 69
        assert once.server.sent() == ["m 3: u3@x.test"][: len(rows) - 2]
        assert "1 unknown before" in done.text
        assert "--retry-unknown" in done.text
    assert once.sends("--retry-unknown")[1] == ["m 2: drop2@x.test"]
    assert once.sends() == (0, [])


def test_who_is_unknown_can_be_tried_with_other_texts(once: Jobs) -> None:
    once.rows("c", "1 u1@x.test", "2 drop2@x.test")
    once.run()
    once.server.sent()
    once.server.kind = True
    once.edit("Hello", "Hi")
    assert once.sends("--retry-unknown") == (0, ["m 2: drop2@x.test"])


def test_rejected_ones_are_not_tried_again_by_themselves(once: Jobs) -> None:
    once.rows("c", "1 u1@x.test", "2 rej2@x.test")
    once.run()
    once.server.sent()
    once.server.kind = True
    assert once.sends() == (69, [])
    assert once.sends("--retry-failed") == (0, ["m 2: rej2@x.test"])


def test_rows_under_one_key_get_one_message_and_are_called_that(once: Jobs) -> None:
    once.edit("'{{ row.id }}'", "'build 7'")
    once.edit("csv: c.csv, key: id", "csv: c.csv")
    once.rows("c", "1 u@x.test", "2 U@x.test", "3 v@x.test")
    done = once.run()
    assert (done.status, once.server.sent()) == (0, ["m 1: u@x.test", "m 3: v@x.test"])
    assert "1 left to another row with the same key" in done.text
    assert "earlier run" not in done.text
    assert once.runs()[0]["steps"]["m.c"]["totals"]["accepted"] == 2
    assert once.sends() == (0, [])


def test_one_of_two_recipients_may_have_it_by_another_row(once: Jobs) -> None:
    once.edit("'{{ row.id }}'", "'build 7'")
    once.edit("csv: c.csv, key: id", "csv: c.csv")
    once.edit('to: "{{ row.to }}", subject: "m', 'to: "{{ row.to }}", cc: boss@x.test, subject: "m')
    assert once.sends() == (0, ["m 1: u1@x.test, boss@x.test", "m 2: u2@x.test"])
    assert once.sends() == (0, [])


def test_again_does_not_change_what_once_means(once: Jobs) -> None:
    once.run()
    once.server.sent()
    assert once.sends("--again") == (0, [])


def test_staging_knows_no_keys(once: Jobs) -> None:
    for _ in range(2):
        assert once.sends("--redirect-to", "me@x.test") == (0, ["m 1: me@x.test", "m 2: me@x.test"])
    assert once.sends() == (0, ["m 1: u1@x.test", "m 2: u2@x.test"])
