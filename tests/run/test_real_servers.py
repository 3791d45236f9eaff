"""Jobs against the laboratory's servers: what arrives, what is refused, what each extension changes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from mailjobs.events import Expand
from tests.fixtures.lab import Lab
from tests.fixtures.running import command, run_text

HEAD = """
    name: real
    server:
      host: localhost
      port: {port}
      tls: {{mode: {mode}, ca: {{file: "{ca}"}}}}
"""
BODY = ".\n..dots\nFrom here, trailing blanks   \nünï 漢字 🙂\n" + "x" * 1200 + "\nend without newline"


def head(lab: Lab, port: str, mode: str = "starttls") -> str:
    return HEAD.format(port=lab.port(port), mode=mode, ca=lab.ca_file)


SERVERS = [
    ("P_SMTP", "starttls", "postfix"),
    ("P_SMTPS", "implicit", "postfix"),
    ("P_BARE", "none", "postfix"),
    ("P_EXIM", "starttls", "exim"),
    ("P_EXIM_TLS", "implicit", "exim"),
    ("P_SENDMAIL", "starttls", "sendmail"),
]


@pytest.mark.parametrize(("port", "mode", "server"), SERVERS)
def test_what_arrives_is_what_render_prints(
    lab: Lab, box_name: str, tmp_path: Path, port: str, mode: str, server: str
) -> None:
    box = lab.mailbox(box_name, server)
    (tmp_path / "body.txt.j2").write_text(BODY)
    text = (
        head(lab, port, mode)
        + f"""
    messages:
      m:
        from: {{name: "Jürgen, Ünï", address: bob@lab.test}}
        to: "漢字 <{box_name}@lab.test>"
        subject: "Grüße, 漢字 und {{{{ 'lange ' * 30 }}}}"
        headers: {{X-Note: "{{{{ run.id }}}}"}}
        text: {{file: body.txt.j2}}
        html: "<p>{{{{ '<&>' }}}} ünï</p>"
    steps:
      - send: m
    """
    )
    record, _ = run_text(text, folder=tmp_path)
    assert record.exit_status == 0, record.as_dict()
    rendered = command("render", tmp_path / "job.yaml", "--run", record.run)
    assert rendered.returncode == 0, rendered.stderr
    (mail,) = box.wait()
    assert mail.as_sent().decode().replace("\r\n", "\n") == rendered.stdout


def test_a_batch_over_one_connection(lab: Lab, box_name: str, tmp_path: Path) -> None:
    box = lab.mailbox(box_name)
    rows = "".join(f"{n},Person {n}\n" for n in range(1, 31))
    (tmp_path / "people.csv").write_text("id,name\n" + rows)
    text = (
        head(lab, "P_SMTP")
        + f"""
    data:
      people: {{csv: people.csv, key: id}}
    messages:
      m: {{from: bob@lab.test, subject: "{{{{ row.id }}}}", text: hi,
           to: "{{{{ row.name }}}} <{box_name}+{{{{ row.id }}}}@lab.test>"}}
    steps:
      - send: {{message: m, for_each: people, connections: 1}}
        id: batch
    """
    )
    record, listen = run_text(text, folder=tmp_path)
    assert record.exit_status == 0, record.as_dict()
    assert record.steps[0].result["totals"]["accepted"] == 30
    subjects = sorted(int(mail.raw.split(b"\nSubject: ")[1].split(b"\n")[0]) for mail in box.wait(30))
    assert subjects == list(range(1, 31))
    lines = [stamped.event.line for stamped in listen.heard if type(stamped.event).__name__ == "Trace"]  # type: ignore[attr-defined]
    assert lines.count("EHLO [127.0.0.1]") == 2, "one connection: an EHLO before and one after STARTTLS"


def test_the_next_opening_rides_in_the_write_of_the_content(lab: Lab, box_name: str, tmp_path: Path) -> None:
    """With PIPELINING no reply comes between a message's content and the next MAIL."""
    (tmp_path / "n.csv").write_text("n\n1\n2\n3\n")
    text = (
        head(lab, "P_SMTP", "none")
        + f"""
    data: {{n: {{csv: n.csv}}}}
    messages:
      m: {{from: bob@lab.test, to: {box_name}@lab.test, subject: "{{{{ row.n }}}}", text: hi}}
    steps:
      - send: {{message: m, for_each: n, connections: 1}}
    """
    )
    _, listen = run_text(text, folder=tmp_path)
    said = [(e.event.direction, e.event.line) for e in listen.heard if type(e.event).__name__ == "Trace"]  # type: ignore[attr-defined]
    contents = [index for index, (who, line) in enumerate(said) if who == "info" and "of content" in line]
    assert [said[index + 1][1][:9] for index in contents] == ["MAIL FROM", "MAIL FROM", "250 2.0.0"]


def test_exim_expands_and_verifies(lab: Lab) -> None:
    record, listen = run_text(head(lab, "P_EXIM") + """
    steps:
      - {id: team, expand: team}
      - {id: who, verify: alice@lab.test}
      - {verify: nobody@lab.test, expect: any, id: none}
      - {if: steps.team.members | length == 3, command: NOOP}
    """)  # fmt: skip
    assert [step.status for step in record.steps] == ["ok"] * 4, record.as_dict()
    assert {event.address for event in listen.of(Expand)} == {"alice@lab.test", "bob@lab.test", "carol@lab.test"}  # type: ignore[attr-defined]
    assert record.steps[1].result["status"] == "exists"
    assert record.steps[2].result["status"] == "unknown"


def test_sendmail_expands_and_postfix_does_not(lab: Lab) -> None:
    record, listen = run_text(head(lab, "P_SENDMAIL") + "    steps: [{expand: team}]\n")
    assert record.exit_status == 0, record.as_dict()
    assert len(listen.of(Expand)) == 3
    record, _ = run_text(head(lab, "P_SMTP") + "    steps: [{expand: team}]\n")
    assert record.exit_status == 69


LOGIN = """
    name: login
    server:
      host: localhost
      port: {port}
      tls: {{ca: {{file: "{ca}"}}}}
      auth: {{username: "{user}", password: {{env: MAIL_PASSWORD}}, mechanism: {mechanism}}}
    messages:
      m: {{from: bob@lab.test, to: {box}@lab.test, subject: hi, text: hi}}
    steps:
      - send: m
"""
USERS = [("alice", "alice-secret"), ("bob", 'p@ss word"\\#1'), ("jürgen", "pässword€")]


@pytest.mark.parametrize("mechanism", ["auto", "plain", "login"])
@pytest.mark.parametrize(("user", "password"), USERS)
def test_submission_after_login(
    lab: Lab, box_name: str, monkeypatch: pytest.MonkeyPatch, user: str, password: str, mechanism: str
) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", password)
    box = lab.mailbox(box_name)
    port = lab.port("P_SUBMISSION")
    text = LOGIN.format(port=port, ca=lab.ca_file, user=user, mechanism=mechanism, box=box_name)
    record, _ = run_text(text)
    assert record.exit_status == 0, record.as_dict()
    shown = re.sub(rb"[^ -~]", b"?", user.encode())  # as Postfix writes it
    assert b"Authenticated sender: " + shown in box.wait()[0].raw


def test_a_wrong_password_leaves_no_trace_of_itself(lab: Lab, tmp_path: Path) -> None:
    import base64

    secret = "not-the-Password-42"
    job = tmp_path / "job.yaml"
    text = LOGIN.format(port=lab.port("P_SUBMISSION"), ca=lab.ca_file, user="alice", mechanism="auto", box="box000")
    job.write_text("version: 1\n" + "\n".join(line[4:] for line in text.splitlines()))
    for mechanism in ("plain", "login"):
        chosen = f"server.auth.mechanism={mechanism}"
        files = ["--events", tmp_path / "events", "--report", tmp_path / "report.json"]
        done = command("run", job, "--set", chosen, "--trace", "-v", *files, MAIL_PASSWORD=secret)
        assert done.returncode == 77, done.stderr
        assert "535" in done.stdout
        left = done.stdout + done.stderr + (tmp_path / "events").read_text() + (tmp_path / "report.json").read_text()
        assert "AUTH" in left
        plain = base64.b64encode(f"\0alice\0{secret}".encode()).decode()
        for form in (secret, base64.b64encode(secret.encode()).decode(), plain, secret.encode().hex()):
            assert form not in left
        assert json.loads((tmp_path / "report.json").read_text())["exit_status"] == 77


def test_no_password_goes_out_in_clear(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", "alice-secret")
    text = LOGIN.format(port=lab.port("P_BARE"), ca=lab.ca_file, user="alice", mechanism="auto", box="box000")
    record, listen = run_text(text)
    assert record.exit_status == 77
    assert "STARTTLS" in str(record.steps[0].error)
    assert not [e for e in listen.heard if "AUTH" in getattr(e.event, "line", "")]


def test_an_untrusted_certificate_ends_the_job_before_a_word(lab: Lab) -> None:
    text = f"""
    server: {{host: localhost, port: {lab.port("P_SMTP")}}}
    messages: {{m: {{from: a@lab.test, to: b@lab.test, subject: x, text: x}}}}
    steps: [send: m]
    """
    record, _ = run_text(text)
    assert record.exit_status == 77
    error = record.steps[0].error
    assert error is not None
    assert (error.name, error.stage) == ("VerifyError", "certificate")
    assert "tls.ca" in str(error.hint)


@pytest.mark.parametrize(
    ("user", "states", "status"),
    [
        ("tempfail", ["deferred"], 75),
        ("permfail", ["rejected"], 69),
        ("full", ["deferred"], 75),
        ("moved", ["rejected"], 69),
    ],
)
def test_replies_to_a_recipient(lab: Lab, user: str, states: list[str], status: int) -> None:
    record, _ = run_text(head(lab, "P_SMTP") + f"""
    messages: {{m: {{from: a@lab.test, to: {user}@lab.test, subject: x, text: x}}}}
    steps: [send: m]
    """)  # fmt: skip
    assert [found["state"] for found in record.steps[0].result["recipients"]] == states
    assert record.exit_status == status


def test_smtputf8_is_used_where_it_is_needed(lab: Lab) -> None:
    box = lab.mailbox("δοκιμή")
    message = """
    messages: {m: {from: bob@lab.test, to: "δοκιμή@lab.test", subject: ünï, text: x}}
    steps: [send: m]
    """
    record, listen = run_text(head(lab, "P_SMTP") + message)
    assert record.exit_status == 0, record.as_dict()
    assert any("SMTPUTF8" in getattr(e.event, "line", "") and "MAIL" in e.event.line for e in listen.heard)  # type: ignore[attr-defined]
    assert "To: δοκιμή@lab.test" in box.wait()[0].raw.decode()
    record, _ = run_text(head(lab, "P_SENDMAIL") + message)
    assert record.exit_status == 69
    assert "SMTPUTF8" in str(record.steps[0].error)


@pytest.mark.parametrize(("port", "server"), [("P_SMTP", "postfix"), ("P_EXIM", "exim")])
def test_a_hidden_recipient_that_is_not_ascii_leaves_the_message_as_it_is(
    lab: Lab, box_name: str, port: str, server: str
) -> None:
    boxes = [lab.mailbox(box_name, server), lab.mailbox("δοκιμή", server)]
    record, _ = run_text(head(lab, port) + hidden(box_name))
    assert record.exit_status == 0, record.as_dict()
    (shown,), (secret,) = (box.wait() for box in boxes)
    assert shown.as_sent() == secret.as_sent()
    assert shown.as_sent().isascii()


@pytest.mark.parametrize(("port", "mode"), [("P_SENDMAIL", "starttls"), ("P_BARE", "none")])
def test_a_hidden_recipient_alone_is_refused_where_the_server_lacks_smtputf8(
    lab: Lab, box_name: str, port: str, mode: str
) -> None:
    record, _ = run_text(head(lab, port, mode) + hidden(box_name))
    assert [found["state"] for found in record.steps[0].result["recipients"]] == ["accepted", "rejected"]
    assert record.exit_status == 0, "a refused Bcc is a warning"


def hidden(box_name: str) -> str:
    return f"""
    messages: {{m: {{from: bob@lab.test, to: {box_name}@lab.test, bcc: "δοκιμή@lab.test", subject: ünï, text: ü}}}}
    steps: [send: m]
    """


def test_a_message_over_the_size_limit_is_refused_before_mail(lab: Lab) -> None:
    record, listen = run_text(head(lab, "P_TINY") + """
    messages: {m: {from: bob@lab.test, to: box000@lab.test, subject: x, text: "{{ 'many words ' * 4000 }}"}}
    steps: [send: m]
    """)  # fmt: skip
    assert record.exit_status == 69
    assert "takes 20000" in str(record.steps[0].error)
    assert not [e for e in listen.heard if "MAIL" in getattr(e.event, "line", "")]


def test_twenty_thousand_recipients_do_not_deadlock(smtp_sink: Callable[..., int]) -> None:
    port = smtp_sink("-c")
    people = ", ".join(f"r{n}@x.test" for n in range(20_000))
    text = f"""
    server: {{host: 127.0.0.1, port: {port}, tls: none}}
    messages:
      m: {{from: a@x.test, to: z@x.test, bcc: "{people}", subject: x, text: x}}
    steps: [send: m]
    """
    record, _ = run_text(text)
    assert record.exit_status == 0, str(record.steps[0].error)
    assert {found["state"] for found in record.steps[0].result["recipients"]} == {"accepted"}
    assert len(record.steps[0].result["recipients"]) == 20_001
