"""A batch that is queued: each row once, however often the run is broken off and begun again."""

import errno
import os
import signal

from mailjobs import clock
from mailjobs.spool import look, names, write
from tests.once.batch import ended
from tests.once.faults import Point, chosen, seen
from tests.once.sink import Sink
from tests.queue.outbox import Outbox

CALLS = ("create", "write", "fsync", "fdatasync", "rename")
ROWS = 5


def rows_of(outbox):
    return sorted(int(look(outbox.path, file).entry.row) for file in outbox.files() if not file.startswith("."))


def test_each_row_is_queued_with_what_the_file_says_of_it(tmp_path):
    outbox = Outbox(tmp_path / "box")
    outbox.write_rows(3)
    record = outbox.process("queue.yaml")
    assert record.exit_status == 0
    assert record.steps[0].result["totals"]["accepted"] == 3
    assert rows_of(outbox) == [1, 2, 3]
    entry = look(outbox.path, outbox.files()[0]).entry
    assert (entry.job, entry.run, entry.message) == ("queue", record.run, "letter")
    assert outbox.process("queue.yaml").exit_status == 77  # it was queued before


def test_what_is_queued_is_what_would_have_been_sent(tmp_path):
    with Sink(tmp_path) as sink:
        outbox = Outbox(tmp_path / "box", sink.port)
        outbox.write_rows(40)
        outbox.process("queue.yaml")
        assert outbox.process().exit_status == 0
        assert outbox.account(sink) == {"gone": 40}


def test_two_batches_of_one_run_do_not_share_names(tmp_path):
    outbox = Outbox(tmp_path / "box")
    outbox.write_rows(2)
    job = outbox.folder / "queue.yaml"
    text = job.read_text()
    job.write_text(text + text[text.index("  - id: mail") :].replace("id: mail", "id: again"))
    assert outbox.process("queue.yaml").exit_status == 0
    assert rows_of(outbox) == [1, 1, 2, 2]


def test_broken_off_in_a_call_each_row_is_queued_once(tmp_path, faults, random):
    plain = Outbox(tmp_path / "plain")
    plain.write_rows(ROWS)
    plain.run("queue.yaml", **Point(0, CALLS).environment(faults, tmp_path / "calls"))
    calls = seen(tmp_path / "calls")
    renames = [number for number, name in enumerate(calls, 1) if name == "rename"][-ROWS - 1 : -1]
    points = [random.choice(chosen(calls, 20, random)), renames[1], renames[1], renames[-1] + 2]
    for index, number in enumerate(points):  # every other queue is processed before the batch goes on
        folder = tmp_path / f"{index}"
        folder.mkdir()
        with Sink(folder) as sink:
            outbox = Outbox(folder / "box", sink.port)
            outbox.write_rows(ROWS)
            ended(outbox.start("queue.yaml", **Point(number, CALLS).environment(faults, folder / "calls")))
            if index % 2:
                outbox.process()
            status = outbox.process("queue.yaml").exit_status
            outbox.process()
            print(f"killed at call {number}, then exit status {status}: {dict(sink.taken())}")
            assert list(sink.taken().values()) == [1] * ROWS, number
            assert status in (0, 77)


def test_after_a_power_loss_what_lies_in_the_queue_is_queued(tmp_path, faults, monkeypatch):
    """Rows of the block that may have been queued, and of which nothing is there, are unknown."""
    outbox = Outbox(tmp_path / "box")
    outbox.write_rows(ROWS)
    names_of_calls = ("rename",)
    outbox.run("queue.yaml", **Point(0, names_of_calls).environment(faults, tmp_path / "calls"))
    renames = len(seen(tmp_path / "calls")) - ROWS - 1  # before those that publish, and one behind them
    outbox = Outbox(tmp_path / "again")
    outbox.write_rows(ROWS)
    ended(outbox.start("queue.yaml", **Point(renames + 3, names_of_calls).environment(faults, tmp_path / "calls")))
    published = [file for file in outbox.files() if file.endswith(".queued")]
    assert (len(published), len(outbox.files())) == (2, ROWS)
    prepared = [file for file in outbox.files() if file not in published]
    (outbox.path / prepared[0]).unlink()
    for room in ("steps.queueing", "ledger.replay"):
        monkeypatch.setattr(f"mailjobs.{room}.boot_id", lambda: "another")
    record = outbox.process("queue.yaml")
    assert record.exit_status == 69
    totals = record.steps[0].result["totals"]
    assert (totals["accepted"], totals["unknown"]) == (ROWS - 1, 1)
    assert len(rows_of(outbox)) == ROWS - 1


def test_on_a_disk_that_fills_what_fits_is_queued_and_the_rest_later(tmp_path, monkeypatch):
    outbox = Outbox(tmp_path / "box")
    outbox.write_rows(ROWS)
    written, write_all = [], write._write_all

    def full(descriptor, data):
        written.append(data)
        if len(written) > 8:  # octets of the third file, three pieces each
            os.write(descriptor, data[:1])
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write_all(descriptor, data)

    with monkeypatch.context() as patch:
        patch.setattr(write, "_write_all", full)
        record = outbox.process("queue.yaml")
    assert (record.exit_status, record.steps[0].summary.partition(",")[0]) == (74, "2 queued")
    assert [outbox.path.joinpath(file).stat().st_size for file in outbox.files() if file.startswith(".")] == [0]
    assert outbox.process("queue.yaml").exit_status == 0
    assert rows_of(outbox) == list(range(1, ROWS + 1))
    assert not [file for file in outbox.files() if file.startswith(".")]


def test_interrupted_it_goes_on(tmp_path):
    outbox = Outbox(tmp_path / "box")
    outbox.write_rows(200)
    process = outbox.start("queue.yaml")
    while not any(file.endswith(".queued") for file in outbox.files()):
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    run = ended(process)
    run.must_be_expected()
    if run.status == 143:
        assert len(rows_of(outbox)) < 200
        assert outbox.process("queue.yaml").exit_status == 0
    assert rows_of(outbox) == list(range(1, 201))
    assert not [file for file in outbox.files() if file.startswith(".")]


def test_names_of_rows_derive_from_run_batch_and_key():
    made = {names.row_name(run, batch, key) for run in ("r1", "r2") for batch in ("a", "b") for key in ("1", "2")}
    assert len(made) == 8
    assert names.row_name("r1", "a", "1") in made


def test_fresh_names_never_collide_and_sort_as_they_were_made(monkeypatch):
    found = [names.fresh_name() for _ in range(1000)]
    assert found == sorted(found)
    assert len(set(found)) == 1000
    moment = clock.now()
    monkeypatch.setattr(clock, "now", lambda: moment)
    monkeypatch.setattr(os, "getpid", lambda: 1)
    monkeypatch.setattr(names, "_count", iter([0, 0]))
    assert names.fresh_name() != names.fresh_name()
