"""How a batch ends that does not come to its end: each recipient told once, and no later than its step allows."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.choosy import PickyServer
from tests.fixtures.running import command
from tests.fixtures.sink import free_port

JOB = """
version: 1
server: {{host: 127.0.0.1, port: {port}, tls: none, hello: me}}
data: {{people: {{csv: people.csv, key: id}}}}
messages: {{m: {{from: a@x.test, to: "{{{{ row.email }}}}", subject: hi, text: hello}}}}
steps:
  - send: {{message: m, for_each: people, {keys}}}
    {step}
"""
Job = Callable[..., Path]


@pytest.fixture
def server() -> Iterator[PickyServer]:
    with PickyServer() as picky:
        yield picky


@pytest.fixture
def job(tmp_path: Path, server: PickyServer) -> Job:
    """Write a batch of so many rows, some of whom have a name of their own; its path."""

    def write(rows: int, keys: str = "connections: 1", step: str = "retry: 1", port: int = 0, **names: str) -> Path:
        lines = [f"{n},{names.get(f'n{n}', 'p')}.{n}@x.test" for n in range(1, rows + 1)]
        (tmp_path / "people.csv").write_text("\n".join(["id,email", *lines, ""]))
        path = tmp_path / "job.yaml"
        path.write_text(JOB.format(port=port or server.port, keys=keys, step=step))
        return path

    return write


def run(path: Path, *options: str) -> tuple[subprocess.CompletedProcess[str], list[dict[str, Any]]]:
    events = path.parent / "events.jsonl"
    done = command("run", path, "--events", events, "--report", path.parent / "r.json", *options)
    return done, [json.loads(line) for line in events.read_text().splitlines()]


def settled(events: list[dict[str, Any]]) -> Counter[str]:
    """Recipients by state; each is told once, with the server's name."""
    found = [event for event in events if event["kind"] == "MessageSettled"]
    assert len({event["recipient"] for event in found}) == len(found)
    assert {event["server"] for event in found} <= {"server"}
    return Counter(event["state"] for event in found)


def last_progress(events: list[dict[str, Any]]) -> dict[str, int]:
    states: dict[str, int] = [event for event in events if event["kind"] == "BatchProgress"][-1]["states"]
    return {state: count for state, count in states.items() if count}


@pytest.mark.parametrize("processes", [1, 2])
def test_whoever_was_taken_and_not_sent_to_is_told_and_the_others_are_counted(job: Job, processes: int) -> None:
    keys = f"connections: 1, on_error: stop, processes: {processes}"
    done, events = run(job(2000, keys, n5="rejected"))
    assert done.returncode == 69
    told, sums = settled(events), last_progress(events)
    assert (told["rejected"], sums["rejected"]) == (1, 1)
    assert told["accepted"] == sums["accepted"]
    assert 0 < told["not-attempted"] < 20 * processes
    assert sum(sums.values()) == 2000
    assert f"{sums['not-attempted']} not-attempted" in done.stdout
    assert ": not-attempted\n" not in done.stdout


def test_without_a_server_the_first_ones_are_told(job: Job) -> None:
    done, events = run(job(1000, port=free_port()))
    assert done.returncode == 75
    assert set(settled(events)) == {"not-attempted"}
    assert last_progress(events) == {"not-attempted": 1000}


def test_the_time_of_a_step_bounds_the_pauses_between_connections(job: Job) -> None:
    step = "timeout: 1s\n    retry: {attempts: 3, delay: 40s}"
    done, events = run(job(3, step=step, port=free_port()))
    assert done.returncode == 75
    assert "Connection refused" in done.stdout
    assert last_progress(events) == {"not-attempted": 3}


@pytest.mark.parametrize("processes", [1, 2])
def test_the_time_of_a_step_bounds_the_waiting_for_a_rate(job: Job, server: PickyServer, processes: int) -> None:
    keys = f"connections: 2, rate: 2/m, processes: {processes}"
    done, events = run(job(10, keys, step="timeout: 3s"))
    assert done.returncode == 75, done.stdout
    assert "the step" in done.stdout
    assert len(server.accepted) == 1
    assert last_progress(events) == {"accepted": 1, "not-attempted": 9}


def test_the_time_of_a_step_bounds_the_waiting_for_another_try(job: Job, server: PickyServer) -> None:
    step = "timeout: 3s\n    retry: {attempts: 2, delay: 40s}"
    done, events = run(job(3, step=step, n2="deferred"))
    assert done.returncode == 75, done.stdout
    assert settled(events) == {"accepted": 2, "deferred": 1}


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize(("in_flight", "chunking", "told"), [(50, False, 1), (1, False, 0), (50, True, 0)])
def test_a_server_without_chunking_is_told_of_once(
    job: Job, server: PickyServer, processes: int, in_flight: int, chunking: bool, told: int
) -> None:
    server.chunking = chunking
    keys = f"connections: 3, in_flight: {in_flight}, processes: {processes}, messages_per_connection: 2"
    done, events = run(job(40, keys))
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("in_flight: 50 does nothing") == told
    assert len([event for event in events if event["kind"] == "Error"]) == told


def test_a_single_message_names_its_server_too(job: Job) -> None:
    path = job(1)
    text = path.read_text().replace("for_each: people, connections: 1", "stop_on: [to]")
    path.write_text(text.replace("{{ row.email }}", "b@x.test"))
    _, events = run(path)
    assert settled(events) == {"accepted": 1}
    assert [event["server"] for event in events if event["kind"] == "MessageSettled"] == ["server"]
