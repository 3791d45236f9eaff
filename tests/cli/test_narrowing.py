"""Whatever narrows to whom mail goes is honoured or refused: nothing goes to the people by an oversight."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fixtures.running import command
from tests.fixtures.sink import free_port

JOB = """
version: 1
server: {host: 127.0.0.1, port: %d, tls: none}
messages: {m: {from: a@x.test, to: real@x.test, cc: other@x.test, subject: hi, text: hello}}
steps: [{id: mail, send: m}]
"""


@pytest.fixture
def job(tmp_path: Path) -> Path:
    """A job whose server is nowhere, so that a run that sends anything ends with 75."""
    path = tmp_path / "job.yaml"
    path.write_text(JOB % free_port())
    return path


@pytest.mark.parametrize("address", ["", " ", "nobody", "a@x.test, b@x.test", "A <a@x.test>", "{{ vars.x }}"])
@pytest.mark.parametrize("name", ["run", "plan", "render"])
def test_a_redirect_that_is_no_address_is_a_usage_error(job: Path, name: str, address: str) -> None:
    done = command(name, job, "--redirect-to", address)
    assert done.returncode == 64, done.stderr
    assert done.stderr.startswith("mailjobs: --redirect-to: ")
    assert done.stdout == ""


@pytest.mark.parametrize("option", ["redirect-to", "limit", "only", "step"])
@pytest.mark.parametrize("value", ["", "  "])
def test_an_empty_twin_is_not_taken_for_none(job: Path, option: str, value: str) -> None:
    twin = f"MAILJOBS_RUN_{option.upper().replace('-', '_')}"
    done = command("run", job, **{twin: value})
    assert done.returncode == 64, done.stdout
    assert f"{twin} is empty" in done.stderr


def test_the_option_comes_before_its_twin(job: Path) -> None:
    done = command("run", "--dry-run", job, "--redirect-to", "dev@z.test", MAILJOBS_RUN_REDIRECT_TO="")
    assert done.returncode == 0, done.stderr
    assert "to dev@z.test\n" in done.stdout


def test_a_message_is_rendered_as_it_would_be_redirected(job: Path) -> None:
    done = command("render", job, "--json", "--redirect-to", "dev@z.test")
    told = json.loads(done.stdout)
    assert [one["address"] for one in told["recipients"]] == ["dev@z.test"]
    headers = {field["name"]: field["value"] for field in told["headers"]}
    assert (headers["To"], headers["X-Original-To"], headers["X-Original-Cc"]) == (
        "dev@z.test", "real@x.test", "other@x.test"
    )  # fmt: skip
