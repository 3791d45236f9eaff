"""`mailjobs plan` as a user meets it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mailjobs.job import read_schema
from tests.fixtures.running import command

Sink = Callable[..., int]
JOB = """\
version: 1
name: invoices
vars: {{period: March}}
data: {{customers: {{csv: customers.csv, key: number}}}}
server: {{host: 127.0.0.1, port: {port}, tls: none}}
guards: {{max_recipients: 2000, allow_domains: [x.test], confirm_above: 100}}
messages:
  invoice:
    from: billing@x.test
    to: "{{{{ row.name }}}} <{{{{ row.email }}}}>"
    subject: "Invoice {{{{ row.number }}}} for {{{{ vars.period }}}}"
    text: "You owe us {{{{ row.amount }}}}.\\n"
  alarm: {{from: a@x.test, to: boss@x.test, subject: failed, text: x}}
steps:
  - {{id: relay, connect: true}}
  - id: invoices
    send: {{message: invoice, for_each: customers, connections: 2, rate: 1200/m}}
  - {{if: run.failed, send: alarm}}
"""


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """The job, for a server that is not there."""
    return written(tmp_path, 1)


def written(folder: Path, port: int, rows: int = 3) -> Path:
    """The job for a server, with so many rows."""
    path = folder / "job.yaml"
    path.write_text(JOB.format(port=port))
    lines = [f"{number},Customer {number},c{number}@x.test,{number}.50" for number in range(1, rows + 1)]
    (folder / "customers.csv").write_text("\n".join(["number,name,email,amount", *lines, ""]))
    return path


def plan(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command."""
    return command("plan", *arguments, **environment)


def data(*arguments: str | Path) -> dict[str, Any]:
    """The plan as JSON, which is as its schema says."""
    found = json.loads(plan(*arguments, "--json").stdout)
    jsonschema.validate(found, read_schema("plan"))
    return dict(found)


def test_a_first_run_as_it_appears(job: Path) -> None:
    done = plan(job)
    assert (done.returncode, done.stderr) == (0, "")
    assert (
        done.stdout
        == f"""\
invoices ({job})
would begin a new run, the first that is kept

1. connect: would connect
   server     127.0.0.1:1, no TLS, no login

2. send invoice: would send invoice, one for each row of customers
   server     127.0.0.1:1, no TLS, no login
   rows       3 read, 3 selected
   messages   3, to 3 recipients
   to send    to 3 recipients
   how        at most 2 connections, 20 messages a second
   first      Customer 1 <c1@x.test>  "Invoice 1 for March"
              Customer 2 <c2@x.test>  "Invoice 2 for March"
              Customer 3 <c3@x.test>  "Invoice 3 for March"

3. send alarm: perhaps: would send alarm
   if         run.failed
   server     127.0.0.1:1, no TLS, no login
   to send    to 1 recipient
   to         boss@x.test
   subject    "failed"

total: at most 4 recipients
guard: at most 2,000 recipients
guard: only x.test
guard: nobody is asked (confirm_above: 100)
"""
    )
    assert sorted(path.name for path in job.parent.iterdir()) == ["customers.csv", "job.yaml"]


def test_what_changed_as_it_appears(smtp_sink: Sink, tmp_path: Path) -> None:
    job = written(tmp_path, smtp_sink())
    assert command("run", job).returncode == 0
    rows = (tmp_path / "customers.csv").read_text()
    (tmp_path / "customers.csv").write_text(rows.replace("2.50", "99") + "4,\x1b[31mEve,c4@x.test,1\n")
    short = plan(job, "--var", "period=April").stdout.splitlines()
    assert re.fullmatch(r"since the run of [-0-9]{10} [0-9:]{5} UTC these changed \(--diff shows how\):", short[2])
    assert short[3] == "  data, vars"
    shown = plan(job, "--var", "period=April", "--diff").stdout
    assert (
        """\
 UTC these changed:
  data
    1 added, 0 removed, 1 changed, 2 the same
    + 4
    ~ 2: amount: 2.50 -> 99
  vars
    @@ -1 +1 @@
    -period: March
    +period: April

1. connect"""
        in shown
    )
    assert "   again      3 rows had their message in the last run, and get one more\n" in shown
    assert "to 4 recipients" in shown


def test_what_was_sent_before_is_refused_as_run_does(smtp_sink: Sink, tmp_path: Path) -> None:
    job = written(tmp_path, smtp_sink())
    command("run", job)
    refused, ran = plan(job), command("run", job)
    assert refused.returncode == ran.returncode == 77
    told = ran.stderr.removeprefix("mailjobs: ").partition(" (--again")[0]
    assert f"\nwould be refused: {told}\nhint: --again, or again: true on the step" in refused.stdout
    assert refused.stdout.endswith("run would end with exit status 77\n")
    assert data(job)["decision"]["kind"] == "refused"
    assert plan(job, "--again").returncode == 0


def test_a_run_under_way_and_one_that_was_killed(smtp_sink: Sink, tmp_path: Path) -> None:
    job = written(tmp_path, smtp_sink(), rows=400)
    job.write_text(job.read_text().replace("1200/m", "20/s"))
    arguments = [sys.executable, "-m", "mailjobs", "run", str(job), "--yes", "--quiet"]
    with subprocess.Popen(arguments) as process:
        try:
            wait_for(
                lambda: sum(path.read_text().count(" done ") for path in tmp_path.glob(".mailjobs/*/runs/*/*.log")) > 9
            )
            active = data(job)
        finally:
            process.kill()
    assert (active["active"], active["exit_status"], active["decision"]["kind"]) == (str(process.pid), 75, "resume")
    assert (active["error"]["error"], active["guards"]["asks"]) == ("BusyError", True)
    batch, after = active["steps"][1]["batch"], data(job)
    assert 10 <= sum(batch["known"].values()) < 400
    assert (after["active"], after["exit_status"], after["decision"]["kind"]) == (None, 0, "resume")
    known = after["steps"][1]["batch"]["known"]
    assert known["accepted"] >= batch["known"]["accepted"]
    assert after["steps"][1]["recipients"] == 400 - sum(known.values())
    assert after["changes"]["parts"] == []


def wait_for(happened: Callable[[], bool], patience: float = 30) -> None:
    """Until something is so."""
    end = time.monotonic() + patience
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_json_of_one_job_and_of_several(job: Path) -> None:
    found = data(job, "--diff", "--limit", "2")
    assert (found["recipients"], found["changes"], found["steps"][1]["batch"]["messages"]) == (3, None, 2)
    several = json.loads(plan(job, job, "--json").stdout)
    assert [one["job"] for one in several] == ["invoices", "invoices"]


def test_several_jobs_are_all_told_and_the_first_failure_counts(job: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(job.read_text().replace("max_recipients: 2000", "max_recipients: 1").replace("invoices", "other"))
    done = plan(other, job)
    assert done.returncode == 77
    assert "guards.max_recipients: the run would send to 3 recipients, and 1 are allowed" in done.stdout
    assert "\n\ninvoices (" in done.stdout


def test_the_environment_of_run_is_that_of_plan(smtp_sink: Sink, tmp_path: Path) -> None:
    job = written(tmp_path, smtp_sink())
    state = {"MAILJOBS_RUN_STATE_DIR": str(tmp_path / "state")}
    assert command("run", job, **state).returncode == 0
    assert (plan(job).returncode, plan(job, **state).returncode) == (0, 77)
    assert plan(job, MAILJOBS_RUN_LIMIT="1").stdout.count("c1@x.test") == 1
    assert "c2@x.test" not in plan(job, MAILJOBS_RUN_LIMIT="1").stdout


BAD: dict[str, tuple[list[str], int, str]] = {
    "no job": (["no.yaml"], 66, "no.yaml"),
    "no jobs": ([], 64, "JOB"),
    "a step that is none": (["job.yaml", "--step", "x"], 64, "there are: relay, invoices"),
    "a limit that is none": (["job.yaml", "--limit", "0"], 64, "--limit"),
    "a redirect that is none": (["job.yaml", "--redirect-to", "me"], 64, "'me' is not one address"),
    "a key that is none": (["job.yaml", "--only", "22"], 65, "did you mean '2'?"),
    "a variable without a value": (["job.yaml", "--var", "period"], 64, "NAME=VALUE"),
    "a row that is wrong": (["bad.yaml"], 65, "row 1 (line 2): to: 'c1' is not one address"),
    "a file that is missing": (["job.yaml", "--set", "data.customers.csv=none.csv"], 66, "none.csv"),
    "a state that is damaged": (["job.yaml", "--state-dir", "state"], 73, "is damaged, or of another version"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_told(job: Path, case: str) -> None:
    arguments, status, words = BAD[case]
    folder = job.parent
    (folder / "bad.yaml").write_text(job.read_text().replace("customers.csv", "bad.csv"))
    (folder / "bad.csv").write_text((folder / "customers.csv").read_text().replace("@x.test", ""))
    (folder / "state" / "job.yaml" / "runs" / "r1").mkdir(parents=True)
    (folder / "state" / "job.yaml" / "runs" / "r1" / "run.json").write_text("{")
    done = command("plan", *arguments, cwd=folder)
    told = done.stdout + done.stderr
    assert done.returncode == status, told
    assert words in told
    assert "Traceback" not in told


def test_no_secret_is_asked_for_and_none_is_shown(job: Path) -> None:
    text = job.read_text().replace("tls: none", "auth: {username: me, password: {env: NO_SUCH_SECRET}}")
    job.write_text(text)
    done = plan(job)
    assert (done.returncode, done.stdout.count("127.0.0.1:1, STARTTLS required, as me")) == (0, 3)


def test_what_would_steer_a_terminal_is_made_visible(job: Path) -> None:
    rows = job.parent / "customers.csv"
    rows.write_text(rows.read_text().replace("Customer 1", "\x1b[31mred"))
    job.write_text(job.read_text().replace("for {{ vars.period }}", "\N{RIGHT-TO-LEFT OVERRIDE}"))
    for arguments in ([job], [job, "--json"]):
        told = plan(*arguments).stdout
        assert "\x1b" not in told
        assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in told


def test_colours_are_for_terminals(job: Path) -> None:
    answer, master = [], os.openpty()
    arguments = [sys.executable, "-m", "mailjobs", "plan", str(job)]
    environment = {key: value for key, value in os.environ.items() if key != "NO_COLOR"} | {"TERM": "xterm"}
    with subprocess.Popen(arguments, stdout=master[1], env=environment) as process:
        os.close(master[1])
        try:
            while chunk := os.read(master[0], 65536):
                answer.append(chunk)
        except OSError:  # the other end is closed
            pass
        finally:
            os.close(master[0])
    assert process.returncode == 0
    assert b"\x1b[32mwould begin a new run" in b"".join(answer)
    assert "\x1b" not in plan(job).stdout
