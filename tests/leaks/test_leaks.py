"""Nothing secret is left behind by a run that fails: each mechanism, each way to fail, each encoding."""

from __future__ import annotations

import base64
import json
import os
import sys
from base64 import b64decode
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from mailjobs.cli.main import mailjobs
from mailjobs.errors import SetupError
from mailjobs.report.files import FORMATS
from mailjobs.sasl import MECHANISMS, Mechanism
from mailjobs.smtp import Auth, AuthResponse
from tests.fixtures.echoing import MANNERS, EchoingServer
from tests.fixtures.lab import Lab
from tests.fixtures.running import command
from tests.fixtures.scripted import TlsFiles
from tests.fixtures.tokens import TokenEndpoint
from tests.leaks.forms import CLIENT_SECRET, PASSWORD, REFRESH_TOKEN, TOKEN, USER, forms, leaks, left_behind

SECRETS = (PASSWORD, TOKEN, CLIENT_SECRET, REFRESH_TOKEN)
BY_TOKEN = ("XOAUTH2", "OAUTHBEARER")
# The child shows what it can see of itself and of us, then prints the secret.
CHILD = """
import os, sys
for name in ("environ", "cmdline"):
    open(sys.argv[1] + "." + name, "ab").write(open(f"/proc/self/{name}", "rb").read())
for name in ("cmdline", "limits"):
    open(sys.argv[1] + ".parent-" + name, "ab").write(open(f"/proc/{os.getppid()}/{name}", "rb").read())
print(open(sys.argv[2], encoding="utf-8").read(), end="")
"""


def installed() -> list[str]:
    """The mechanisms that a secret goes into, as far as their packages are there."""
    found = []
    for name, kind in MECHANISMS.items():
        try:
            kind.check_installed()
        except SetupError:
            continue
        if kind.needs & {"password", "token"} or name == "GSSAPI":
            found.append(name)
    return found


LOGINS = installed()


def source(folder: Path, kind: str, name: str) -> dict[str, Any] | str:
    """Where a secret is to be found: in a variable, a file, what a program prints, or the job itself."""
    file = folder / "secrets" / name
    if kind == "text":
        return file.read_text()
    if kind == "env":
        os.environ[name] = file.read_text()
    child = [sys.executable, "-c", CHILD, str(folder / f"seen-{name}"), str(file)]
    return {"env": {"env": name}, "file": {"file": str(file)}, "command": {"command": child}}[kind]


def auth(folder: Path, mechanism: str, kind: str) -> dict[str, Any]:
    key, name = ("token", "TOKEN") if mechanism in BY_TOKEN else ("password", "PASSWORD")
    return {"username": USER, "mechanism": mechanism.lower(), key: source(folder, kind, name)}


def job(folder: Path, ca: Path, logins: Sequence[tuple[int, dict[str, Any]]], mode: str = "implicit") -> Path:
    """A job that tries each login at its port, and goes on after failures; the last step sends a batch by the first."""
    servers = {
        f"s{number}": {"host": "localhost", "port": port, "tls": {"mode": mode, "ca": {"file": str(ca)}}, "auth": login}
        for number, (port, login) in enumerate(logins)
    }
    rows = [sys.executable, "-c", CHILD, str(folder / "seen-rows"), str(folder / "rows.csv")]
    (folder / "rows.csv").write_text("n,to\n1,alice@lab.test\n2,alice@lab.test\n")
    batch = {"message": "m", "for_each": "rows", "again": True, "processes": 2}
    connects = [{"connect": True, "server": name, "continue_on_error": True} for name in servers]
    whole = {
        "version": 1,
        "servers": servers,
        "data": {"rows": {"command": rows, "format": "csv", "key": "n"}},
        "messages": {"m": {"from": "alice@lab.test", "to": "{{ row.to }}", "subject": "{{ row.n }}", "text": "t"}},
        "steps": [*connects, {"send": batch, "server": "s0"}],
    }
    (folder / "job.yaml").write_text(json.dumps(whole))
    return folder / "job.yaml"


@pytest.fixture
def folder(tmp_path: Path, cache_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a run leaves what it leaves, with the secrets in files; variables are set where a job names them."""
    (tmp_path / "secrets").mkdir(mode=0o700)
    for name, value in zip(("PASSWORD", "TOKEN", "CLIENT_SECRET", "REFRESH_TOKEN"), SECRETS, strict=True):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
        (tmp_path / "secrets" / name).write_text(value)
        (tmp_path / "secrets" / name).chmod(0o600)
    return tmp_path


def run(folder: Path, path: Path, number: int = 0) -> list[tuple[str, str]]:
    """Run the job with everything that records, and read what is left. `number` chooses the format of the report."""
    suffix = list(FORMATS)[number % len(FORMATS)]
    records = [f"--trace={folder / 'trace'}", "--events", folder / "events", "--report", folder / f"report{suffix}"]
    told = {"GITHUB_STEP_SUMMARY": str(folder / "summary"), "GITHUB_OUTPUT": str(folder / "outputs")}
    done = command("run", path, "-v", *records, cwd=folder, GITHUB_ACTIONS="true", **told)
    assert done.returncode not in (0, 65, 70, 78), done.stdout + done.stderr
    found = [("stdout", done.stdout), ("stderr", done.stderr), *left_behind(folder)]
    names = " ".join(name for name, _ in found)
    assert [name for name in ("trace", "events", "report", ".mailjobs") if name not in names] == []
    return found


def wanted() -> set[str]:
    return set().union(*map(forms, SECRETS))


@pytest.mark.parametrize(("kinds", "manners"), [(("env", "text"), MANNERS[:3]), (("file", "text"), MANNERS[3:])])
def test_nothing_is_left_where_the_server_is_as_bad_as_it_can_be(
    folder: Path,
    echoing: Callable[..., EchoingServer],
    tls_files: TlsFiles,
    kinds: Sequence[str],
    manners: Sequence[str],
) -> None:
    servers = [echoing(manner, SECRETS, LOGINS) for manner in manners]
    logins = [
        (server.port, auth(folder, name, kinds[number % 2])) for server in servers for number, name in enumerate(LOGINS)
    ]
    logins[0] = (servers[0].port, auth(folder, "PLAIN", "command"))
    found = run(folder, job(folder, tls_files.ca, logins), ("env", "file").index(kinds[0]))
    trace = (folder / "trace").read_text()
    expected = [name for name in LOGINS if name != "GSSAPI"]
    assert [name for name in expected if trace.count(f"AUTH {name}") < len(manners) - 1] == []
    for server in servers:
        assert len(server.heard) >= len(expected), "every mechanism came to say its secret"
    said = {line for server in servers for line in server.heard if len(line) > 12}
    decoded = {b64decode(line).decode("utf-8", "replace") for line in said} - {USER}
    assert leaks(found, wanted() | said | decoded) == []


def test_nothing_is_left_by_a_wrong_password_at_real_servers(folder: Path, lab: Lab) -> None:
    """Of each kind one, since each costs half a second there."""
    at = {"SCRAM-SHA-512": "P_CYRUS"}
    names = ["SCRAM-SHA-512", "OAUTHBEARER", "DIGEST-MD5", "PLAIN"]
    logins = [(lab.port(at.get(name, "P_SUBMISSION")), auth(folder, name, "env")) for name in names]
    found = run(folder, job(folder, lab.ca_file, logins, "starttls"), 2)
    trace = (folder / "trace").read_text()
    assert [name for name in names if f"AUTH {name}" not in trace] == []
    assert leaks(found, wanted()) == []


def test_nothing_is_left_of_what_tokens_are_asked_for_with(
    folder: Path, lab: Lab, token_endpoint: Callable[..., TokenEndpoint]
) -> None:
    """A token that the server refuses; an endpoint that refuses and echoes; one that hangs up; one that is garbage."""
    logins = []
    endpoints = []
    for number in range(4):
        endpoint = token_endpoint(
            client_secret=CLIENT_SECRET, refresh_token=REFRESH_TOKEN, lives=-60, said=3600, rotates=True
        )
        echo = f"{REFRESH_TOKEN} {CLIENT_SECRET} {sorted(forms(CLIENT_SECRET))}"
        bad = [
            None,
            (400, {"error": "invalid_grant", "error_description": echo}, {}),
            lambda handler, echo=echo: handler.wfile.write(f"{echo}\r\n".encode()),
            (200, {"access_token": f"{REFRESH_TOKEN} {CLIENT_SECRET}"}, {}),
        ][number]
        endpoint.answers += [bad] if bad else []
        oauth2 = {
            "token_url": endpoint.url, "client_id": "mailjobs", "client_secret": source(folder, "env", "CLIENT_SECRET"),
            "refresh_token": source(folder, "command", "REFRESH_TOKEN"),
            "client_authentication": "basic" if number % 2 else "post",
        }  # fmt: skip
        logins.append((lab.port("P_SUBMISSION"), {"username": USER, "oauth2": oauth2}))
        endpoints.append(endpoint)
    found = run(folder, job(folder, lab.ca_file, logins, "starttls"))
    assert all(endpoint.requests for endpoint in endpoints)
    given = [token for endpoint in endpoints for token in (*endpoint.given, endpoint.refresh_token)]
    assert len(given) > len(endpoints)
    assert leaks(found, wanted().union(*map(forms, given))) == []


def test_children_see_no_secret_but_what_they_print(
    folder: Path, echoing: Callable[..., EchoingServer], tls_files: TlsFiles
) -> None:
    port = echoing("echo", SECRETS, LOGINS).port
    ways = (("PLAIN", "command"), ("XOAUTH2", "env"), ("CRAM-MD5", "env"))
    logins = [(port, auth(folder, name, kind)) for name, kind in ways]
    os.environ["CLIENT_SECRET"] = CLIENT_SECRET
    run(folder, job(folder, tls_files.ca, logins))
    seen = {path.name: path.read_bytes().decode() for path in folder.glob("seen-*")}
    for name in ("seen-PASSWORD", "seen-rows"):
        assert {f"{name}.{what}" for what in ("environ", "cmdline", "parent-cmdline", "parent-limits")} <= seen.keys()
    (core,) = {
        line.split()[4] for line in seen["seen-PASSWORD.parent-limits"].splitlines() if line.startswith("Max core")
    }
    assert core == "0", "a crash leaves no memory behind"
    assert "PATH=" in seen["seen-rows.environ"]
    assert "CLIENT_SECRET=" in seen["seen-rows.environ"], "which this job does not name as a secret"
    for name in ("seen-PASSWORD.environ", "seen-rows.environ"):
        assert "\0PASSWORD=" not in seen[name]
        assert "\0TOKEN=" not in seen[name]
    assert leaks(list(seen.items()), forms(PASSWORD) | forms(TOKEN)) == []


BUGS = {
    "words": "raise KeyError(value)",
    "base64": "raise RuntimeError(base64.b64encode(f'user={value}'.encode()))",
    "bytes": "raise RuntimeError(repr(value.encode()))",
    "cause": "raise RuntimeError('a bug') from ValueError(value)",
    "context": "{}[value]",
    "note": "error = RuntimeError('a bug'); error.add_note(value); raise error",
    "locals": "raise RuntimeError('a bug')",
    "repr": "raise RuntimeError(f'{self!r} {self.credentials!r} {vars(self)!r} {commands!r}')",
}


@pytest.mark.parametrize("bug", BUGS)
def test_the_report_of_a_bug_holds_no_secret(
    folder: Path, echoing: Callable[..., EchoingServer], tls_files: TlsFiles, monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str], bug: str,
) -> None:  # fmt: skip
    original = Mechanism.secret

    def buggy(self: Mechanism, what: str = "password") -> str:
        value = original(self, what)
        commands = [Auth("PLAIN", value.encode()), AuthResponse(value.encode())]
        exec(BUGS[bug], {"base64": base64, "self": self, "value": value, "commands": commands})
        return value

    monkeypatch.setattr(Mechanism, "secret", buggy)
    server = echoing("echo", SECRETS, LOGINS)
    path = job(folder, tls_files.ca, [(server.port, auth(folder, "PLAIN", "env"))])
    assert mailjobs(["run", str(path), "--trace", f"--events={folder / 'events'}"]) == 70
    out, err = capfd.readouterr()
    assert "this is a bug in mailjobs" in err
    assert "in buggy" in err, "what led there is shown"
    assert leaks([("stdout", out), ("stderr", err), *left_behind(folder)], wanted()) == []


def test_the_search_finds_what_it_looks_for(folder: Path) -> None:
    """Each form of each secret, put into a file, is found."""
    for secret in SECRETS:
        for form in forms(secret):
            (folder / "left").write_text(f"before {form} after")
            assert leaks(left_behind(folder), {form}) == [(str(folder / "left"), form)]
