"""What was claimed by somebody who is gone."""

import os
import signal

import pytest

from mailjobs.disk import boot_id
from mailjobs.spool import Patience, Spool, lines, lock, recover
from mailjobs.spool.names import host_name
from tests.book.deliveries import fork
from tests.spool.files import MOMENT, outcome
from tests.spool.queues import attempt, deliver, files, queued, state_of, suffixes

NOW = Patience(delay=0)


def claimed(folder, host, boot, *more):
    """One file that somebody has claimed, and then ended."""
    file = queued(folder, "a@x.example", "b@x.example")
    path = (folder / file).rename((folder / file).with_suffix(".sending"))
    with path.open("ab") as added:
        added.write(lines.claim(MOMENT, host, 4711, boot) + b"".join(more))
    return path


DONE = lines.done(MOMENT, [outcome("a@x.example", "accepted", 250)])
DOT = lines.dot(MOMENT, ["b@x.example"])


@pytest.mark.parametrize(
    ("more", "suffix", "letters"),
    [
        ((), ".queued", "nn"),
        ((DONE,), ".queued", "an"),
        ((DONE, DOT), ".held", "au"),
        ((DOT,), ".queued", "nu"),
        ((DONE, lines.done(MOMENT, [outcome("b@x.example", "rejected", 550)])), ".failed", "ar"),
        ((DONE, b"0000 torn"), ".queued", "an"),
    ],
)
def test_what_a_process_of_this_machine_has_left_is_as_it_wrote_it(tmp_path, more, suffix, letters):
    claimed(tmp_path, host_name(), boot_id(), *more)
    found = recover(tmp_path, NOW)
    assert [(one.suffix, one.owner.pid) for one in found] == [(suffix, 4711)]
    assert suffixes(tmp_path) == [suffix]
    assert "".join(state_of(tmp_path).letters.values()) == letters


def test_what_all_have_got_goes_as_it_would_have_gone(tmp_path):
    both = lines.done(MOMENT, [outcome("a@x.example", "accepted", 250), outcome("b@x.example", "accepted", 250)])
    claimed(tmp_path, host_name(), boot_id(), both)
    recover(tmp_path, NOW, keep=True)
    assert suffixes(tmp_path) == [".sent"]
    claimed(tmp_path, host_name(), boot_id(), both)
    recover(tmp_path, NOW)
    assert suffixes(tmp_path) == [".sent"]


def test_after_the_machine_was_started_again_it_may_have_been_sent(tmp_path):
    claimed(tmp_path, host_name(), "another-boot", DONE)
    recover(tmp_path, NOW)
    assert suffixes(tmp_path) == [".held"]
    assert "".join(state_of(tmp_path).letters.values()) == "au"


def test_a_claim_that_did_not_outlive_a_power_loss_counts_all_the_same(tmp_path):
    file = queued(tmp_path)
    (tmp_path / file).rename((tmp_path / file).with_suffix(".sending"))
    recover(tmp_path, NOW)
    assert suffixes(tmp_path) == [".held"]


def test_of_another_machine_somebody_has_to_say_that_it_is_gone(tmp_path):
    claimed(tmp_path, "elsewhere.example", "its-boot", DONE)
    assert recover(tmp_path, NOW) == []
    assert recover(tmp_path, NOW, host="nobody.example") == []
    assert suffixes(tmp_path) == [".sending"]
    assert len(recover(tmp_path, NOW, host="elsewhere.example")) == 1
    assert "".join(state_of(tmp_path).letters.values()) == "au"


def test_the_files_of_a_process_that_lives_are_its_own(tmp_path):
    queued(tmp_path)
    spool = Spool(tmp_path)
    letter = spool.take()
    assert recover(tmp_path, NOW) == []
    assert attempt(tmp_path, "accepted", 250) == 0
    deliver(spool, letter, "accepted", 250)
    spool.close()
    assert files(tmp_path) == []


def test_a_process_is_gone_when_it_was_killed(tmp_path):
    queued(tmp_path)
    reading, writing = os.pipe()

    def work():
        spool = Spool(tmp_path)
        spool.dot([spool.take()])
        os.write(writing, b"x")
        signal.pause()

    child = fork(work)
    os.read(reading, 1)
    assert recover(tmp_path, NOW) == []
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(reading)
    os.close(writing)
    assert [one.owner.pid for one in recover(tmp_path, NOW)] == [child]
    assert suffixes(tmp_path) == [".held"]


def test_drafts_that_nobody_writes_are_removed_when_they_are_old(tmp_path):
    old, new, prepared = (tmp_path / name for name in (".a.draft", ".b.draft", ".c.prepared"))
    for path in (old, new, prepared):
        path.write_text("x")
    for path in (old, prepared):
        os.utime(path, (0, 0))
    recover(tmp_path, NOW)
    assert files(tmp_path) == [".b.draft", ".c.prepared"]


@pytest.mark.parametrize("replaced", [False, True])
def test_the_lock_of_a_file_that_has_lost_its_name_is_no_claim(tmp_path, monkeypatch, replaced):
    """Somebody else claims it between our open and our lock."""
    file = queued(tmp_path)

    def too_late(descriptor, how):
        (tmp_path / file).rename((tmp_path / file).with_suffix(".sending"))
        if replaced:
            (tmp_path / file).write_text("another one")

    monkeypatch.setattr("fcntl.flock", too_late)
    assert lock(tmp_path, file) is None
