"""What is left of runs on disk, and how they are told: totals, exit statuses, runs that nothing was sent in."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mailjobs.rows.snapshot import SnapshotWriter
from tests.fixtures.picky import Jobs
from tests.fixtures.sink import free_port

ONE = "  - send: {message: m, for_each: c%s}\n"
STATES = {"accepted": 0, "rejected": 0, "deferred": 0, "unknown": 0, "not-attempted": 0, "kept": 0}


@pytest.fixture
def one(jobs: Jobs) -> Jobs:
    jobs.write(ONE % "")
    jobs.rows("c", "1 u1@x.test", "2 def2@x.test")
    return jobs


def totals(jobs: Jobs, *arguments: str) -> dict[str, int]:
    report = jobs.folder / "r.json"
    jobs.run("--report", str(report), *arguments)
    found: dict[str, int] = json.loads(report.read_text())["steps"][0]["result"]["totals"]
    return found


def test_every_state_has_its_number(one: Jobs) -> None:
    assert totals(one) == {**STATES, "accepted": 1, "deferred": 1}
    one.server.kind = True
    assert totals(one) == {**STATES, "accepted": 2}
    one.rows("c", "1 u1@x.test", "3 u3@x.test")
    assert totals(one, "--accept-changes") == {**STATES, "accepted": 1, "kept": 1}


# --- exit statuses


def test_a_bcc_that_was_refused_before_is_no_failure_afterwards(one: Jobs) -> None:
    one.edit('to: "{{ row.to }}", subject: "m', 'to: "{{ row.to }}", bcc: "rej{{ row.id }}@x.test", subject: "m')
    assert one.sends() == (75, ["m 1: u1@x.test"])
    one.rows("c", "1 u1@x.test", "2 def2@x.test")
    one.server.judges = lambda address: "550 no" if address.startswith("rej") else "250 ok"  # type: ignore[method-assign]
    assert one.sends() == (0, ["m 2: def2@x.test"])


def test_a_cc_that_was_refused_before_is_one(one: Jobs) -> None:
    one.edit('to: "{{ row.to }}", subject: "m', 'to: "{{ row.to }}", cc: rej@x.test, bcc: rejb@x.test, subject: "m')
    one.run()
    one.server.judges = lambda address: "550 no" if address.startswith("rej") else "250 ok"  # type: ignore[method-assign]
    assert one.sends()[0] == 69


def test_who_was_rejected_before_weighs_more_than_who_is_deferred_now(one: Jobs) -> None:
    one.rows("c", "1 rej1@x.test", "2 def2@x.test")
    assert one.run().status == 69
    done = one.run()
    assert done.status == 69
    assert "1 deferred (1 rejected before)" in done.text


def test_unknown_ones_alone_are_sent_to_again_where_the_step_says_so(one: Jobs) -> None:
    one.write(ONE % ", on_unknown: resend")
    one.rows("c", "1 u1@x.test", "2 drop2@x.test")
    assert one.run().status == 69
    one.server.sent()
    one.server.kind = True
    assert one.sends() == (0, ["m 2: drop2@x.test"])
    assert one.sends() == (77, [])


def test_a_run_in_which_nobody_was_accepted_goes_on(one: Jobs) -> None:
    one.rows("c", "1 rej1@x.test", "2 def2@x.test")
    one.run()
    one.server.kind = True
    assert one.sends() == (69, ["m 2: def2@x.test"])
    assert one.sends("--retry-failed") == (0, ["m 1: rej1@x.test"])


def test_where_nobody_was_left_to_send_to_the_run_is_finished(one: Jobs) -> None:
    one.run()
    one.rows("c", "1 u1@x.test")
    one.server.sent()
    assert one.sends("--accept-changes") == (0, [])
    done = one.run()
    assert done.status == 77
    assert "was sent in the run of" in done.text
    one.rows("c", "1 u1@x.test", "3 u3@x.test")
    assert one.sends() == (0, ["m 1: u1@x.test", "m 3: u3@x.test"])


def test_rows_that_cannot_be_rendered_are_never_a_success(one: Jobs) -> None:
    one.rows("c", "1 u1@x.test", "2 u2@x.test")
    for processes in (1, 2):
        one.write(ONE % f", preflight: off, again: true, processes: {processes}")
        one.edit("Hello {{ row.id }}", "{{ 1 / (row.id | int - 1) }}", 1)
        done = one.run("--again")
        assert (done.status, one.server.sent()) == (65, ["m 2: u2@x.test"])
        assert "division by zero" in done.text
        assert "could not be sent to" not in done.text


def test_who_was_not_sent_to_is_never_a_success(one: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailjobs.steps.shipment.Pool.run", lambda *_: None)
    done = one.run()
    assert (done.status, one.server.sent()) == (75, [])
    assert "2 recipients of the batch could not be sent to" in done.text


# --- what recurs


def test_what_recurs_begins_anew_where_it_changed_and_says_who_had_not_got_it(one: Jobs) -> None:
    one.write(ONE % ", again: true")
    assert one.sends() == (75, ["m 1: u1@x.test"])
    one.rows("c", "1 u1@x.test", "2 def2@x.test", "3 u3@x.test")
    one.server.kind = True
    done = one.run()
    assert (done.status, one.server.sent()) == (0, ["m 1: u1@x.test", "m 2: def2@x.test", "m 3: u3@x.test"])
    assert "which is not finished (1 accepted, 1 deferred)" in done.text
    assert len(one.sends()[1]) == 3


def test_again_leaves_an_unfinished_run_behind(one: Jobs) -> None:
    one.run()
    one.server.sent()
    one.server.kind = True
    done = one.run("--again")
    assert (done.status, one.server.sent()) == (0, ["m 1: u1@x.test", "m 2: def2@x.test"])
    assert "begins anew, and leaves the run of" in done.text
    assert one.sends() == (77, [])


# --- what is kept


def test_a_run_that_sent_nothing_is_not_kept(one: Jobs) -> None:
    for arguments in (("--set", f"server.port={free_port()}"), ("--only", "9"), ("--set", "guards.max_recipients=1")):
        assert one.run(*arguments).status in (65, 75, 77)
        assert list(one.state.glob("runs/*")) == []
    one.rows("c")
    assert one.run().status == 0
    assert list(one.state.glob("runs/*")) == []
    one.rows("c", "1 u1@x.test")
    assert one.sends() == (0, ["m 1: u1@x.test"])


def test_a_run_that_is_refused_is_not_kept(one: Jobs) -> None:
    one.server.kind = True
    one.run()
    for _ in range(2):
        assert one.run().status == 77
    assert len(list(one.state.glob("runs/*"))) == 1


DIES = """
import os, signal, sys
from mailjobs.prepare.preflight import Preflight
from mailjobs.cli.main import mailjobs
Preflight.finish = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
mailjobs(["run", sys.argv[1]])
"""


def test_what_a_killed_preflight_leaves_is_cleared_away(one: Jobs) -> None:
    died = subprocess.run([sys.executable, "-c", DIES, str(one.path)], capture_output=True)
    assert died.returncode == -signal.SIGKILL
    (draft,) = one.state.glob("runs/*")
    assert list(draft.glob("*.rows"))
    one.server.kind = True
    assert one.run().status == 0
    assert draft not in list(one.state.glob("runs/*"))


def test_rows_that_were_cut_by_a_power_loss_are_mended(one: Jobs) -> None:
    one.run()
    one.server.sent()
    one.server.kind = True
    for suffix in ("rows", "rows.idx"):
        one.file(f"m.c.{suffix}").write_bytes(b"")
    assert one.sends() == (0, ["m 2: def2@x.test"])


def test_rows_of_the_same_length_are_compared_too(one: Jobs) -> None:
    one.run()
    one.server.sent()
    one.server.kind = True
    rows = one.file("m.c.rows")
    rows.write_bytes(bytes(len(rows.read_bytes())))
    assert one.sends() == (0, ["m 2: def2@x.test"])


def test_nobody_is_sent_to_twice_since_rows_are_damaged(one: Jobs) -> None:
    one.run()
    one.server.sent()
    one.file("m.c.rows").write_bytes(b"")
    one.rows("c", "1 u1@x.test", "2 other@x.test")
    done = one.run("--accept-changes")
    assert (done.status, one.server.sent()) == (73, [])
    assert "is damaged, so nobody knows who had it" in done.text


def test_nobody_is_sent_to_twice_since_journals_are_gone(one: Jobs) -> None:
    one.run()
    one.server.sent()
    one.file("m.c.ledger-1.log").unlink()
    done = one.run()
    assert (done.status, one.server.sent()) == (73, [])
    assert "so nobody knows who had it" in done.text


@pytest.mark.parametrize("durable", [True, False])
def test_rows_are_on_the_disk_before_the_run_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, durable: bool
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_size))
    from mailjobs.rows import Row

    with SnapshotWriter(tmp_path / "rows", durable=durable) as writer:
        writer.append(Row(1, "k", {"a": "b"}, 2))
    assert synced == ([(tmp_path / "rows").stat().st_size, 8] if durable else [])


def test_a_run_of_another_version_is_told(one: Jobs) -> None:
    one.run()
    one.server.sent()
    kept = one.file("run.json")
    kept.write_text(kept.read_text().replace('"version": 2', '"version": 1'))
    done = one.run()
    assert (done.status, one.server.sent()) == (73, [])
    assert "another version" in done.text


def test_a_folder_that_was_there_is_left_as_it_is(one: Jobs) -> None:
    state = one.folder / "state"
    state.mkdir(0o755)
    one.run("--state-dir", str(state))
    assert not (state / ".gitignore").exists()
    assert state.stat().st_mode & 0o777 == 0o755
    assert (state / "job.yaml").stat().st_mode & 0o777 == 0o700
    one.run("--state-dir", str(one.folder / "new"))
    assert (one.folder / "new" / ".gitignore").read_text() == "*\n"
    assert (one.folder / "new").stat().st_mode & 0o777 == 0o700


def test_our_own_folder_is_private_whoever_made_it(one: Jobs) -> None:
    (one.folder / ".mailjobs").mkdir(0o755)
    one.run()
    assert (one.folder / ".mailjobs").stat().st_mode & 0o777 == 0o700
    assert (one.folder / ".mailjobs" / ".gitignore").exists()


def test_the_folder_of_the_job_may_be_that_of_its_state(one: Jobs) -> None:
    assert one.run("--state-dir", str(one.folder)).status == 75
    assert one.path.is_file()
    assert not (one.folder / ".gitignore").exists()
