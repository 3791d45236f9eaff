"""Each example does what its comments say, against the sandbox."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.examples.running import EXAMPLES, body, mailjobs, parsed, run
from tests.sandbox.process import Sandbox, running

JOBS = (
    "ci-notification/job",
    "batch-from-csv/job",
    "config-as-code/nightly",
    "config-as-code/release",
    "outbox/queue",
    "outbox/process",
    "relay-check/job",
    "access-token/job",
    "behind-a-proxy/job",
)
ROWS = (("Ada Lovelace", "ada"), ("Grünwald, Jürgen", "juergen"), ("Grace Hopper", "grace"))


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with running(tmp_path / "box") as started:
        yield started


def test_every_job_in_the_folder_is_tested():
    found = {str(path.relative_to(EXAMPLES).with_suffix("")) for path in EXAMPLES.glob("*/*.yaml")}
    assert found - {"config-as-code/base"} == set(JOBS)


@pytest.mark.parametrize("job", JOBS)
def test_each_is_valid_and_dry_runs_without_a_server(job: str):
    path = EXAMPLES / f"{job}.yaml"
    checked = mailjobs("validate", path)
    assert (checked.returncode, checked.stderr) == (0, "")
    dry = mailjobs("run", "--dry-run", path)
    assert (dry.returncode, dry.stderr) == (0, "")


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*/*.yaml")), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_each_begins_with_the_schema_for_editors(path: Path):
    first = path.read_text(encoding="utf-8").splitlines()[0]
    start = "# yaml-language-server: $schema="
    assert first.startswith(start)
    assert (path.parent / first.removeprefix(start)).resolve().is_file()


def test_ci_notification_says_how_the_build_went(sandbox: Sandbox):
    job = EXAMPLES / "ci-notification" / "job.yaml"
    run(job, sandbox.port)
    run(job, sandbox.port, BUILD_RESULT="failed", BUILD_NUMBER="483", NOTIFY="grace@example.com")
    passed, failed = (parsed(path.read_bytes()) for path in sandbox.messages())
    assert passed["subject"] == "website build 482 passed on main"
    assert "Please look" not in body(passed)
    assert (failed["subject"], failed["x-build"]) == ("website build 483 failed on main", "483")
    assert failed["auto-submitted"] == "auto-generated"
    assert "Please look at it" in body(failed)
    assert "<b>failed</b>" in body(failed, "html")
    assert sandbox.envelope(2)["to"] == ["grace@example.com"]


def test_batch_from_csv_writes_to_each_row(sandbox: Sandbox):
    run(EXAMPLES / "batch-from-csv" / "job.yaml", sandbox.port)
    messages = [parsed(path.read_bytes()) for path in sandbox.messages()]
    people = [(to.display_name, to.username) for message in messages for to in message["to"].addresses]
    assert people == list(ROWS)
    assert [sandbox.envelope(number)["to"] for number in (1, 2, 3)] == [[f"{user}@example.com"] for _, user in ROWS]
    assert messages[1]["subject"] == "Invoice 2026-032 for March 2026"
    assert "comes to 75.50 EUR.\nPlease pay it by 2026-04-14." in body(messages[1])
    assert "Grünwald, Jürgen" in body(messages[1], "html")


def test_config_as_code_jobs_share_their_base(sandbox: Sandbox):
    for name in ("nightly", "release"):
        run(EXAMPLES / "config-as-code" / f"{name}.yaml", sandbox.port)
    nightly, release = (parsed(path.read_bytes()) for path in sandbox.messages())
    assert nightly["from"] == "Operations <operations@example.com>"
    assert nightly["subject"] == "Example Shop: backup complete"
    assert release["from"] == "Releases <releases@example.com>"
    assert release["cc"] == "Release manager <release-manager@example.com>"
    assert {message["auto-submitted"] for message in (nightly, release)} == {"auto-generated"}
    assert sandbox.envelope(2)["to"] == ["operations@example.com", "release-manager@example.com"]


def test_behind_a_proxy_goes_straight_where_there_is_none(sandbox: Sandbox):
    report = run(EXAMPLES / "behind-a-proxy" / "job.yaml", sandbox.port)
    assert report["steps"][0]["result"]["connection"]["proxy"] is None
    (message,) = (parsed(path.read_bytes()) for path in sandbox.messages())
    assert message["subject"] == "The nightly report"


def test_what_the_outbox_example_queues_is_sent_once(sandbox: Sandbox, tmp_path: Path):
    folder = shutil.copytree(EXAMPLES / "outbox", tmp_path / "outbox")
    for _ in range(2):
        queued = run(folder / "queue.yaml", sandbox.port, HOSTNAME="db1")["steps"][0]["result"]["file"]
    assert queued in os.listdir(folder / "outgoing")
    assert run(folder / "process.yaml", sandbox.port)["steps"][0]["result"]["counts"]["sent"] == 2
    assert run(folder / "process.yaml", sandbox.port)["steps"][0]["result"]["counts"]["sent"] == 0
    messages = [parsed(path.read_bytes()) for path in sandbox.messages()]
    assert [message["subject"] for message in messages] == ["The backup of db1 is complete"] * 2
    assert {path.suffix for path in (folder / "outgoing").glob("*") if path.name[0] != "."} == {".sent"}


def test_relay_check_skips_what_the_server_has_not(sandbox: Sandbox):
    report = run(EXAMPLES / "relay-check" / "job.yaml", sandbox.port)
    steps = [(step["kind"], step["status"]) for step in report["steps"]]
    assert steps == [
        ("connect", "ok"), ("verify", "ok"), ("expand", "skipped"), ("command", "ok"), ("disconnect", "ok"),
    ]  # fmt: skip
    assert sandbox.messages() == []


def test_relay_check_fails_where_nobody_listens():
    assert mailjobs("run", EXAMPLES / "relay-check" / "job.yaml", port=1).returncode == 75


@pytest.mark.parametrize("time", ["first", "second"])
def test_the_demo_shows_what_arrived(time: str):
    done = subprocess.run([sys.executable, EXAMPLES / "demo.py"], capture_output=True, encoding="utf-8", timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert "The sandbox kept 4 messages:" in done.stdout
    assert "  0001-website-build-482-passed-on-main.eml  ci@example.com -> team@example.com" in done.stdout
    assert "  Subject: website build 482 passed on main" in done.stdout
