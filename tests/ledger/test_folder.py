"""The state folder."""

import os
import stat

import pytest

from mailjobs.errors import BusyError, OutputError
from mailjobs.ledger import Run, state_folder
from tests.book.deliveries import fork


def test_it_is_private_and_ignored(tmp_path):
    folder = state_folder(tmp_path / "job.yaml")
    folder.lock()
    root = tmp_path / ".mailjobs"
    assert stat.S_IMODE(root.stat().st_mode) == 0o700
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    assert (root / ".gitignore").read_text() == "*\n"
    folder.unlock()


def test_nothing_is_made_before_it_is_locked(tmp_path):
    assert state_folder(tmp_path / "job.yaml").runs() == []
    assert list(tmp_path.iterdir()) == []


def test_a_second_run_is_told_the_first_ones_process(tmp_path):
    folder = state_folder(tmp_path / "job.yaml")
    folder.lock()
    with pytest.raises(BusyError, match=f"process {os.getpid()}") as caught:
        state_folder(tmp_path / "job.yaml").lock()
    assert int(caught.value.exit_status) == 75
    folder.unlock()
    state_folder(tmp_path / "job.yaml").lock()


def test_a_process_that_dies_lets_go(tmp_path):
    def die():
        state_folder(tmp_path / "job.yaml").lock()
        os.kill(os.getpid(), 9)

    assert os.WIFSIGNALED(os.waitpid(fork(die), 0)[1])
    folder = state_folder(tmp_path / "job.yaml")
    folder.lock()
    folder.unlock()


def test_a_parent_that_is_a_file(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="Not a directory") as caught:
        state_folder(tmp_path / "job.yaml", tmp_path / "file" / "state").lock()
    assert caught.value.hint == "--state-dir names another folder"
    assert int(caught.value.exit_status) == 73


def test_standard_input_has_the_current_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    from pathlib import Path

    assert state_folder(Path("-")).path == tmp_path / ".mailjobs" / "-"


NAMES = ["job.yaml", "job%2e.yaml", ".job", "..", "jöb", "job~2", "a" * 250, "a" * 249 + "b", "j b", "j_b"]


def test_two_jobs_have_two_folders(tmp_path):
    found = {state_folder(tmp_path / "x" / name).path.name for name in NAMES if name != ".."}
    assert len(found) == len(NAMES) - 1
    assert all(len(name) < 160 and not name.startswith(".") for name in found)


def locked(job, state_dir):
    folder = state_folder(job, state_dir)
    folder.lock()
    folder.unlock()
    return folder.path.name


def test_jobs_of_one_name_share_a_state_dir(tmp_path):
    one, two = tmp_path / "1" / "job.yaml", tmp_path / "2" / "job.yaml"
    for path in (one, two):
        path.parent.mkdir()
        path.write_text("")
    state = tmp_path / "state"
    assert [locked(path, state) for path in (one, two, one, two)] == ["job.yaml", "job.yaml~2"] * 2


def test_a_job_that_was_moved_keeps_its_state(tmp_path):
    one, two = tmp_path / "1" / "job.yaml", tmp_path / "2" / "job.yaml"
    one.parent.mkdir()
    one.write_text("")
    state = tmp_path / "state"
    assert locked(one, state) == "job.yaml"
    one.parent.rename(two.parent)
    assert locked(two, state) == "job.yaml"


def test_a_run_is_read_as_it_was_written(runs):
    runs.begin("r1", [("1", ["a@x"])])
    run = runs.folder.runs()[0]
    assert Run.from_dict(run.as_dict()) == run
    assert (run.id, run.steps["send"].rows, run.complete) == ("r1", 1, False)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"version": 1}', "\x00"])
def test_a_damaged_run_is_told(runs, text):
    runs.begin("r1", [])
    (runs.folder.run_folder("r1") / "run.json").write_text(text)
    with pytest.raises(OutputError, match="is damaged"):
        runs.folder.runs()


def test_what_says_whose_folder_it_is_stays_as_it_is(tmp_path, monkeypatch):
    """Another job of the same name could take the folder while the file is empty."""
    first = state_folder(tmp_path / "job.yaml", tmp_path / "state")
    first.lock()
    first.unlock()
    monkeypatch.setattr("pathlib.Path.write_text", None)
    first.lock()
    first.unlock()


def test_an_empty_ignore_file_is_filled(tmp_path):
    (tmp_path / ".mailjobs").mkdir()
    (tmp_path / ".mailjobs" / ".gitignore").touch()
    folder = state_folder(tmp_path / "job.yaml")
    folder.lock()
    folder.unlock()
    assert (tmp_path / ".mailjobs" / ".gitignore").read_text() == "*\n"


@pytest.mark.parametrize("call", ["fcntl.flock", "os.ftruncate", "os.pwrite"])
def test_a_lock_that_cannot_be_held(tmp_path, monkeypatch, call):
    def full(*words):
        raise OSError(28, "No space left on device")

    folder = state_folder(tmp_path / "job.yaml")
    monkeypatch.setattr(call, full)
    with pytest.raises(OutputError, match="No space left"):
        folder.lock()
    monkeypatch.undo()
    folder.lock()
    folder.unlock()


def test_what_is_left_of_a_run_that_never_began_is_cleared(runs):
    runs.begin("r1", [("1", ["a@x"])])
    draft, torn = (runs.folder.run_folder(name) for name in ("draft", "torn"))
    for folder in (draft, torn):
        folder.mkdir()
        (folder / "send.rows").write_text("")
    (torn / "send.ledger-1.log").write_text("")  # somebody may have been sent to
    runs.folder.sweep()
    assert (draft.exists(), torn.exists(), runs.folder.run_folder("r1").exists()) == (False, True, True)


def test_files_of_one_step_are_not_those_of_another(tmp_path):
    from mailjobs.ledger import StepFiles, move

    one, other = StepFiles(tmp_path, "m"), StepFiles(tmp_path, "m.c")
    for files in (one, other):
        for path in [*files.beginning, tmp_path / f"{files.step}.ledger-1.log", tmp_path / f"{files.step}.failed.csv"]:
            path.write_text(files.step)
    (tmp_path / "new").mkdir()
    move(one, StepFiles(tmp_path / "new", "n"))
    one.remove()
    assert all(path.read_text() == "m.c" for path in tmp_path.glob("m*"))
    assert [path.read_text() for path in StepFiles(tmp_path / "new", "n").beginning] == ["m"] * 4


def test_two_runs_of_one_second_have_an_order(runs):
    from datetime import UTC, datetime

    for number, name in enumerate(["b", "a", "c"], 1):
        runs.folder.save(Run(name, "j", datetime(2026, 11, 1, tzinfo=UTC), number=number))
    assert [run.id for run in runs.folder.runs()] == ["c", "a", "b"]
