"""`on_failure`: whoever is named there is told of a failure by the same run, once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.lab import Lab
from tests.once.sink import Sink
from tests.queue.outbox import Outbox


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    """Nobody has an address that begins with u2."""
    with Sink(tmp_path, refuse="^u2@") as sink:
        yield sink


def outbox(folder: Path, sink: Sink, address: str, more: str = "") -> Outbox:
    made = Outbox(folder / "box", sink.port, f"on_failure: {{notify: {address}}}")
    job = made.folder / "process.yaml"
    job.write_text(job.read_text() + more)
    made.fill(3)
    return made


def test_the_same_run_tells_of_it_and_the_next_one_does_not(tmp_path: Path, sink: Sink) -> None:
    box = outbox(tmp_path, sink, "ops@example.com")
    record = box.process()
    assert record.exit_status == 69
    result = record.steps[0].result
    assert result["counts"] == {"sent": 3, "deferred": 0, "failed": 1, "unknown": 0}
    assert [line.split()[0] for line in sink.lines()].count("ops@example.com") == 1
    assert box.suffixes() == {".failed": 1}
    assert box.process().exit_status == 0
    assert len(sink.lines()) == 3


def test_whoever_the_guards_forbid_is_refused_before_anything_is_sent(tmp_path: Path, sink: Sink) -> None:
    box = outbox(tmp_path, sink, "ops@elsewhere.example", "guards: {allow_domains: [example.com]}\n")
    assert box.process().exit_status == 77
    assert sink.lines() == []
    assert box.suffixes() == {".queued": 3}


def test_what_is_no_address_is_a_mistake_of_the_job(tmp_path: Path, sink: Sink) -> None:
    box = outbox(tmp_path, sink, "nobody at home")
    run = box.run()
    assert run.status == 65
    assert "on_failure.notify" in run.err
    assert "process.yaml:4" in run.err


def test_a_real_server_refuses_one_and_delivers_the_notification(tmp_path: Path, lab: Lab, box_name: str) -> None:
    mailbox = lab.mailbox(box_name)
    box = Outbox(tmp_path / "box", lab.port("P_SMTP"), f"on_failure: {{notify: {mailbox.address}}}")
    box.fill(1)  # to example.com, which this server is no relay for
    assert box.process().exit_status == 69
    (mail,) = mailbox.wait()
    assert mail.raw.startswith(b"Return-Path: <>\n")
    assert b"Final-Recipient: rfc822; u1@example.com\n" in mail.raw
    assert b"Remote-MTA: dns; 127.0.0.1\n" in mail.raw
