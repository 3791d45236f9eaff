"""The README's job is a job, and what it shows of failing ones is what a person sees."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.sandbox.process import MAILJOBS

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
JOB = re.findall(r"^```yaml\n(.*?)^```", README, re.MULTILINE | re.DOTALL)[0]
ROWS = "number,name,email\n2026-031,Ada Lovelace,ada@example.com\n2026-032,Grace Hopper,{}\n"
CHANGING = re.compile(r"\(run \S+\)|in \d+\.\d\d s")


def shown() -> str:
    """The README's indented blocks, without their indent and what differs from run to run."""
    return CHANGING.sub("", "\n".join(line.removeprefix("    ") for line in README.splitlines()))


def said(folder: Path, *arguments: str) -> str:
    """What a command says in `folder`."""
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"}
    command = [*MAILJOBS, *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60)
    return CHANGING.sub("", done.stdout + done.stderr)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "job.yaml").write_text(JOB)
    (tmp_path / "invoice.txt.j2").write_text("Dear {{ row.name }},\n")
    (tmp_path / "customers.csv").write_text(ROWS.format("grace@example.com"))
    return tmp_path


def test_the_job_is_valid(folder: Path):
    assert said(folder, "validate", "job.yaml") == "job.yaml: ok\n"
    assert "exit status 0" in said(folder, "run", "--dry-run", "job.yaml")


def test_a_misspelt_key_is_shown_as_it_is(folder: Path):
    (folder / "job.yaml").write_text(JOB.replace("    subject:", "    subjct:"))
    found = said(folder, "run", "job.yaml")
    assert "did you mean 'subject'?" in found
    assert "$ mailjobs run job.yaml\n" + found in shown()


def test_a_wrong_row_is_shown_as_it_is(folder: Path):
    (folder / "customers.csv").write_text(ROWS.format("grace at example.com"))
    found = said(folder, "run", "--dry-run", "job.yaml")
    assert "row 2 (line 3)" in found
    assert "$ mailjobs run --dry-run job.yaml\n" + found in shown()
