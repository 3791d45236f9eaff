"""Everybody is accounted for, also those to whom nothing could be sent; and what servers echo is told to nobody."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests.fixtures.running import run_text
from tests.fixtures.scripted import ScriptedServer

Scripted = Callable[..., ScriptedServer]
MESSAGE = "messages: {m: {from: a@x.test, to: '{{ row.to }}', subject: s, text: x}}\n"


def test_where_nobody_listens_nobody_was_attempted() -> None:
    text = "server: {host: 127.0.0.1, port: 1, tls: none}\nsteps: [{send: m}]\n" + MESSAGE.replace(
        "{{ row.to }}", "b@x.test, c@x.test"
    )
    record, _ = run_text(text)
    (step,) = record.steps
    assert [one["state"] for one in step.result["recipients"]] == ["not-attempted", "not-attempted"]
    assert (step.error is not None, record.exit_status) == (True, 75)


def test_rows_behind_a_server_that_is_gone_are_counted(scripted: Scripted, tmp_path: Path) -> None:
    server = scripted("""
        S: 220 ready
        C: EHLO me
        S: 250 here
        C: MAIL FROM:<a@x.test>
        S: 250 ok
        C: RCPT TO:<r1@x.test>
        S: 250 ok
        C: DATA
        S: 354 go
        C= content
        S: 250 taken
        C: MAIL FROM:<a@x.test>
        S: 421 going down
        S! close
    """)
    (tmp_path / "rows.csv").write_text("to\n" + "".join(f"r{number}@x.test\n" for number in range(1, 6)))
    text = f"""
server: {{host: 127.0.0.1, port: {server.port}, tls: none, hello: me}}
data: {{rows: {{csv: rows.csv, key: to}}}}
steps: [{{send: {{message: m, for_each: rows}}}}]
{MESSAGE}"""
    record, _ = run_text(text, folder=tmp_path)
    totals = record.steps[0].result["totals"]
    assert (totals["accepted"], sum(totals.values()), record.exit_status) == (1, 5, 75)


def test_what_a_server_echoes_of_a_login_stands_nowhere(scripted: Scripted, tls_files, tmp_path: Path) -> None:
    server = scripted("""
        S: 220 ready
        C: EHLO me
        S: 250-here
        S: 250 STARTTLS
        C: STARTTLS
        S: 220 go
        S! starttls
        C: EHLO me
        S: 250-here
        S: 250 AUTH PLAIN
        C: AUTH PLAIN re:.*
        S: 235 welcome hunter2, your password is hunter2
        C: QUIT
        S: 221 bye
    """)
    (tmp_path / "pw").write_text("hunter2\n")
    (tmp_path / "pw").chmod(0o600)
    text = f"""
server:
  host: localhost
  port: {server.port}
  hello: me
  tls: {{mode: starttls, ca: {{file: "{tls_files.ca}"}}}}
  auth: {{username: u, password: {{file: pw}}}}
steps: [{{id: c, connect: true}}]
"""
    record, listen = run_text(text, folder=tmp_path)
    assert record.exit_status == 0, record.as_dict()
    told = json.dumps(record.as_dict(), default=str) + repr(listen.heard)
    assert "hunter2" not in told


def test_nothing_more_is_awaited_behind_an_unasked_421(scripted: Scripted) -> None:
    server = scripted("S: 220 ready\nC: EHLO me\nS! bytes '250 here\\r\\n421 going down\\r\\n'\nS! silence")
    text = f"server: {{host: 127.0.0.1, port: {server.port}, tls: none, hello: me}}\nsteps: [{{command: NOOP}}]\n"
    record, _ = run_text(text)
    assert record.exit_status == 75
    assert "421 going down" in str(record.steps[0].error)
