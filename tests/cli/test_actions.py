"""A run as a step of a GitHub workflow, and reports for CI servers, as commands write them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

JOB = """\
version: 1
name: nightly
server: {{host: 127.0.0.1, port: {port}, tls: none}}
messages: {{m: {{from: a@x.test, to: b@x.test, subject: hi, text: hello}}}}
steps:
  - send: m
  - command: HELP
    expect: 2xx
"""


def mailjobs(*words: object, **env: object) -> subprocess.CompletedProcess[str]:
    told = {**os.environ, **{name: str(value) for name, value in env.items()}}
    line = [sys.executable, "-m", "mailjobs", *map(str, words)]
    return subprocess.run(line, capture_output=True, text=True, env=told, check=False)


@pytest.fixture
def job(tmp_path: Path, smtp_sink: Callable[..., int]) -> Path:
    path = tmp_path / "job.yaml"
    path.write_text(JOB.format(port=smtp_sink()))
    return path


def test_annotations_summary_and_outputs(job: Path, tmp_path: Path) -> None:
    summary, output = tmp_path / "summary", tmp_path / "output"
    output.write_text("before=1\n")
    found = mailjobs("run", job, GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=summary, GITHUB_OUTPUT=output)
    assert found.returncode == 69
    (line,) = [line for line in found.stderr.splitlines() if line.startswith("::error ")]
    assert line.startswith(f"::error file={job},line=7,col=5::command HELP: ")
    assert output.read_text().splitlines()[:2] == ["before=1", "accepted=1"]
    assert output.read_text().endswith("exit-status=69\n")
    assert summary.read_text().startswith("## ❌ nightly")


def test_elsewhere_there_are_none(job: Path, tmp_path: Path) -> None:
    found = mailjobs("run", job, GITHUB_ACTIONS="", GITHUB_OUTPUT=tmp_path / "output")
    assert "::" not in found.stderr + found.stdout
    assert not (tmp_path / "output").exists()


def test_a_summary_that_cannot_be_written_changes_nothing(job: Path, tmp_path: Path) -> None:
    found = mailjobs("run", job, GITHUB_ACTIONS="true", GITHUB_STEP_SUMMARY=tmp_path / "no" / "where")
    assert found.returncode == 69
    assert "GITHUB_STEP_SUMMARY" in found.stderr
    assert "Traceback" not in found.stderr


@pytest.mark.parametrize("command", [("validate", "--format", "github"), ("run",)])
def test_problems_of_a_job_are_annotated(job: Path, command: tuple[str, ...]) -> None:
    job.write_text(job.read_text().replace("expect", "expekt"))
    found = mailjobs(command[0], job, *command[1:], GITHUB_ACTIONS="true" if command[0] == "run" else "")
    assert found.returncode == 65
    (line,) = [line for line in found.stderr.splitlines() if line.startswith("::")]
    assert line.startswith(f"::error file={job},line=8,col=5::")


def test_report_files_by_suffix(job: Path, tmp_path: Path) -> None:
    mailjobs("run", job, "--report", tmp_path / "r.xml")
    mailjobs("run", job, "--report", tmp_path / "r.md")
    suite = ElementTree.parse(tmp_path / "r.xml").find("testsuite")
    assert suite is not None
    assert [suite.get(name) for name in ("name", "tests", "failures")] == ["nightly", "2", "1"]
    assert "**Recipients:** 1 accepted" in (tmp_path / "r.md").read_text()
    assert mailjobs("run", job, "--report", tmp_path / "r.doc").returncode == 64
