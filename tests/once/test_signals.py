"""The first SIGINT or SIGTERM: no new dot, a while for the replies, and all is accounted for; the second ends it."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.readable import readable
from tests.once.batch import Batch, ended, once, stopped
from tests.once.sink import Sink

ROWS = 300
WIDE = "connections: 3, in_flight: 4"
# The command; besides, it says when no new dot may go out any more, and may wait longer for replies.
PROGRAM = """
import os
from mailjobs.delivery import dispatch, pool
from mailjobs.__main__ import main
stop = dispatch.Dispatch.stop
def told(self):
    stop(self)
    os.write(int(os.environ["TOLD"]), b".")
dispatch.Dispatch.stop = told
pool.LAST_REPLIES = float(os.environ["LAST_REPLIES"])
main()
"""
FOR_EVER = "1000"
pytestmark = pytest.mark.timeout(120)


class Told:
    """Starts the program, and hears of it that it has stopped."""

    def __init__(self) -> None:
        self._reading, self._writing = os.pipe()

    def __enter__(self) -> Told:
        return self

    def __exit__(self, *what: object) -> None:
        os.close(self._reading)
        os.close(self._writing)

    @property
    def how(self) -> dict[str, Any]:
        """To be started with."""
        environment = {"TOLD": str(self._writing), "LAST_REPLIES": FOR_EVER}
        return {"program": ("-c", PROGRAM), "pass_fds": (self._writing,), "environment": environment}

    def wait(self, count: int = 1) -> None:
        """Until it has stopped, in so many processes."""
        for _ in range(count):
            assert readable([self._reading], 60), "it does not stop"
            os.read(self._reading, 1)


def withheld(sink: Sink, count: int) -> None:
    """Wait until so many messages were sent that get no reply."""
    while count:
        count -= sink.line() == "withheld"


def test_what_has_no_reply_in_time_is_unknown(tmp_path: Path) -> None:
    with Sink(tmp_path, chunking=True) as sink:
        batch = Batch(tmp_path / "batch", sink.port, ROWS, WIDE)
        sink.order("withhold 20")
        with stopped(batch.start("--report", str(tmp_path / "r.json"))) as process:
            withheld(sink, 4)
            process.send_signal(signal.SIGINT)
            run = ended(process)
        run.must_be_expected()
        assert run.status == 130
        states = once(batch, sink)
        assert states["unknown"] >= 4
        assert states["accepted"] >= 19
        check_report(json.loads((tmp_path / "r.json").read_text()), batch)
        sink.order("release")
        batch.finish()
        states = once(batch, sink)
        assert states["accepted"] + states["unknown"] == len(batch.people)


def check_report(found: dict[str, Any], batch: Batch) -> None:
    assert found["exit_status"] == 130
    (step,) = found["steps"]
    assert step["status"] == "failed"
    totals = step["result"]["totals"]
    assert sum(totals.values()) == len(batch.people)
    unknown = batch.of("unknown")
    assert totals["unknown"] == len(unknown)
    listed = Path(step["result"]["unknown"]).read_text()
    assert all(address in listed for address in unknown)
    assert len(listed.splitlines()) == len({address.strip("uv") for address in unknown}) + 1
    assert step["result"]["failed"] is None


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_no_new_dot_goes_out_and_the_replies_are_heard(tmp_path: Path, number: int, status: int) -> None:
    with Sink(tmp_path, chunking=True) as sink, Told() as told:
        batch = Batch(tmp_path / "batch", sink.port, ROWS, WIDE)
        sink.order("withhold 20")
        with stopped(batch.start(**told.how)) as process:
            withheld(sink, 4)
            process.send_signal(number)
            told.wait()
            before = dots(batch)
            sink.order("release")
            run = ended(process)
        run.must_be_expected()
        assert run.status == status
        assert dots(batch) == before
        assert once(batch, sink)["unknown"] == 0
        assert len(sink.taken()) == len(batch.of("accepted")) < len(batch.people)
        batch.finish()
        assert once(batch, sink) == {"accepted": len(batch.people)}


def dots(batch: Batch) -> int:
    """How many letters have gone out, or may have."""
    return sum(journal.read_text().count(" dot ") for journal in batch.state.glob("*.log"))


def test_the_second_signal_ends_it(tmp_path: Path) -> None:
    with Sink(tmp_path, chunking=True) as sink, Told() as told:
        batch = Batch(tmp_path / "batch", sink.port, ROWS, WIDE)
        sink.order("withhold 20")
        with stopped(batch.start(**told.how)) as process:
            withheld(sink, 4)
            process.send_signal(signal.SIGTERM)
            told.wait()
            process.send_signal(signal.SIGTERM)
            run = ended(process)
        run.must_be_expected()
        assert run.status == 143
        assert once(batch, sink)["unknown"] >= 4
        sink.order("release")
        batch.finish()
        states = once(batch, sink)
        assert states["accepted"] + states["unknown"] == len(batch.people)


def test_ctrl_c_at_a_terminal_reaches_all_processes(tmp_path: Path) -> None:
    with Sink(tmp_path, chunking=True) as sink, Told() as told:
        batch = Batch(tmp_path / "batch", sink.port, ROWS, f"{WIDE}, processes: 2")
        sink.order("withhold 20")
        with stopped(batch.start(start_new_session=True, **told.how)) as process:
            withheld(sink, 4)
            os.killpg(process.pid, signal.SIGINT)
            told.wait(2)
            os.killpg(process.pid, signal.SIGINT)
            run = ended(process)
        run.must_be_expected()
        assert run.status == 130
        assert once(batch, sink)["unknown"] >= 4
        sink.order("release")
        batch.finish()
        states = once(batch, sink)
        assert states["accepted"] + states["unknown"] == len(batch.people)
