"""`mailjobs run`, `validate` and `render` as a user meets them: another process, its output, its exit status."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fixtures.running import command
from tests.fixtures.scripted import ScriptedServer
from tests.fixtures.sink import free_port

JOB = """\
version: 1
name: small
server: {{host: {host}, port: {port}, tls: none, hello: me}}
messages:
  m: {{from: a@x.test, to: b@x.test, subject: hi, text: "hello {{{{ vars.who }}}}"}}
vars: {{who: world}}
steps:
  - {{send: m, id: mail}}
  - {{command: NOOP, id: noop}}
"""
SCRIPT = """
    S: 220 ready
    C: EHLO me
    S: 250-here
    S: 250 PIPELINING
    C: MAIL FROM:<a@x.test>
    C: RCPT TO:<b@x.test>
    C: DATA
    S: 250 ok
    S: 250 ok
    S: 354 go
    C= content
    S: 250 taken
    C: NOOP
    S: 250 ok
    C: QUIT
    S: 221 bye
"""
Scripted = Callable[..., ScriptedServer]


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write the small job for a server; its path."""

    def job(port: int = 1, host: str = "127.0.0.1", text: str = JOB) -> Path:
        path = tmp_path / "job.yaml"
        path.write_text(text.format(port=port, host=host))
        return path

    return job


Write = Callable[..., Path]


def test_a_run_as_it_appears(scripted: Scripted, write: Write, tmp_path: Path) -> None:
    server = scripted(SCRIPT)
    done = command("run", write(server.port), "--report", tmp_path / "r.json", "--events", tmp_path / "e.jsonl")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    lines = done.stdout.splitlines()
    assert re.fullmatch(r"small \(run \d{8}T\d{6}Z-[0-9a-f]{8}\)", lines[0])
    assert lines[1:3] == ["ok      send m: 1 accepted", "ok      command NOOP: 250 ok"]
    assert re.fullmatch(r"ok      in \d+\.\d\d s, exit status 0", lines[3])
    report = json.loads((tmp_path / "r.json").read_text())
    assert [step["status"] for step in report["steps"]] == ["ok", "ok"]
    events = [json.loads(line) for line in (tmp_path / "e.jsonl").read_text().splitlines()]
    assert (events[0]["kind"], events[-1]["kind"]) == ("RunStarted", "RunFinished")
    assert server.contents[0].endswith(b"\r\n\r\nhello world\r\n")


def test_variables_settings_steps_and_standard_input(scripted: Scripted, write: Write) -> None:
    server = scripted(SCRIPT.replace("    C: NOOP\n    S: 250 ok\n", ""))
    text = write(1).read_text()
    done = command("run", "-", "--var", "who=you", "--set", f"server.port={server.port}", "--step", "mail", stdin=text)
    assert done.returncode == 0, done.stderr
    assert server.contents[0].endswith(b"hello you\r\n")


def test_the_trace_has_every_command_and_reply_and_no_content(scripted: Scripted, write: Write) -> None:
    done = command("run", "--trace", write(scripted(SCRIPT).port))
    said = [line.split(" ", 2)[2] for line in done.stderr.splitlines()]
    assert said == [
        "S: 220 ready", "C: EHLO me", "S: 250-here", "S: 250 PIPELINING", "-- connected 127.0.0.1:" + str(_port(said)),
        "C: MAIL FROM:<a@x.test>", "C: RCPT TO:<b@x.test>", "C: DATA", "S: 250 ok", "S: 250 ok", "S: 354 go",
        said[11], "S: 250 taken", "C: NOOP", "S: 250 ok", "C: QUIT", "S: 221 bye", "-- disconnected",
    ]  # fmt: skip
    assert re.fullmatch(r"-- \(\d+ bytes of content\)", said[11])
    assert "hello" not in done.stderr


def _port(said: list[str]) -> int:
    return int(next(line for line in said if "connected" in line).rpartition(":")[2])


def test_json_is_all_that_is_printed(scripted: Scripted, write: Write) -> None:
    done = command("run", "--json", write(scripted(SCRIPT).port))
    assert json.loads(done.stdout)["exit_status"] == 0


def test_a_dry_run_connects_to_nothing(write: Write) -> None:
    done = command("run", "--dry-run", write(1))
    assert done.returncode == 0, done.stderr
    assert "would send" in done.stdout
    assert "would say NOOP" in done.stdout


def test_jobs_run_in_order_until_one_fails(write: Write, tmp_path: Path) -> None:
    first = write(free_port())
    second = tmp_path / "second.yaml"
    second.write_text(first.read_text().replace("small", "second"))
    done = command("run", first, second)
    assert done.returncode == 75
    assert "second" not in done.stdout


@pytest.mark.parametrize(
    ("host", "status", "words"),
    [
        ("127.0.0.1", 75, "Connection refused"),
        ("no-such-host.invalid", 68, "no-such-host.invalid"),
        ("0.0.0.0", 68, "0.0.0.0"),
    ],
)
def test_where_no_server_is(write: Write, host: str, status: int, words: str) -> None:
    done = command("run", write(free_port(), host))
    if "name service does not answer" in done.stdout:
        status = 75  # a machine without a network cannot know
    assert done.returncode == status, done.stdout
    assert words in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


WRONG = {
    "text: {{file: no.txt}}": (66, "no.txt"),
    'text: "{{{{ vars.nobody }}}}"': (65, "'vars.nobody' is undefined"),
    'text: "{{{{ row.x }}}}"': (65, "'row.x' is undefined"),
    'text: "{{% if %}}"': (65, "template"),
    'to: "b@x.test\\r\\nBcc: c@x.test"': (65, "job.yaml:"),
    "to: nobody": (65, "has no @"),
    "subjct: x": (65, "did you mean 'subject'?"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_told_before_anything_is_sent(write: Write, tmp_path: Path, wrong: str) -> None:
    status, words = WRONG[wrong]
    key = wrong.split(":")[0]
    given = {"text": 'text: "hello {{{{ vars.who }}}}"', "to": "to: b@x.test", "subjct": "subject: hi"}[key]
    path = write(1, text=JOB.replace(given, wrong))
    for arguments in (["run"], ["run", "--dry-run"], ["validate"], ["render"]):
        done = command(*arguments, path)
        assert done.returncode == status, (arguments, done.stdout, done.stderr)
        assert words in done.stderr
        assert f"{path}:5:" in done.stderr
        assert "Traceback" not in done.stderr
        assert done.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["run", "no.yaml"], 66, "no.yaml"),
        (["run"], 64, "JOB"),
        (["rum"], 64, "rum"),
        (["run", "job.yaml", "--report", "r.txt"], 64, ".json"),
        (["run", "job.yaml", "--report", "no/r.json"], 73, "no"),
        (["run", "job.yaml", "--events", "no/e"], 73, "no/e"),
        (["run", "job.yaml", "--step", "x"], 64, "mail, noop"),
        (["run", "job.yaml", "--var", "x"], 64, "NAME=VALUE"),
        (["run", "job.yaml", "--set", "server.hots=x"], 64, "host"),
        (["render", "job.yaml", "--message", "x"], 64, "it has: m"),
        (["render", "job.yaml", "--row", "1"], 64, "not sent for rows"),
        (["render", "job.yaml", "--run", "x"], 64, "no run id"),
        (["render", "job.yaml", "--html"], 64, "no html body"),
    ],
)
def test_a_command_that_cannot_be_carried_out(
    write: Write, tmp_path: Path, arguments: list[str], status: int, words: str
) -> None:
    write(1)
    done = command(*arguments, cwd=tmp_path)
    assert done.returncode == status, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_secret_is_told_before_anybody_is_asked(write: Write) -> None:
    text = JOB.replace("tls: none, hello: me", "auth: {{username: me, password: {{env: NO_SUCH_SECRET}}}}")
    done = command("run", write(1, text=text))
    assert done.returncode == 78
    assert "NO_SUCH_SECRET" in done.stdout + done.stderr


def test_render_again_gives_the_same_bytes(write: Write) -> None:
    run = "20260301T212452Z-5f0c9a12"
    first, again = (command("render", write(1), "--run", run) for _ in range(2))
    assert first.stdout == again.stdout
    assert "Date: Sun, 01 Mar 2026 21:24:52 +0000" in first.stdout
    assert command("render", write(1), "--run", run + "x").stdout != first.stdout
    parts = json.loads(command("render", write(1), "--run", run, "--json").stdout)
    assert parts["recipients"] == [{"address": "b@x.test", "kind": "to", "name": ""}]
    assert command("render", write(1), "--text").stdout == "hello world\n"
    headers = command("render", write(1), "--run", run, "--headers").stdout
    assert first.stdout.startswith(headers)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_writes_its_report(
    scripted: Scripted, write: Write, tmp_path: Path, number: signal.Signals, status: int
) -> None:
    server = scripted("S: 220 ready\nC: EHLO me\nS! silence")
    report = tmp_path / "r.json"
    arguments = [sys.executable, "-m", "mailjobs", "run", str(write(server.port)), "--report", str(report)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert server.silent.wait(20)
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert process.returncode == status, out + err
    assert "Traceback" not in out + err
    assert json.loads(report.read_text())["exit_status"] == status


def test_nobody_reading_is_no_traceback(write: Write) -> None:
    done = subprocess.run(
        f"{sys.executable} -m mailjobs run --dry-run {write(1)} | head -c 1", shell=True, capture_output=True, text=True
    )
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_help_and_version_import_no_more_than_click() -> None:
    code = """if True:
        import sys
        from mailjobs.cli.main import mailjobs
        mailjobs(['--help'])
        heavy = ('yaml', 'jinja2', 'jsonschema', 'OpenSSL', 'rich', 'ssl', 'asyncio', 'mailjobs.model')
        print([name for name in heavy if name in sys.modules])
    """
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("option", ["--events", "--trace"])
def test_a_record_that_cannot_be_kept_stops_no_mail(
    scripted: Scripted, write: Write, tmp_path: Path, option: str
) -> None:
    server = scripted(SCRIPT)
    done = command("run", write(server.port), f"{option}=/dev/full")
    assert (done.returncode, "1 accepted" in done.stdout) == (74, True)
    assert done.stderr.splitlines()[-1] == "mailjobs: cannot write /dev/full: No space left on device"


@pytest.mark.parametrize("ending", [">/dev/full", ">&-", "2>&- >&- <&-", "| head -c 0"])
@pytest.mark.parametrize("arguments", ["--version", "run {job}", "render {job}", "validate {job}"])
def test_output_that_goes_nowhere_is_no_bug(write: Write, ending: str, arguments: str) -> None:
    line = f"{sys.executable} -m mailjobs {arguments.format(job=write(1))} {ending}"
    done = subprocess.run(line, shell=True, capture_output=True, text=True, timeout=60)
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr
    assert ending != ">/dev/full" or done.returncode in (74, 75)
