"""`mailjobs schema`: the text of each schema, to stdout or a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from mailjobs.cli.schema import NAMES, command
from mailjobs.errors import OutputError

SCHEMAS = Path(__file__).parents[2] / "schemas"


def schema(*arguments: str) -> str:
    return CliRunner().invoke(command, arguments, catch_exceptions=False, standalone_mode=False).output


@pytest.mark.parametrize("name", NAMES)
def test_it_prints_the_file_as_it_stands(name: str):
    assert schema(name) == (SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8")


def test_it_knows_every_schema_there_is():
    assert {path.name.partition(".")[0] for path in SCHEMAS.iterdir()} == set(NAMES)


def test_the_job_schema_is_the_default_and_goes_to_a_file(tmp_path: Path):
    target = tmp_path / "job.schema.json"
    assert schema("--output", str(target)) == ""
    assert json.loads(target.read_text(encoding="utf-8"))["title"] == "a job"


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path):
    with pytest.raises(OutputError, match=r"cannot write .*No such file"):
        schema("--output", str(tmp_path / "none" / "job.schema.json"))
