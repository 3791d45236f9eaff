"""Files, pipes and names that no job can be read from, or nothing written to: told at once, in words."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mailjobs.errors import OutputError
from mailjobs.report import files
from tests.fixtures.running import command

GOOD = """\
version: 1
server: {host: 127.0.0.1, port: 1, tls: none}
messages:
  m: {from: a@x.test, to: b@x.test, subject: hi, text: hello}
steps: [{send: m, id: s}]
"""
LONG = "n" * 300


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "bad.yaml").write_text(GOOD.replace("subject", "subjct"))
    (tmp_path / "worse.yaml").write_text(GOOD.replace("text", "txet"))
    return tmp_path


@pytest.mark.parametrize("given", ["{}", "-"])
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (GOOD.encode("utf-16"), ":1:1: the file is UTF-16 (save it as UTF-8)"),
        (b"name: \xff\n", ":1:7: byte 0xff at offset 6 is not UTF-8"),
        (b"version: 1\n\0", ":2:1: a NUL byte at offset 11"),
        (b"", ":1:1: the file is empty"),
        (b"a" * (8 * 1024 * 1024 + 1), "larger than 8 MiB"),
    ],
    ids=["utf-16", "latin-1", "nul", "empty", "huge"],
)
def test_standard_input_is_read_as_a_file_is(tmp_path: Path, given: str, content: bytes, words: str) -> None:
    path = tmp_path / "job.yaml"
    path.write_bytes(content)
    line = [sys.executable, "-m", "mailjobs", "validate", given.format(path)]
    with path.open("rb") as stdin:
        done = subprocess.run(line, stdin=stdin, capture_output=True, text=True, timeout=60)
    assert done.returncode == (66 if "MiB" in words else 65)
    assert words in done.stderr


@pytest.mark.parametrize("where", ["job", "extends", "data", "text"])
def test_a_pipe_is_refused_before_it_is_opened(folder: Path, where: str) -> None:
    os.mkfifo(folder / "pipe")
    more = {"extends": "extends: pipe\n", "data": "data: {d: {csv: pipe}}\n"}.get(where, "")
    job = folder / "good.yaml"
    job.write_text(GOOD.replace("hello", "{file: pipe}") if where == "text" else GOOD + more)
    done = command("validate", folder / "pipe" if where == "job" else job)
    assert done.returncode == 66
    assert "pipe' is not a regular file" in done.stderr


@pytest.mark.parametrize("arguments", [["run", "--dry-run"], ["validate"], ["render"]])
@pytest.mark.parametrize(
    ("more", "status", "words"),
    [
        ("extends: nosuch.yaml", 66, "extends: the file 'nosuch.yaml' does not exist"),
        ("vars: {a: {file: nosuch.txt}}", 66, "vars.a.file: the file 'nosuch.txt' does not exist"),
    ],
)
def test_a_missing_file_is_told_once_with_its_line(
    folder: Path, arguments: list[str], more: str, status: int, words: str
) -> None:
    (folder / "good.yaml").write_text(GOOD + more + "\n")
    done = command(*arguments, "good.yaml", cwd=folder)
    column = more.rindex("nosuch") + 1
    assert done.stderr == f"good.yaml:6:{column}: {words}\n    {more}\n    {'^':>{column}}\n"
    assert done.returncode == status


def test_unset_variables_are_told_with_their_lines(folder: Path) -> None:
    (folder / "good.yaml").write_text(GOOD + "vars: {a: {env: NO_A}, b: {env: NO_B}}\n")
    done = command("run", "good.yaml", cwd=folder)
    assert done.returncode == 78
    assert [line[0:17] for line in done.stderr.splitlines() if "NO_A is not" in line or "NO_B is not" in line] == [
        "good.yaml:6:17: v",
        "good.yaml:6:33: v",
    ]
    assert done.stderr.count("^") == 2


def test_no_job_runs_where_a_later_one_is_bad(folder: Path) -> None:
    done = command("run", "--dry-run", "good.yaml", "bad.yaml", "worse.yaml", "--report", "r.json", cwd=folder)
    assert (done.returncode, done.stdout) == (65, "")
    assert "bad.yaml:4:" in done.stderr
    assert "worse.yaml:4:" in done.stderr
    assert not (folder / "r.json").exists()


def test_quiet_says_no_warning(folder: Path) -> None:
    (folder / "good.yaml").write_text(GOOD.replace("subject: hi, ", ""))
    assert command("run", "--dry-run", "-q", "good.yaml", cwd=folder).stderr == ""
    assert "no `subject`" in command("run", "--dry-run", "good.yaml", cwd=folder).stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "--dry-run", "good.yaml", "--report", f"{LONG}.json"],
        ["run", "--dry-run", "good.yaml", "--events", LONG],
        ["init", LONG],
        ["schema", "--output", LONG],
        ["run", "--dry-run", "good.yaml", "--report", "pipe.json"],
        ["run", "--dry-run", "good.yaml", "--report", "folder.json"],
    ],
)
def test_what_cannot_be_written_is_told_by_its_name_before_anything_runs(folder: Path, arguments: list[str]) -> None:
    os.mkfifo(folder / "pipe.json")
    (folder / "folder.json").mkdir()
    done = command(*arguments, cwd=folder)
    assert (done.returncode, done.stdout) == (73, "")
    assert f"{arguments[-1]}" in done.stderr


def test_a_report_that_fails_half_way_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(source: str, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "replace", full)
    with pytest.raises(OutputError, match="No space left"):
        files.write_report(tmp_path / "r.json", [])
    assert list(tmp_path.iterdir()) == []


def test_half_a_character_in_a_name_is_shown_as_an_escape(folder: Path) -> None:
    os.rename(os.fsencode(folder / "good.yaml"), os.fsencode(folder) + b"/a\xff.yaml")
    name = os.fsdecode(b"a\xff.yaml")
    assert command("validate", name, cwd=folder).stdout == "a\\udcff.yaml: ok\n"
    done = command("run", "--dry-run", name, "--report", "r.json", "--events", "e", "--trace=t", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads((folder / "r.json").read_text())["job"] == "a\udcff"
    assert json.loads((folder / "e").read_text().splitlines()[0])["job"] == "a\udcff"


def test_a_name_steers_no_terminal(folder: Path) -> None:
    (folder / "a\x1b[31m\nb.yaml").write_text(GOOD)
    assert command("validate", "a\x1b[31m\nb.yaml", cwd=folder).stdout == "a\\x1b[31m\\x0ab.yaml: ok\n"


def test_letters_that_the_output_lacks_are_escapes(folder: Path) -> None:
    (folder / "é.yaml").write_text(GOOD)
    done = command("run", "--dry-run", "é.yaml", cwd=folder, PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert done.stdout.startswith("\\xe9 (run ")


def test_a_secret_that_is_given_with_a_colon_is_not_repeated(folder: Path) -> None:
    done = command("run", "good.yaml", "--set", "server.auth.password: hunter2", cwd=folder)
    assert done.returncode == 64
    assert "hunter2" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--events", "good.yaml"], "good.yaml' is a file of the job"),
        (["--trace=./good.yaml"], "good.yaml' is a file of the job"),
        (["--events", "base.yaml"], "base.yaml' is a file of the job"),
        (["--events", "link.yaml"], "good.yaml' is a file of the job"),
        (["--events", "e", "--trace=./e"], "a file of its own"),
        (["--report", "r.json", "--events", "r.json"], "a file of its own"),
    ],
)
def test_no_record_is_written_over_the_job_or_another(folder: Path, arguments: list[str], words: str) -> None:
    (folder / "base.yaml").write_text("name: base\n")
    (folder / "good.yaml").write_text(f"{GOOD}extends: base.yaml\n")
    (folder / "link.yaml").symlink_to("good.yaml")
    done = command("run", "--dry-run", "good.yaml", *arguments, cwd=folder)
    assert (done.returncode, done.stdout) == (64, "")
    assert words in done.stderr
    assert (folder / "good.yaml").read_text() == f"{GOOD}extends: base.yaml\n"


def test_several_records_may_go_to_a_device(folder: Path) -> None:
    done = command("run", "--dry-run", "good.yaml", "--events=/dev/null", "--trace=/dev/null", cwd=folder)
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "status"),
    [("validate bad.yaml", 65), ("run nosuch.yaml", 66), ("rum", 64), ("run --dry-run nosub.yaml", 0)],
)
@pytest.mark.parametrize("ending", ["2>/dev/full", "2>&-"])
def test_a_status_is_told_where_no_words_can_be(folder: Path, arguments: str, status: int, ending: str) -> None:
    (folder / "nosub.yaml").write_text(GOOD.replace("subject: hi, ", ""))
    line = f"{sys.executable} -m mailjobs {arguments} {ending}"
    assert subprocess.run(line, shell=True, cwd=folder, timeout=60).returncode == status
