"""What is no queue file any more is put aside, and stops nothing else."""

import errno
import os

import pytest

from mailjobs.errors import OutputError
from mailjobs.spool import Spool, lines, recover
from mailjobs.spool.patience import Patience
from tests.book.deliveries import ORIGINAL
from tests.spool.files import MOMENT
from tests.spool.queues import attempt, deliver, files, queued, state_of, suffixes


def foreign(path):
    path.write_bytes(b"From: somebody\r\n\r\nhello\r\n")


def truncated(path):
    path.write_bytes(path.read_bytes()[:-90])


def empty(path):
    path.write_bytes(b"")


def changed(path):
    path.write_bytes(path.read_bytes().replace(b"Subject", b"Sujbect"))


def newer(path):
    path.write_bytes(path.read_bytes().replace(b"mailjobs-queue 1", b"mailjobs-queue 2"))


def damaged_in_the_middle(path):
    path.write_bytes(path.read_bytes() + b"00000000 done x\n" + lines.again(MOMENT, ["a@x.example"]))


def link(path):
    path.unlink()
    path.symlink_to("/etc/passwd")


def folder(path):
    path.unlink()
    path.mkdir()


def pipe(path):
    path.unlink()
    os.mkfifo(path)


WAYS = {
    foreign: "it is no queue file of mailjobs",
    truncated: "it ends before its content does",
    empty: "it is no queue file of mailjobs",
    changed: "its content is not what was written",
    newer: "it has version 2 of the format, and this mailjobs reads 1",
    damaged_in_the_middle: "a line behind its content is not what was written",
}
NO_FILES = (link, folder, pipe)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("suffix", [".queued", ".sending"])
def test_a_damaged_file_is_put_aside_as_it_is(tmp_path, way, suffix):
    for _ in range(3):
        queued(tmp_path)
    bad = tmp_path / files(tmp_path)[1]
    way(bad)
    bad = bad.rename(bad.with_suffix(suffix))
    data, told = bad.read_bytes(), []
    recover(tmp_path, Patience(), tell=told.append)
    assert attempt(tmp_path, "accepted", 250, tell=told.append) == 2
    assert files(tmp_path) == [f"{bad.name}.damaged"]
    assert (tmp_path / f"{bad.name}.damaged").read_bytes() == data
    assert told == [(f"{bad.name}.damaged", WAYS[way])]


@pytest.mark.parametrize("way", NO_FILES, ids=lambda way: way.__name__)
def test_what_is_no_file_is_left_alone_and_told_of(tmp_path, way):
    queued(tmp_path)
    queued(tmp_path)
    way(tmp_path / files(tmp_path)[0])
    told = []
    recover(tmp_path, Patience(), tell=told.append)
    assert attempt(tmp_path, "accepted", 250, tell=told.append) == 1
    assert [aside.why for aside in told] == ["it is no file"]
    assert told[0].told(tmp_path).endswith(".queued is left alone: it is no file")


def test_a_torn_last_line_is_cut_off_and_the_message_goes_on(tmp_path):
    file = queued(tmp_path)
    whole = (tmp_path / file).read_bytes()
    (tmp_path / file).write_bytes(whole + b"4da8d070 cla")
    told = []
    assert attempt(tmp_path, "deferred", 451, tell=told.append) == 1
    assert told == []
    assert b"4da8d070" not in (tmp_path / file).read_bytes()
    assert (tmp_path / file).read_bytes().startswith(whole)
    assert state_of(tmp_path).tries == 1


def test_of_two_files_of_one_name_none_is_overwritten(tmp_path):
    file = queued(tmp_path)
    twin = (tmp_path / file).with_suffix(".sending")
    twin.write_bytes(b"somebody's")
    told = []
    assert attempt(tmp_path, "accepted", 250, tell=told.append) == 0
    assert twin.read_bytes() == b"somebody's"
    assert files(tmp_path) == sorted([twin.name, f"{file}.damaged"])
    assert "there is a file" in told[0].why


def test_a_second_damaged_file_of_a_name_does_not_replace_the_first(tmp_path):
    file = queued(tmp_path)
    (tmp_path / f"{file}.damaged").write_bytes(b"the first")
    foreign(tmp_path / file)
    attempt(tmp_path, "accepted", 250)
    assert files(tmp_path) == [f"{file}.1.damaged", f"{file}.damaged"]
    assert (tmp_path / f"{file}.damaged").read_bytes() == b"the first"


def test_a_file_that_is_no_queue_file_by_its_name_is_not_looked_at(tmp_path):
    for name in (".hidden.queued", "notes.txt", ".queued", "x.sent", "x.failed", "x.held", "queued"):
        (tmp_path / name).write_text("x")
    told = []
    assert attempt(tmp_path, "accepted", 250, tell=told.append) == 0
    assert told == []
    assert len(files(tmp_path)) == 7


def test_a_claim_that_cannot_be_written_leaves_the_file_queued(tmp_path, monkeypatch):
    queued(tmp_path)
    spool = Spool(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("os.write", lambda descriptor, data: ORIGINAL(descriptor, data[: len(data) // 2]))
        with pytest.raises(OutputError, match=r"No space left on device \(ENOSPC\)") as caught:
            spool.take()
    assert (caught.value.code, int(caught.value.exit_status)) == (10069, 74)
    with pytest.raises(OutputError):
        spool.close()
    assert suffixes(tmp_path) == [".queued"]
    assert attempt(tmp_path, "accepted", 250) == 1


def test_a_message_that_does_not_fit_is_not_queued(tmp_path, monkeypatch):
    queued(tmp_path)

    def full(descriptor, data):
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

    for call in ("write", "fsync", "rename"):
        with monkeypatch.context() as patch:
            patch.setattr(f"os.{call}", lambda *arguments: full(0, b""))
            with pytest.raises(OutputError, match=r"cannot write into the queue .*: .* \(EDQUOT\)") as caught:
                queued(tmp_path)
        assert (caught.value.code, int(caught.value.exit_status)) == (10069, 74)
        assert suffixes(tmp_path) == [".queued"]


def test_a_name_that_the_disk_may_not_know_is_told_as_one_that_is_there(tmp_path, monkeypatch):
    def broken(folder):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr("mailjobs.spool.write.sync_folder", broken)
    with pytest.raises(OutputError, match=r"\.queued is in the queue .*, but may be gone .*EIO") as caught:
        queued(tmp_path)
    assert (suffixes(tmp_path), int(caught.value.exit_status)) == ([".queued"], 74)
    assert files(tmp_path)[0] in str(caught.value)
    assert not caught.value.temporary  # `retry` does not queue it once more


def test_a_directory_that_vanishes_is_a_clear_error(tmp_path):
    folder = tmp_path / "queue"
    folder.mkdir()
    queued(folder)
    spool = Spool(folder)
    letter = spool.take()
    folder.rename(tmp_path / "elsewhere")
    deliver(spool, letter, "deferred", 451)
    with pytest.raises(OutputError, match=r"cannot write in the queue .*: No such file or directory"):
        spool.close()
    assert suffixes(tmp_path / "elsewhere") == [".sending"]
    recover(tmp_path / "elsewhere", Patience(delay=0))
    assert attempt(tmp_path / "elsewhere", "accepted", 250) == 1
