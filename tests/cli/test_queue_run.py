"""`mailjobs queue run`: which server, which step, and what comes of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.queue_files import Queue, said
from tests.fixtures.choosy import PickyServer

JOB = """
version: 1
servers:
  first: {{host: 127.0.0.1, port: {port}, tls: none}}
  second: {{host: 127.0.0.1, port: 1, tls: none}}
messages: {{m: {{from: a@x.test, to: b@x.test, text: hello}}}}
steps:
  - {{send: m, server: second}}
{steps}
"""


@pytest.fixture
def outbox(tmp_path: Path) -> Queue:
    made = Queue(tmp_path / "outbox")
    made.put("good", "ann@x.test")
    made.put("bad", "rejected@x.test")
    return made


def job(folder: Path, server: PickyServer, steps: str = "") -> Path:
    path = folder / "job.yaml"
    path.write_text(JOB.format(port=server.port, steps=steps))
    return path


def url(server: PickyServer) -> list[str]:
    return ["--server", f"smtp://127.0.0.1:{server.port}", "--set", "server.tls=none"]


def test_the_server_may_be_given_alone(outbox: Queue, server: PickyServer) -> None:
    found = said("run", outbox.path, *url(server), "--keep", "--notify", "ops@x.test", "--json")
    assert found.status == 69
    (step,) = json.loads(found.out)["steps"]
    assert step["result"]["counts"] == {"sent": 2, "deferred": 0, "failed": 1, "unknown": 0}
    assert server.accepted == [("ann@x.test",), ("ops@x.test",)]
    assert outbox.files() == ["bad-notice.sent", "bad.failed", "good.sent"]


def test_a_step_for_the_directory_says_how(outbox: Queue, server: PickyServer, tmp_path: Path) -> None:
    path = job(tmp_path, server, "  - {process_queue: {dir: outbox, keep: true, limit: 1}, server: first, if: 'false'}")
    assert said("run", outbox.path, path).status == 69  # the first is bad
    assert outbox.files() == ["bad.failed", "good.queued"]
    assert said("run", outbox.path, path).status == 0
    assert outbox.files() == ["bad.failed", "good.sent"]
    assert server.accepted == [("ann@x.test",)]


def test_a_job_without_such_a_step_gives_its_server(outbox: Queue, server: PickyServer, tmp_path: Path) -> None:
    path = job(tmp_path, server)
    assert said("run", outbox.path, path, "--server", "first").status == 69
    assert outbox.files() == ["bad.failed"]
    assert server.accepted == [("ann@x.test",)]


def test_a_dry_run_sends_nothing(outbox: Queue, server: PickyServer) -> None:
    found = said("run", outbox.path, *url(server), "--dry-run")
    assert (found.status, server.accepted) == (0, [])
    assert "would send 2 messages" in found.out
    assert outbox.files() == ["bad.queued", "good.queued"]


TWO = """\
  - {id: a, process_queue: outbox, server: first}
  - {id: b, process_queue: {dir: outbox, limit: 1}, server: first}
"""


@pytest.mark.parametrize(
    ("steps", "arguments", "status", "words"),
    [
        (None, [], 64, "say which server"),
        (None, ["--server", "smtp://ci:secret@host"], 65, "password"),
        (None, ["--server", "localhost", "--step", "a"], 64, "--step names a step of JOB"),
        ("", [], 64, "has 2 servers"),
        ("", ["--server", "third"], 64, "no server of"),
        ("", ["--step", "a"], 64, "no step of"),
        (TWO, [], 64, "has several steps for"),
        (TWO, ["--step", "b", "--watch"], 64, "no limit"),
        ("", ["--server", "first", "--notify", "no address"], 65, "on_failure.notify"),
    ],
)
def test_what_makes_no_sense_is_told_and_nothing_is_sent(
    outbox: Queue, server: PickyServer, tmp_path: Path, steps: str | None, arguments: list[str], status: int, words: str
) -> None:
    jobs = [job(tmp_path, server, steps)] if steps is not None else []
    found = said("run", outbox.path, *jobs, *arguments)
    assert (found.status, words in found.err) == (status, True), found
    assert "secret" not in found.err
    assert outbox.files() == ["bad.queued", "good.queued"]


def test_a_directory_that_is_not_there(tmp_path: Path, server: PickyServer) -> None:
    found = said("run", tmp_path / "nowhere", *url(server))
    assert found.status == 66
    assert "mkdir" in found.err
