"""Every message of every example arrives byte for byte as `mailjobs render --run ID` prints it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from mailjobs.cli.main import mailjobs
from tests.examples.running import EXAMPLES
from tests.fixtures.lab import Lab
from tests.sandbox.process import MAILJOBS, running

ROWS = (("--row", "1"), ("--key", "2026-032"), ("--row", "3"))
JOBS: dict[str, tuple[tuple[str, ...], ...]] = {
    "ci-notification/job": ((),),
    "batch-from-csv/job": ROWS,
    "config-as-code/nightly": ((),),
    "config-as-code/release": ((),),
    "behind-a-proxy/job": ((),),
}
Call = Callable[..., bytes]


class Way(NamedTuple):
    """A server of the laboratory, and how it is spoken to. `auth` names a mechanism."""

    port: str
    server: str = "postfix"
    tls: str = "none"
    auth: str | None = None


WAYS = {
    "postfix": Way("P_SMTP"),
    "postfix-starttls": Way("P_SMTP", tls="starttls"),
    "postfix-implicit": Way("P_SMTPS", tls="implicit"),
    "postfix-bare": Way("P_BARE"),
    "submission-plain": Way("P_SUBMISSION", tls="starttls", auth="plain"),
    "submission-login": Way("P_SUBMISSION", tls="starttls", auth="login"),
    "exim": Way("P_EXIM", "exim", "starttls"),
    "exim-implicit": Way("P_EXIM_TLS", "exim", "implicit"),
    "sendmail": Way("P_SENDMAIL", "sendmail", "starttls"),
}


@pytest.fixture
def call(capfdbinary: pytest.CaptureFixture[bytes]) -> Call:
    """`mailjobs ARGUMENTS` in this process, which must succeed; what it printed."""

    def run(*arguments: str | Path) -> bytes:
        capfdbinary.readouterr()
        status = mailjobs([str(argument) for argument in arguments])
        out, err = capfdbinary.readouterr()
        assert (status, err) == (0, b""), out + err
        return out

    return run


def copied(job: str, folder: Path, box: str) -> Path:
    """The example's folder, copied, its rows written to the mailbox `box`."""
    path = shutil.copytree(EXAMPLES / Path(job).parent, folder, dirs_exist_ok=True) / f"{Path(job).name}.yaml"
    for rows in folder.glob("*.csv"):
        text = rows.read_text(encoding="utf-8")
        for name in ("ada", "juergen", "grace"):
            text = text.replace(f",{name}@example.com,", f",{box}+{name}@lab.test,")
        assert "@example.com" not in text
        rows.write_text(text, encoding="utf-8")
    return path


def extended(path: Path, lab: Lab, way: Way) -> Path:
    """A job that extends the one at `path`, with the authority of the laboratory and a login."""
    server = {"tls": {"mode": way.tls, "ca": {"file": str(lab.ca_file)}}}
    login = {"username": "alice", "password": {"env": "MAIL_PASSWORD"}, "mechanism": way.auth}
    job = {"version": 1, "extends": path.name, "server": {**server, "auth": login} if way.auth else server}
    changed = path.with_name("changed.yaml")
    changed.write_text(json.dumps(job), encoding="utf-8")
    return changed


@pytest.mark.parametrize("name", WAYS)
def test_what_arrives_is_what_render_prints(
    lab: Lab, box_name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: Call, name: str
) -> None:
    way = WAYS[name]
    box = lab.mailbox(box_name, way.server)
    variables = {
        "SMTP_HOST": "localhost" if way.tls == "implicit" else "127.0.0.1", "SMTP_PORT": str(lab.port(way.port)),
        "SMTP_TLS": way.tls, "MAIL_PASSWORD": "alice-secret", "NOTIFY": box.address, "RELEASE_MANAGER": box.address,
    }  # fmt: skip
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    sent: list[bytes] = []
    for job, rows in JOBS.items():
        path = copied(job, tmp_path / "example" / job, box_name)
        path = path if way.tls == "none" else extended(path, lab, way)
        run = json.loads(call("run", "--json", path))["run"]
        sent += [call("render", path, "--run", run, *row) for row in rows]
    mails = box.wait(len(sent))
    assert sorted(mail.as_sent() for mail in mails) == sorted(sent)
    traced = b"Authenticated sender: alice" if way.auth else b"Received: "
    assert all(traced in mail.raw for mail in mails)


@pytest.mark.parametrize("job", JOBS)
def test_what_the_sandbox_keeps_is_what_render_prints(tmp_path: Path, job: str) -> None:
    path = EXAMPLES / f"{job}.yaml"
    with running(tmp_path / "box") as sandbox:
        run = json.loads(printed(sandbox.port, "run", "--json", path))["run"]
        kept = [message.read_bytes() for message in sandbox.messages()]
        assert kept == [printed(sandbox.port, "render", path, "--run", run, *row) for row in JOBS[job]]


def printed(port: int, *arguments: str | Path) -> bytes:
    """What `mailjobs ARGUMENTS` prints in a process of its own, to the byte."""
    server = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(port), "SMTP_TLS": "none"}
    done = subprocess.run([*MAILJOBS, *map(str, arguments)], env={**os.environ, **server}, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout
