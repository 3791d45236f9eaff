"""What the kernel sees: a block is on the disk before its first dot, and a process may die in any call."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.book.books import KINDS
from tests.book.deliveries import drain, some, whom

ROOT = Path(__file__).parents[2]
PROGRAM = """
import os, sys
from pathlib import Path
from tests.book.books import KINDS
from tests.book.deliveries import deliver
from tests.book.deliveries import some
name, folder = sys.argv[1:]
kind = KINDS[name](Path(folder), block=4)
book = kind.make(some(10))
deliver(book, os.open(Path(folder) / "sent", os.O_CREAT | os.O_APPEND | os.O_WRONLY))
"""
pytestmark = pytest.mark.usefixtures("strace")


def traced(name, folder, *options):
    """Ten letters, four to a block, delivered under strace; the lines of the trace and what was sent."""
    log = folder / "trace"
    words = ["strace", "-f", "-s", "200", "-o", log, "-e", "trace=write,fdatasync,fsync,openat,rename,unlink", *options]
    subprocess.run([*words, sys.executable, "-c", PROGRAM, name, folder], cwd=ROOT, check=False)
    sent = folder / "sent"
    return log.read_text().splitlines(), sent.read_text().splitlines() if sent.exists() else []


def test_each_block_is_on_the_disk_before_its_first_dot(tmp_path):
    trace, sent = traced("ledger", tmp_path)
    written = [found[1] for line in trace if (found := re.search(r"(?:write|fdatasync)\((\d+).*", line)) is not None]
    assert len(sent) == 10
    journal = next(re.search(r"= (\d+)$", line)[1] for line in trace if "ledger-" in line and "O_APPEND" in line)
    calls = [line.split(None, 1)[1] for line in trace if re.search(rf"(?:write|fdatasync)\({journal}[,)]", line)]
    assert journal in written
    marks = [number for number, call in enumerate(calls) if re.search(r'"\w{8} take ', call)]
    assert len(marks) == 3
    assert all(calls[number + 1].startswith("fdatasync(") for number in marks)
    first = next(number for number, call in enumerate(calls) if " dot " in call)
    assert first == marks[0] + 2


def test_each_block_of_the_queue_is_claimed_on_the_disk_before_its_first_dot(tmp_path):
    trace, sent = traced("queue", tmp_path)
    assert len(sent) == 10
    words = {
        "rename": r'rename\(.*\.queued"',
        "fsync": r"fsync\(",
        "dot": r'write\(\d+, "\w{8} dot ',
        "gone": r"unlink\(",
    }
    calls = [word for line in trace for word, pattern in words.items() if re.search(f" {pattern}", line)]
    calls = calls[calls.index("fsync") - 4 :]  # without those that queue it
    assert calls[:5] == ["rename"] * 4 + ["fsync"]
    claimed = done = 0
    for call in calls:
        claimed += 4 if call == "fsync" else 0
        done += call == "dot"
        assert done <= claimed
    assert calls.count("gone") == 10


@pytest.mark.parametrize(("name", "call"), [("ledger", "fdatasync"), ("queue", "fsync")])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_killed_while_a_block_is_put_on_the_disk(name, call, count, tmp_path):
    _, before = traced(name, tmp_path, "-e", f"inject={call}:signal=SIGKILL:when={count}")
    assert len(before) == 4 * (count - 1)
    kind = KINDS[name](tmp_path, block=4, letters=some(10), sessions=1)
    again = [f"sent {one}" for (one,) in whom(drain(kind.reopen()))]
    assert sorted(before + again) == sorted(f"sent {one}" for (one,) in whom(some(10)))


def test_a_disk_that_is_full_from_some_dot_on(tmp_path):
    trace, sent = traced("ledger", tmp_path, "-e", "inject=fdatasync:error=ENOSPC:when=2+")
    assert len(sent) == 4
    assert "ENOSPC" in " ".join(trace)
