"""A job with one batch and the server for it, written for a test and run by the command."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.queue_files import Queue, one_of_each
from tests.fixtures.choosy import PickyServer
from tests.fixtures.running import command

HEAD = """
version: 1
server: {{host: 127.0.0.1, port: {port}, tls: none, hello: me}}
data: {{people: {{csv: people.csv, key: id}}}}
messages: {{m: {{from: a@x.test, to: "{to}", subject: "{{{{ row.id }}}}", text: "{text}"{message}}}}}
"""
Job = Callable[..., Path]


@pytest.fixture
def server() -> Iterator[PickyServer]:
    """Takes everybody but those whose address says otherwise."""
    with PickyServer() as picky:
        yield picky


@pytest.fixture
def job(tmp_path: Path, server: PickyServer) -> Job:
    """Write a job with rows (lines of `id,email`), and keys of its one batch; its path."""

    def write(
        *rows: str, keys: str = "", rest: str = "", steps: str = "", to: str = "{{ row.email }}",
        text: str = "hello", message: str = "",
    ) -> Path:  # fmt: skip
        (tmp_path / "people.csv").write_text("\n".join(["id,email", *rows, ""]))
        head = HEAD.format(port=server.port, to=to, text=text, message=f", {message}" if message else "")
        batch = f"  - send: {{message: m, for_each: people{f', {keys}' if keys else ''}}}\n"
        path = tmp_path / "job.yaml"
        path.write_text(f"{head}steps:\n{steps or batch}{rest}\n")
        return path

    return write


def report(path: Path) -> dict[str, object]:
    """The report that stands beside a job."""
    found: dict[str, object] = json.loads((path.parent / "r.json").read_text())
    return found


def run(path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return command("run", path, "--report", path.parent / "r.json", *options)


def result(path: Path) -> dict[str, object]:
    steps = report(path)["steps"]
    assert isinstance(steps, list)
    return dict(steps[-1]["result"])


@pytest.fixture
def queue(tmp_path: Path) -> Queue:
    """One message in each state."""
    return one_of_each(tmp_path / "outbox")
