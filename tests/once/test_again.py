"""Running a batch again: while it runs, when it has finished, and after something has changed."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.once.batch import Batch, ended, kill_at_message, once, stopped
from tests.once.sink import Sink

ROWS = 60


def test_a_second_run_changes_nothing_while_one_is_active(tmp_path: Path) -> None:
    with Sink(tmp_path) as sink:
        batch = Batch(tmp_path / "batch", sink.port, ROWS)
        sink.order("pause 10 taken")
        with stopped(batch.start()) as process:
            assert sink.paused(process)
            os.kill(process.pid, signal.SIGSTOP)
            os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
            before = batch.kept()
            for options in ((), ("--again", "--accept-changes", "--retry-unknown")):
                second = batch.run(*options)
                assert second.status == 75
                assert f"another run of this job is active (process {process.pid})" in second.err
            assert batch.kept() == before
            sink.order("go")
            os.kill(process.pid, signal.SIGCONT)
            assert ended(process).status == 0
        assert once(batch, sink) == {"accepted": len(batch.people)}


def test_a_finished_run_is_refused_and_sent_again_where_that_is_wanted(tmp_path: Path) -> None:
    with Sink(tmp_path) as sink:
        batch = Batch(tmp_path / "batch", sink.port, ROWS)
        assert batch.run().status == 0
        refused = batch.run()
        assert refused.status == 77
        assert "was sent in the run of" in refused.err
        assert once(batch, sink) == {"accepted": len(batch.people)}
        assert kill_at_message(batch, sink, 20, "taken", "--again")
        assert batch.run().status in (0, 69)  # goes on with it
        taken = sink.taken()
        unknown = batch.of("unknown")
        assert {one for one, times in taken.items() if times != 2} <= unknown
        assert set(taken.values()) <= {1, 2}
        assert batch.run().status == 77
        assert sink.taken() == taken


def test_once_per_is_retried_at_will(tmp_path: Path) -> None:
    with Sink(tmp_path) as sink:
        batch = Batch(tmp_path / "batch", sink.port, ROWS, "once_per: 'spring {{ row.number }}'")
        assert kill_at_message(batch, sink, 20, "taken")
        batch.write_rows(row3="New Name", row50="New Name")  # which stops nobody
        batch.finish()
        states = once(batch, sink)
        for _ in range(2):
            again = batch.run()
            assert again.status == (69 if states["unknown"] else 0), again
            assert once(batch, sink)["accepted"] == states["accepted"]


@pytest.mark.parametrize(("on_unknown", "status", "times"), [("hold", 77, 1), ("resend", 69, 2)])
def test_a_run_goes_on_while_somebody_is_unknown_and_the_job_resends(
    tmp_path: Path, on_unknown: str, status: int, times: int
) -> None:
    with Sink(tmp_path, drop=1, stages=["taken"]) as sink:
        batch = Batch(tmp_path / "batch", sink.port, 1, f"on_unknown: {on_unknown}")
        assert batch.run().status == 69
        assert batch.run().status == status
        assert batch.states() == {"u1@example.com": "unknown"}
        assert sink.taken() == {"u1@example.com": times}


def test_a_changed_row_is_refused_and_the_rest_sent_where_that_is_wanted(tmp_path: Path) -> None:
    with Sink(tmp_path) as sink:
        batch = Batch(tmp_path / "batch", sink.port, ROWS)
        assert kill_at_message(batch, sink, 20, "replied")
        before, taken = batch.kept("lock"), sink.taken()
        batch.write_rows(row3="New Name", row50="New Name")
        refused = batch.run()
        assert refused.status == 77
        assert "is not finished" in refused.err
        assert "data changed" in refused.err
        assert "--accept-changes" in refused.err
        assert batch.kept("lock") == before
        assert sink.taken() == taken
        assert kill_at_message(batch, sink, 10, "received", "--accept-changes")
        batch.finish()
        states = once(batch, sink)
        assert states["accepted"] + states["unknown"] == len(batch.people)


def test_a_bad_row_near_the_end_keeps_all_from_being_sent(tmp_path: Path) -> None:
    with Sink(tmp_path) as sink:
        batch = Batch(tmp_path / "batch", sink.port, 5000)
        rows = batch.folder / "people.csv"
        rows.write_text(rows.read_text().replace("u4999@example.com", "u4999 example.com"))
        run = batch.run()
        assert run.status == 65
        assert "row 4999 (line 5000)" in run.err
        assert not sink.lines()
        assert batch.runs() == []
        batch.write_rows()
        assert kill_at_message(batch, sink, 1, "received")
