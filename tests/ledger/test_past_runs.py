"""What is left of runs: taken over by another, indexed under once_per, shown, forgotten."""

import os
import sqlite3

import pytest

from mailjobs.errors import OutputError
from mailjobs.ledger import (
    Delivered,
    KeptWriter,
    OnceIndex,
    OnceKeysWriter,
    StepFiles,
    accounts,
    add_elsewhere,
    forget,
    forget_all,
    once_key,
    past,
    restore,
    show,
)
from mailjobs.rows import Row
from mailjobs.session import Part
from tests.book.deliveries import fork, settle

ROWS = [("k1", ["a@x"]), ("k2", ["b@x", "c@x"]), ("k3", ["d@x"]), ("k4", ["e@x"]), ("k5", ["f@x"])]
STATES = {"c@x": "deferred", "d@x": "rejected", "e@x": None}


def test_changed_rows_are_matched_by_key(runs):
    runs.deliver(runs.begin("r1", ROWS), STATES)
    changed = [("k5", ["f@x"]), ("k4", ["e@x"]), ("new", ["a@x"]), ("k3", ["d@x"]), ("k2", ["g@x", "b@x", "c@x"])]
    second = runs.begin("r2", changed, kept=["r1"])
    assert runs.deliver(second, {"g@x": "deferred"}) == ["a@x", "d@x", "g@x", "c@x"]
    assert runs.deliver(second, {}) == ["g@x"]
    assert runs.deliver(second, {}) == []
    third = runs.begin("r3", [*changed, *ROWS[:1]], kept=["r2", "r1"])
    assert runs.deliver(third, {}) == []


def test_unknown_ones_are_sent_to_where_that_is_wished(runs):
    runs.deliver(runs.begin("r1", ROWS), STATES)
    assert runs.deliver(runs.begin("r2", ROWS, kept=["r1"], letters="a"), {}) == ["c@x", "d@x", "e@x"]


def test_rejected_ones_are_left_out_where_that_is_wished(runs):
    runs.deliver(runs.begin("r1", ROWS), STATES)
    second = runs.begin("r2", ROWS, kept=["r1"], letters="aur")
    assert runs.deliver(second, {}) == ["c@x"]
    assert runs.deliver(second, {}, "ndr") == ["d@x"]


def test_the_case_of_a_domain_is_no_other_recipient(runs):
    runs.deliver(runs.begin("r1", ROWS), STATES)
    second = runs.begin("r2", [("k1", ["a@X"]), ("k2", ["B@x", "c@x"])], kept=["r1"])
    assert restore([], 2, second.kept).totals == {"b": 1}
    assert runs.deliver(second, {}) == ["B@x", "c@x"]


def test_who_is_no_recipient_any_more_counts_in_none(runs):
    runs.deliver(runs.begin("r1", ROWS), {})
    runs.begin("r2", [("k1", ["new@x"]), ("k2", ["b@x"])], kept=["r1"])
    state = past(runs.folder)[0].steps["send"]
    assert (state.totals, state.state) == ({"kept": 1, "not-attempted": 1}, "open")


def test_rows_alone_that_are_the_same(runs):
    runs.deliver(runs.begin("r1", ROWS), {})
    with Delivered(runs.folder, ["r1/send"], alike=True) as delivered:
        same, other = Row(7, "k1", {"to": "a@x"}, 9), Row(1, "k1", {"to": "other@x"}, 2)
        assert (delivered.of(same), delivered.of(other)) == ({"a@x": "a"}, {})
    with Delivered(runs.folder, ["r1/send", "gone/send", "r1/gone"]) as delivered:
        assert delivered.of(other) == {"a@x": "a"}


def test_who_had_it_elsewhere_meanwhile_is_left_out_of_a_run_that_goes_on(runs, tmp_path):
    files = runs.begin("r1", ROWS)
    runs.deliver(files, STATES)
    found = StepFiles(tmp_path, "send")
    with KeptWriter(found.kept) as kept:
        kept.add(0, "a", ["a@x"])
        kept.add(1, "a", ["c@x"])
        kept.add(2, "u", ["d@x"])
    add_elsewhere(files, 5, found.kept, files.kept)
    assert +restore(files.journals(), 5, files.kept).totals == {"a": 3, "b": 1, "r": 1, "u": 1}
    assert runs.deliver(files, {}, "ndr") == ["d@x"]
    add_elsewhere(files, 5, found.kept, files.kept)
    assert runs.deliver(files, {}, "ndr") == []


def test_what_was_written_down_and_is_gone_is_told(runs):
    files = runs.begin("r1", ROWS)
    runs.deliver(files, STATES)
    runs.finish("r1")
    run = runs.folder.runs()[0]
    run.steps["send"].state = "open"
    runs.folder.save(run)
    assert past(runs.folder)[0].steps["send"].totals["accepted"] == 3
    files.journals()[0].unlink()
    with pytest.raises(OutputError, match="so nobody knows who had it"):
        past(runs.folder)


def test_a_batch_that_was_ended_before_it_was_settled_is_finished_where_nobody_is_left(runs):
    runs.deliver(runs.begin("r1", ROWS), {"d@x": "rejected"})
    assert past(runs.folder)[0].steps["send"].state == "finished"


def test_a_row_that_is_lost_altogether_is_taken_over_as_unknown(runs, monkeypatch):
    files = runs.begin("r1", ROWS)
    book = runs.book(files)
    book.take()
    monkeypatch.setattr("mailjobs.ledger.replay.boot_id", lambda: "another")
    second = runs.begin("r2", ROWS, kept=["r1"])
    monkeypatch.undo()
    assert runs.deliver(second, {}) == ["d@x", "e@x", "f@x"]
    assert runs.deliver(second, {}, "ndu") == ["a@x", "b@x", "c@x"]


def test_totals_of_what_was_taken_over(runs):
    runs.deliver(runs.begin("r1", ROWS), STATES)
    second = runs.begin("r2", ROWS, kept=["r1"])
    assert restore([], 5, second.kept).totals == {"b": 3, "u": 1}
    runs.deliver(second, {})
    assert past(runs.folder)[0].steps["send"].totals == {"kept": 3, "unknown": 1, "accepted": 2}
    assert past(runs.folder)[1].steps["send"].totals == {"accepted": 3, "deferred": 1, "rejected": 1, "unknown": 1}


@pytest.mark.parametrize("before", ["not-attempted", "deferred"])
def test_who_was_come_to_in_vain_counts_once(runs, before):
    files = runs.begin("r1", ROWS)
    runs.deliver(files, {"a@x": before, "c@x": before})
    runs.deliver(files, {"a@x": "not-attempted", "b@x": "not-attempted", "c@x": "not-attempted"})
    runs.deliver(files, {})
    assert past(runs.folder)[0].steps["send"].totals == {"accepted": 6}


def test_what_was_taken_over_is_marked_and_costs_no_memory(runs):
    runs.deliver(runs.begin("r1", ROWS), {"c@x": "deferred"})
    files = runs.begin("r2", ROWS, kept=["r1"])
    book = runs.book(files)
    letter = book.take()
    assert letter.envelope.recipients == ("c@x",)
    book.dot([letter])
    settle(book, letter, "accepted")
    assert book.take() is None
    assert list(book.known.mixed) == [1]
    found = show(runs.folder, runs.folder.runs()[0])
    assert {one.address: one.before for one in found} == {
        "a@x": True,
        "b@x": True,
        "c@x": False,
        "d@x": True,
        "e@x": True,
        "f@x": True,
    }


def test_kept_rows_that_are_damaged(runs):
    files = runs.begin("r1", ROWS)
    with KeptWriter(files.kept) as kept:
        kept.add(0, "a", ["a@x"])
    files.kept.write_bytes(files.kept.read_bytes().replace(b"a@x", b"b@x"))
    with pytest.raises(OutputError, match="damaged"):
        restore([], 5, files.kept)


def test_every_recipient_is_shown_with_its_reply(runs):
    runs.deliver(runs.begin("r1", ROWS), STATES)
    run = runs.folder.runs()[0]
    assert [(one.row.key, one.address, one.state, one.reply) for one in show(runs.folder, run)] == [
        ("k1", "a@x", "accepted", ""),
        ("k2", "b@x", "accepted", ""),
        ("k2", "c@x", "deferred", "451 4.7.1 later"),
        ("k3", "d@x", "rejected", "550 5.1.1 no such user"),
        ("k4", "e@x", "unknown", ""),
        ("k5", "f@x", "accepted", ""),
    ]
    assert [one.address for one in show(runs.folder, run, "rd")] == ["c@x", "d@x"]
    assert next(show(runs.folder, run, "u")).as_dict() == {
        "to": "e@x",
        "mailjobs_step": "send",
        "mailjobs_key": "k4",
        "mailjobs_address": "e@x",
        "mailjobs_state": "unknown",
        "mailjobs_reply": "",
    }


def test_a_reply_is_that_of_the_last_try(runs):
    files = runs.begin("r1", ROWS)
    runs.deliver(files, STATES)
    runs.deliver(files, {})
    assert [(one.address, one.reply) for one in accounts(files, 5, "ad")][1:3] == [("b@x", ""), ("c@x", "")]


def test_rows_that_nobody_has_touched_are_shown(runs):
    runs.begin("r1", ROWS[:2])
    found = show(runs.folder, runs.folder.runs()[0])
    assert [(one.row.key, one.address, one.state) for one in found] == [
        ("k1", "", "not-attempted"),
        ("k2", "", "not-attempted"),
    ]


def with_once(runs, name, text="2026-11"):
    files = runs.begin(name, ROWS)
    with OnceKeysWriter(files.once) as writer:
        for key, _ in ROWS:
            writer.append(once_key(text, key))
    return files


def in_index(index, text="2026-11"):
    found = [(address, index.state(once_key(text, key), address)) for key, addresses in ROWS for address in addresses]
    return {address: state for address, state in found if state}


def test_what_was_delivered_under_a_key_is_found(runs):
    runs.deliver(with_once(runs, "r1"), STATES)
    index = OnceIndex(runs.folder)
    assert in_index(index) == {}
    index.harvest()
    assert in_index(index) == {"a@x": "a", "b@x": "a", "e@x": "u", "f@x": "a"}
    assert in_index(index, "2026-12") == {}
    assert index.state(once_key("2026-11", "k1"), "A@X") == "a"
    assert index.state(once_key("2026-11"), "a@x") is None
    index.close()


def test_what_became_known_later_is_taken_in(runs):
    files = with_once(runs, "r1")
    runs.deliver(files, STATES)
    index = OnceIndex(runs.folder)
    index.harvest()
    runs.deliver(files, {"e@x": "rejected"}, "ndu")
    index.harvest()
    index.harvest()
    assert in_index(index) == {"a@x": "a", "b@x": "a", "c@x": "a", "f@x": "a"}
    index.close()


@pytest.mark.parametrize("lost", ["r1", "r2"])
def test_what_was_accepted_once_stays_so(runs, lost):
    for name in ("r1", "r2"):
        runs.deliver(with_once(runs, name), {"a@x": None} if name == lost else {})
    index = OnceIndex(runs.folder)
    index.harvest()
    assert in_index(index)["a@x"] == "a"
    index.close()


def test_a_row_that_is_lost_altogether_counts_with_everybody(runs, monkeypatch):
    runs.book(with_once(runs, "r1")).take()
    monkeypatch.setattr("mailjobs.ledger.replay.boot_id", lambda: "another")
    index = OnceIndex(runs.folder)
    index.harvest()
    assert in_index(index) == {"a@x": "u", "b@x": "u", "c@x": "u"}
    index.close()


def test_what_is_forgotten_may_be_sent_again(runs):
    runs.deliver(with_once(runs, "r1"), {})
    runs.deliver(with_once(runs, "r2", "other"), {})
    index = OnceIndex(runs.folder)
    index.harvest()
    index.close()
    forget(runs.folder, "r1")
    assert [run.id for run in runs.folder.runs()] == ["r2"]
    index = OnceIndex(runs.folder)
    assert in_index(index) == {}
    assert len(in_index(index, "other")) == 6
    index.close()
    (runs.folder.run_folder("r0")).mkdir()  # of a run that was broken off before it began
    forget_all(runs.folder, ["r2"])
    assert sorted(path.name for path in runs.folder.path.rglob("*")) == ["job", "lock", "runs"]


def test_an_index_that_is_no_database(runs):
    (runs.folder.path / "once.sqlite").write_bytes(b"x" * 5000)
    with pytest.raises(OutputError, match="not a database"):
        OnceIndex(runs.folder)


def test_who_only_looks_has_a_copy_of_the_index(runs, tmp_path):
    runs.deliver(with_once(runs, "r1"), STATES)
    index = OnceIndex(runs.folder)
    index.harvest()
    index.close()
    before = (runs.folder.path / "once.sqlite").read_bytes()
    runs.deliver(with_once(runs, "r2", "other"), {})
    for _ in range(2):  # as for two batches
        copy = OnceIndex(runs.folder, tmp_path / "copy")
        copy.harvest()
        assert len(in_index(copy)) == 4
        assert len(in_index(copy, "other")) == 6
        copy.close()
    assert (runs.folder.path / "once.sqlite").read_bytes() == before


def test_a_copy_without_an_index_is_made_of_the_journals(runs, tmp_path):
    runs.deliver(with_once(runs, "r1"), STATES)
    copy = OnceIndex(runs.folder, tmp_path / "copy")
    copy.harvest()
    assert in_index(copy) == {"a@x": "a", "b@x": "a", "e@x": "u", "f@x": "a"}
    copy.close()
    assert not (runs.folder.path / "once.sqlite").exists()


def test_an_index_whose_last_change_was_broken_off_is_no_hindrance(runs, tmp_path, monkeypatch):
    def die():
        base = sqlite3.connect(runs.folder.path / "once.sqlite", isolation_level=None)
        base.execute("PRAGMA cache_size = 1")
        base.execute("BEGIN")
        base.execute(
            "CREATE TABLE big AS WITH RECURSIVE n(x) AS (SELECT 1 UNION SELECT x + 1 FROM n LIMIT 50000)"
            " SELECT x FROM n"
        )
        os.kill(os.getpid(), 9)

    runs.deliver(with_once(runs, "r1"), STATES)
    OnceIndex(runs.folder).close()
    os.waitpid(fork(die), 0)
    journal = runs.folder.path / "once.sqlite-journal"
    assert journal.stat().st_size > 0
    copy = OnceIndex(runs.folder, tmp_path / "copy")
    copy.harvest()
    assert in_index(copy) == {"a@x": "a", "b@x": "a", "e@x": "u", "f@x": "a"}
    copy.close()
    assert journal.stat().st_size > 0


def test_a_copy_of_no_database_is_told(runs, tmp_path):
    (runs.folder.path / "once.sqlite").write_bytes(b"x" * 5000)
    with pytest.raises(OutputError, match="not a database"):
        OnceIndex(runs.folder, tmp_path / "copy")


def test_the_rest_of_a_row_that_was_taken_over_may_be_sent_to_in_parts(runs):
    rows = [("k", ["a@x", "b@x", "c@x"])]
    runs.deliver(runs.begin("r1", rows), {"b@x": "deferred", "c@x": "deferred"})
    files = runs.begin("r2", rows, kept=["r1"])
    book = runs.book(files)
    part = Part(book.take(), (0,))
    book.dot([part])
    settle(book, part, "accepted")
    assert runs.deliver(files, {}) == ["c@x"]
    assert past(runs.folder)[0].steps["send"].totals == {"kept": 1, "accepted": 2}


def test_the_rest_of_a_row_that_was_taken_over_is_unknown_after_a_power_loss(runs, monkeypatch):
    rows = [("k", ["a@x", "b@x", "c@x"])]
    runs.deliver(runs.begin("r1", rows), {"b@x": "deferred", "c@x": "deferred"})
    files = runs.begin("r2", rows, kept=["r1"])
    runs.book(files).take()
    monkeypatch.setattr("mailjobs.ledger.replay.boot_id", lambda: "another")
    assert runs.deliver(files, {}) == []
    assert runs.deliver(files, {}, "ndu") == ["b@x", "c@x"]
