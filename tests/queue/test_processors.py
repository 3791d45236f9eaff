"""Several processors of one queue, servers that drop, processes that are killed: nobody is lost, or sent to twice."""

import os
import signal

import pytest

from tests.book.deliveries import fork
from tests.once.batch import ended, stopped
from tests.once.client import STAGES
from tests.once.faults import Point, chosen, seen
from tests.once.sink import Sink
from tests.queue.outbox import Outbox

CALLS = ("write", "fsync", "fdatasync", "rename", "unlink", "flock", "send", "recv", "ftruncate")


@pytest.fixture
def sink(tmp_path):
    with Sink(tmp_path) as sink:
        yield sink


@pytest.mark.parametrize("count", [2, 8])
def test_processors_at_the_same_time_send_each_message_once(tmp_path, sink, count):
    outbox = Outbox(tmp_path / "box", sink.port)
    outbox.fill(300)
    done = os.open(tmp_path / "done", os.O_CREAT | os.O_APPEND | os.O_WRONLY)

    def work():
        result = outbox.process().steps[0].result
        os.write(done, f"{result['counts']['sent']}\n".encode())

    children = [fork(work) for _ in range(count)]
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * count
    os.close(done)
    sent = [int(line) for line in (tmp_path / "done").read_text().split()]
    print(f"{count} processes have sent {sent}")
    assert sum(sent) == 300
    assert outbox.account(sink) == {"gone": 300}


def test_two_commands_at_the_same_time(tmp_path, sink):
    outbox = Outbox(tmp_path / "box", sink.port)
    outbox.fill(100)
    sink.order("pause 1 received")
    first = outbox.start()
    assert sink.paused(first)
    second = outbox.start()
    sink.order("go")
    for process in (first, second):
        run = ended(process)
        run.must_be_expected()
        assert run.status == 0, run
    assert outbox.account(sink) == {"gone": 100}


@pytest.mark.parametrize("stage", ["received", "taken", "replied"])
def test_a_processor_that_is_killed_leaves_one_in_doubt(tmp_path, sink, stage):
    outbox = Outbox(tmp_path / "box", sink.port)
    outbox.fill(20)
    sink.order(f"pause 7 {stage}")
    with stopped(outbox.start()) as process:
        assert sink.paused(process)
        os.kill(process.pid, signal.SIGKILL)
        sink.order("go")
    found = outbox.process()
    left = outbox.account(sink)
    assert found.exit_status == (69 if left[".held"] else 0)
    assert found.steps[0].result["counts"]["unknown"] == left[".held"]
    if left[".held"]:
        assert "got it: the process that was sending it has ended" in str(found.steps[0].error)
    assert outbox.process().exit_status == 0  # what is held is told once
    assert left["gone"] + left[".held"] == 20
    assert left[".held"] <= 2
    assert (left[".held"] > 0) or stage == "replied"


def test_another_processor_goes_on_while_one_hangs(tmp_path, sink):
    outbox = Outbox(tmp_path / "box", sink.port, "connections: 1")
    outbox.fill(100)
    sink.order("withhold 3")
    with stopped(outbox.start()) as hanging:
        assert sink.line(hanging) == "withheld"
        sink.order("release")
        assert ended(hanging).status == 0
    assert outbox.account(sink) == {"gone": 100}


@pytest.mark.parametrize(("on_unknown", "chunking"), [("hold", False), ("resend", True)])
def test_a_server_that_drops_at_any_stage(tmp_path, random, on_unknown, chunking):
    options = f"on_unknown: {on_unknown}" + (", in_flight: 8" if chunking else "")
    with Sink(tmp_path, drop=7, seed=random.random(), stages=STAGES, chunking=chunking) as sink:
        outbox = Outbox(tmp_path / "box", sink.port, options)
        outbox.fill(50)
        for _ in range(50):
            assert outbox.process().exit_status in (0, 69, 75)
            if not outbox.suffixes()[".queued"] and (on_unknown == "hold" or not outbox.files()):
                break
        left = outbox.account(sink, resent=on_unknown == "resend")
    assert left["gone"] + left[".held"] == 50
    assert (left[".held"] > 0) == (on_unknown == "hold")


def test_refused_and_deferred_recipients(tmp_path):
    with Sink(tmp_path, refuse="^u[37]@", grey="^u[12]@") as sink:
        outbox = Outbox(tmp_path / "box", sink.port, "keep: true")
        outbox.fill(10)
        assert outbox.process().exit_status == 69
        assert outbox.suffixes() == {".sent": 6, ".failed": 2, ".queued": 2}
        assert outbox.process().exit_status == 0
        assert outbox.suffixes() == {".sent": 8, ".failed": 2}
        outbox.account(sink)


def test_a_server_that_is_not_there_changes_nothing(tmp_path):
    outbox = Outbox(tmp_path / "box", 1)
    outbox.fill(3)
    record = outbox.process()
    assert record.exit_status == 75
    assert "refused" in str(record.steps[0].error)
    assert outbox.suffixes() == {".queued": 3}
    assert all(letter == "n" for _, letter in outbox.states().values())


@pytest.mark.parametrize("how", ["kill", "half"])
def test_a_processor_that_dies_in_a_call(tmp_path, faults, random, how):
    with Sink(tmp_path) as sink:
        plain = Outbox(tmp_path / "plain", sink.port)
        plain.fill(6)
        plain.run(**Point(0, CALLS).environment(faults, tmp_path / "calls"))
        calls = [name for name in seen(tmp_path / "calls") if how == "kill" or name in ("write", "send")]
    names = CALLS if how == "kill" else ("write", "send")
    for index, number in enumerate(random.sample(chosen(calls, 10, random), 2)):
        folder = tmp_path / f"{index}"
        folder.mkdir()
        with Sink(folder) as sink:
            outbox = Outbox(folder / "box", sink.port)
            outbox.fill(6)
            point = Point(number, names, how)
            process = outbox.start(**point.environment(faults, folder / "calls"))
            ended(process)
            assert outbox.process().exit_status in (0, 69), point
            left = outbox.account(sink)
        assert left["gone"] + left[".held"] == 6, point
        assert left[".held"] <= 2, point


@pytest.mark.parametrize("call", ["write", "rename", "fsync"])
def test_a_disk_that_is_full_from_then_on(tmp_path, faults, call):
    with Sink(tmp_path, grey="^u2@") as sink:
        outbox = Outbox(tmp_path / "box", sink.port)
        outbox.fill(6)
        point = Point(2 if call in ("write", "rename") else 1, (call,), "28", on=True)
        run = outbox.run(**point.environment(faults, tmp_path / "calls"))
        if run.status not in (73, 74):
            assert call in ("write", "fdatasync"), run
        assert "No space left" in run.err + run.out or call == "write"
        assert outbox.process().exit_status in (0, 69, 75)
        left = outbox.account(sink)
    assert left["gone"] + left[".held"] + left[".queued"] == 6
