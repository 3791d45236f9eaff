"""The sandbox as a process: what it takes, keeps, prints, and how it ends."""

from __future__ import annotations

import json
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailjobs.errors import SetupError, TransportError, UsageError
from mailjobs.sandbox import serve
from mailjobs.sandbox.server import _cannot_listen
from tests.sandbox.process import MAILJOBS, Sandbox, running

SENDER, TO = "a@example.com", "b@example.com"


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with running(tmp_path / "box") as started:
        yield started


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[smtplib.SMTP]:
    with smtplib.SMTP("127.0.0.1", sandbox.port, timeout=20) as connected:
        connected.ehlo()
        yield connected


def out_of_reach(seen: object) -> None:
    raise AssertionError(f"nothing should be seen: {seen}")


def test_the_first_line_says_where_it_listens_and_keeps(sandbox: Sandbox):
    place = f"smtp://127.0.0.1:{sandbox.port}, keeping messages in {sandbox.directory}/"
    assert sandbox.first == f"sandbox: {place} (Ctrl-C ends it)"


def test_a_message_is_kept_exactly_and_told(sandbox: Sandbox, client: smtplib.SMTP):
    content = b"Subject: Build 7\r\n\r\n.dots\r\n..more\r\n8 bit \xc3\xbc\xff\r\n"
    client.sendmail(SENDER, [TO, "c@example.com"], content)
    assert sandbox.line() == f'0001  {SENDER} -> {TO}, c@example.com  "Build 7"  {len(content)} B'
    assert [path.read_bytes() for path in sandbox.messages()] == [content]
    envelope = sandbox.envelope(1)
    assert (envelope["from"], envelope["to"]) == (SENDER, [TO, "c@example.com"])
    assert envelope["peer"] == f"127.0.0.1:{client.sock.getsockname()[1]}"


def test_the_reply_to_the_final_dot_names_the_file(client: smtplib.SMTP):
    client.mail("")
    client.rcpt(TO)
    assert client.data(b"Subject: x\r\n\r\n.\r\n") == (250, b"2.0.0 kept as 0001-x.eml")


def test_it_offers_what_the_documentation_says(client: smtplib.SMTP):
    assert {**client.esmtp_features} == {"size": "50000000", "8bitmime": "", "smtputf8": "", "help": ""}


def test_smtputf8_addresses_are_kept(sandbox: Sandbox, client: smtplib.SMTP):
    client.sendmail("jürgen@example.com", ["δοκιμή@example.com"], b"\r\nx\r\n", ["SMTPUTF8", "BODY=8BITMIME"])
    assert sandbox.line().startswith("0001  jürgen@example.com -> δοκιμή@example.com  ")
    assert sandbox.envelope(1)["to"] == ["δοκιμή@example.com"]


def test_vrfy_promises_nothing_and_expn_is_not_there(client: smtplib.SMTP):
    assert client.verify(TO)[0] == 252
    assert client.expn("team")[0] == 502


def test_what_a_client_says_wrong_is_answered_and_not_printed(sandbox: Sandbox):
    with socket.create_connection(("127.0.0.1", sandbox.port)) as raw, raw.makefile("rb") as replies:
        raw.sendall(b"BOGUS\r\nEHLO x\r\nMAIL FROM:<\xff@example.com> SMTPUTF8\r\nRCPT TO:<b@example.com>\r\nDATA\r\n")
        raw.sendall(b"Subject: \xff\r\n\r\n.\r\nQUIT\r\n")
        codes = [line[:3] for line in replies if line[3:4] == b" "]
    assert codes == [b"220", b"500", b"250", b"250", b"250", b"354", b"250", b"221"]
    assert sandbox.line().startswith("0001  ")
    assert sandbox.envelope(1)["from"] == "\udcff@example.com"
    assert sandbox.stop() == (0, "", "")


def test_json_lines(tmp_path: Path):
    with running(tmp_path, "--json") as sandbox:
        assert json.loads(sandbox.first)["port"] == sandbox.port
        with smtplib.SMTP("127.0.0.1", sandbox.port) as client:
            client.sendmail(SENDER, TO, b"Subject: x\r\n\r\n")
        told = json.loads(sandbox.line())
    assert (told["kind"], told["number"], told["from"], told["to"]) == ("kept", 1, SENDER, [TO])


def test_numbers_go_on_in_the_next_run(tmp_path: Path):
    for number in ("0001", "0002"):
        with running(tmp_path) as sandbox, smtplib.SMTP("127.0.0.1", sandbox.port) as client:
            client.sendmail(SENDER, TO, b"\r\n")
            assert sandbox.line().startswith(number)
    assert len(list(tmp_path.glob("*.eml"))) == 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly_even_amid_a_message(sandbox: Sandbox, number: int):
    with socket.create_connection(("127.0.0.1", sandbox.port)) as idle, smtplib.SMTP("127.0.0.1", sandbox.port) as busy:
        assert idle.recv(100).startswith(b"220 ")
        busy.ehlo()
        busy.mail(SENDER)
        busy.rcpt(TO)
        assert busy.docmd("DATA")[0] == 354
        busy.send(b"Subject: half\r\n")
        assert sandbox.stop(number) == (0, "", "")
        busy.close()
    assert sandbox.messages() == []


def test_a_message_that_cannot_be_kept_is_deferred(sandbox: Sandbox, client: smtplib.SMTP):
    sandbox.directory.rmdir()
    client.mail(SENDER)
    client.rcpt(TO)
    code, words = client.data(b"\r\n")
    assert (code, words[:9]) == (452, b"4.3.1 can")
    assert sandbox.line().startswith("not kept: ")


def test_starttls_with_the_authority_it_wrote_and_any_login(tmp_path: Path):
    with running(tmp_path, "--tls") as sandbox:
        assert f"STARTTLS with {tmp_path}/ca.pem" in sandbox.first
        for host in ("127.0.0.1", "localhost"):
            with smtplib.SMTP(host, sandbox.port) as client:
                client.starttls(context=ssl.create_default_context(cafile=str(tmp_path / "ca.pem")))
                assert client.login("anybody", "anything")[0] == 235
                client.sendmail(SENDER, TO, b"Subject: secured\r\n\r\n")
            assert '"secured"' in sandbox.line()
        assert sandbox.stop() == (0, "", "")


def test_without_tls_nothing_is_offered_to_log_in_with(client: smtplib.SMTP):
    assert not client.has_extn("auth")
    assert not client.has_extn("starttls")


def test_a_port_in_use_is_an_error_with_a_way_out(sandbox: Sandbox, tmp_path: Path):
    with pytest.raises(TransportError, match=r"port \d+: .*EADDRINUSE.*--port 0"):
        serve(tmp_path, port=sandbox.port, out=out_of_reach)


def test_on_the_command_line_a_port_in_use_exits_75(sandbox: Sandbox, tmp_path: Path):
    command = [*MAILJOBS, "sandbox", str(tmp_path), "--port", str(sandbox.port)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (75, "")
    assert "EADDRINUSE" in done.stderr


def test_a_privileged_port_says_so():
    error = _cannot_listen(PermissionError(13, "Permission denied"), "127.0.0.1", 25)
    assert "ports below 1024 are root's" in str(error)
    assert not error.temporary


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.com", ""])
def test_it_listens_on_loopback_only(tmp_path: Path, host: str):
    with pytest.raises(UsageError, match="loopback only"):
        serve(tmp_path, host, out=out_of_reach)


def test_without_aiosmtpd_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "aiosmtpd.smtp", None)
    with pytest.raises(SetupError, match=r"pip install 'mailjobs\[sandbox\]'"):
        serve(tmp_path / "never", out=out_of_reach)
    assert not (tmp_path / "never").exists()


def test_when_nobody_reads_its_output_it_ends(tmp_path: Path):
    with running(tmp_path) as sandbox, smtplib.SMTP("127.0.0.1", sandbox.port) as client:
        assert sandbox.process.stdout
        assert sandbox.process.stderr
        sandbox.process.stdout.close()
        client.sendmail(SENDER, TO, b"\r\n")
        assert sandbox.process.stderr.read() == ""
        assert sandbox.process.wait(timeout=20) != 0
    assert len(list(tmp_path.glob("*.eml"))) == 1
