"""`--ask-pass`: a person at a terminal, or none."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

from mailjobs.cli.main import mailjobs
from tests.fixtures.lab import Lab
from tests.fixtures.readable import readable
from tests.fixtures.scripted import TlsFiles

JOB = """\
version: 1
server:
  host: localhost
  port: {port}
  tls: {{ca: {{file: "{ca}"}}}}
  auth: {{username: alice{more}}}
steps: [connect: true]
"""
PATIENCE = 30  # seconds until a terminal that says nothing is a failure


def job(folder: Path, port: int = 1, ca: Path | str = "ca.pem", more: str = "") -> Path:
    path = folder / "job.yaml"
    (folder / "ca.pem").write_text("")
    path.write_text(JOB.format(port=port, ca=ca, more=more))
    return path


def typed(answers: list[str], *arguments: str | Path, stdin: bytes | None = None) -> tuple[int, str]:
    """Run the command on a terminal of its own, where each prompt gets the next answer; status, and what was shown."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-c", "import fcntl, os, sys, termios; fcntl.ioctl(2, termios.TIOCSCTTY, 0);"
         "os.execv(sys.executable, [sys.executable, '-m', 'mailjobs', *sys.argv[1:]])", *map(str, arguments)],
        stdin=theirs if stdin is None else subprocess.PIPE, stdout=theirs, stderr=theirs, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    if child.stdin is not None:
        child.stdin.write(stdin or b"")
        child.stdin.close()
    shown, waiting, end = b"", list(answers), time.monotonic() + PATIENCE
    while readable([ours], max(end - time.monotonic(), 0)):
        try:
            data = os.read(ours, 4096)
        except OSError:  # EIO: the other side is closed
            break
        shown += data
        if shown.endswith(b": ") and waiting and not echoes(ours):
            os.write(ours, waiting.pop(0).encode() + b"\n")
    os.close(ours)
    return child.wait(PATIENCE), shown.decode()


def echoes(terminal: int) -> bool:
    return bool(termios.tcgetattr(terminal)[3] & termios.ECHO)


def test_the_password_is_asked_for_and_not_shown(lab: Lab, tmp_path: Path) -> None:
    path = job(tmp_path, lab.port("P_SUBMISSION"), lab.ca_file)
    status, shown = typed(["alice-secret"], "run", path, "--ask-pass", "-v")
    assert status == 0, shown
    assert "Password of alice at localhost: " in shown
    assert "alice-secret" not in shown


def test_what_is_typed_goes_before_what_the_job_says(lab: Lab, tmp_path: Path) -> None:
    more = ", password: {command: [touch, mark]}"
    path = job(tmp_path, lab.port("P_SUBMISSION"), lab.ca_file, more)
    status, shown = typed(["wrong"], "run", path, "--ask-pass", "-v", "--trace")
    assert status == 77, shown
    assert "wrong" not in shown
    assert not (tmp_path / "mark").exists()


def test_the_job_may_come_from_standard_input_meanwhile(lab: Lab, tmp_path: Path) -> None:
    text = job(tmp_path, lab.port("P_SUBMISSION"), lab.ca_file).read_bytes()
    status, shown = typed(["alice-secret"], "run", "-", "--ask-pass", stdin=text)
    assert status == 0, shown


def test_no_answer_is_an_error(tmp_path: Path, tls_files: TlsFiles) -> None:
    status, shown = typed([""], "run", job(tmp_path, ca=tls_files.ca), "--ask-pass")
    assert status == 78
    assert "no answer to 'Password of alice at localhost'" in shown


def test_without_a_terminal_nobody_is_asked(tmp_path: Path, tls_files: TlsFiles) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mailjobs", "run", job(tmp_path, ca=tls_files.ca), "--ask-pass"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, start_new_session=True, timeout=PATIENCE,
    )  # fmt: skip
    assert done.returncode == 78
    assert "--ask-pass needs a terminal" in done.stdout + done.stderr


@pytest.mark.parametrize("arguments", [["validate"], ["plan"], ["run", "--dry-run"]])
def test_nobody_is_asked_and_nothing_is_run_where_nobody_logs_in(
    tmp_path: Path, tls_files: TlsFiles, arguments: list[str]
) -> None:
    path = job(tmp_path, ca=tls_files.ca, more=f", password: {{command: [touch, {tmp_path / 'mark'}]}}")
    assert mailjobs([*arguments, str(path)]) == 0
    assert mailjobs([*arguments, str(path), "--ask-pass"]) == 0
    path = job(tmp_path, ca=tls_files.ca, more=f", oauth2: {{command: [touch, {tmp_path / 'mark'}]}}")
    assert mailjobs([*arguments, str(path)]) == 0
    assert not (tmp_path / "mark").exists()


def test_without_the_option_a_password_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert mailjobs(["validate", str(job(tmp_path))]) == 65
    told = " ".join(capsys.readouterr().err.split())
    assert "missing key 'password'" in told
    assert "`--ask-pass` asks for it" in told


@pytest.mark.parametrize(
    "more", [", mechanism: xoauth2, token: {env: T}", ", oauth2: {command: [x]}", ", mechanism: anonymous"]
)
def test_an_option_that_asks_for_nothing_is_told(
    tmp_path: Path, tls_files: TlsFiles, capsys: pytest.CaptureFixture[str], more: str
) -> None:
    path = job(tmp_path, ca=tls_files.ca, more=more)
    assert mailjobs(["validate", str(path), "--ask-pass"]) == 0
    assert "--ask-pass asks for nothing" in capsys.readouterr().err


@pytest.mark.parametrize(
    "setting",
    [
        "server.auth.password=hunter2",
        "server.auth={username: u, password: hunter2}",
        "server.auth.token=hunter2",
        "server.auth.oauth2.refresh_token=hunter2",
        "server.auth.oauth2={client_secret: hunter2}",
        "server.auth.oauth2.service_account.key=hunter2",
    ],
)
def test_no_secret_is_taken_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], setting: str
) -> None:
    assert mailjobs(["run", str(job(tmp_path)), "--set", setting]) == 64
    told = "".join(capsys.readouterr())
    assert "a secret cannot be given on the command line" in told
    assert "hunter2" not in told


def test_no_option_takes_a_password(capsys: pytest.CaptureFixture[str]) -> None:
    from mailjobs.cli.main import COMMANDS

    for name in COMMANDS:
        mailjobs([name, "--help"])
    told = capsys.readouterr().out.lower()
    assert "--ask-pass " in told
    assert not [word for word in ("--password ", "--password=", "--pass ", "--token", "--secret") if word in told]
