"""What the kernel sees: what is put on the disk, and in which order."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.usefixtures("strace")
ROOT = Path(__file__).parents[2]
CALLS = "openat,write,fsync,fdatasync,rename,unlink,ftruncate"
QUEUE = """
import sys
from pathlib import Path
from tests.spool.queues import queued
queued(Path(sys.argv[1]))
"""
DEFER = """
import sys
from pathlib import Path
from tests.spool.queues import attempt
attempt(Path(sys.argv[1]), sys.argv[2], 250, keep=len(sys.argv) > 3)
"""


def traced(folder, log, program, *arguments):
    """The calls that are about files in `folder`, and about the folder, each as its name and what it is about."""
    command = ["strace", "-f", "-y", "-s", "300", "-o", log, "-e", f"trace={CALLS}", sys.executable, "-c", program]
    subprocess.run([*command, folder, *arguments], cwd=ROOT, check=True)
    found = []
    for line in log.read_text().splitlines():
        call = line.split(None, 1)[1]
        if str(folder) in call and "O_RDONLY" not in call:
            found.append(re.sub(r"\(.*?(\.\w+)?[\">](?:, .*?(\.\w+)\")?.*", short, call))
    return found


def short(found):
    """`rename(.draft -> .queued)`."""
    return f" {found[1] or 'directory'}{f' to {found[2]}' if found[2] else ''}"


@pytest.fixture
def queue(tmp_path):
    folder = tmp_path / "queue"
    folder.mkdir()
    return folder


def test_a_file_is_on_the_disk_before_it_has_its_name_and_the_name_before_it_is_told(tmp_path, queue):
    calls = traced(queue, tmp_path / "log", QUEUE)
    assert calls[0].startswith("openat")
    assert [call.split()[0] for call in calls].count("rename") == 1
    words = [call.split()[0] for call in calls]
    assert words[-3:] == ["fsync", "rename", "fsync"]
    assert set(words[1:-3]) == {"write"}
    assert calls[-1] == "fsync directory"


def test_what_may_be_sent_again_says_what_it_knows_before_it_has_that_name(tmp_path, queue):
    traced(queue, tmp_path / "log", QUEUE)
    words = [call.split()[0] for call in traced(queue, tmp_path / "log", DEFER, "deferred") if "openat" not in call]
    assert words == ["write", "rename", "fsync", "write", "write", "write", "fdatasync", "rename", "fsync"]


def test_what_all_have_got_needs_no_sync_of_its_own(tmp_path, queue):
    traced(queue, tmp_path / "log", QUEUE)
    words = [call.split()[0] for call in traced(queue, tmp_path / "log", DEFER, "accepted") if "openat" not in call]
    assert words == ["write", "rename", "fsync", "write", "write", "unlink", "fsync"]
