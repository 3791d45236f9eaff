"""`mailjobs init`: a job that works as it stands, and nothing overwritten."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from mailjobs.cli.init import command
from mailjobs.errors import OutputError
from tests.sandbox.process import MAILJOBS, running


def init(*arguments: str) -> str:
    return CliRunner().invoke(command, arguments, catch_exceptions=False, standalone_mode=False).output


def test_it_says_what_it_wrote_and_what_comes_next(tmp_path: Path):
    said = init(str(tmp_path / "mail"))
    assert f"  mailjobs run {tmp_path / 'mail' / 'job.yaml'}" in said.splitlines()
    assert {path.name for path in (tmp_path / "mail").iterdir()} == {"job.yaml", "hello.txt.j2", "job.schema.json"}


def test_editors_find_the_schema_beside_the_job(tmp_path: Path):
    init(str(tmp_path))
    first = (tmp_path / "job.yaml").read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=job.schema.json"
    assert json.loads((tmp_path / "job.schema.json").read_text())["title"] == "a job"


@pytest.mark.parametrize("name", ["job.yaml", "hello.txt.j2"])
def test_nothing_is_written_where_a_file_is_there_already(tmp_path: Path, name: str):
    (tmp_path / name).write_text("mine")
    with pytest.raises(OutputError, match="exists already; nothing was written"):
        init(str(tmp_path))
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(name, "mine")]


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        init(str(tmp_path / "file" / "below"))


def test_the_job_runs_against_the_sandbox_as_its_comments_say(tmp_path: Path):
    init(str(tmp_path))
    with running(tmp_path / "box") as sandbox:
        job = str(tmp_path / "job.yaml")
        checked = subprocess.run([*MAILJOBS, "validate", job], capture_output=True, text=True, timeout=60)
        assert (checked.returncode, checked.stderr) == (0, "")
        sent = [*MAILJOBS, "run", job, "--set", f"server.port={sandbox.port}"]
        assert subprocess.run(sent, capture_output=True, text=True, timeout=60).returncode == 0
        assert '"Build 1 is done"' in sandbox.line()
