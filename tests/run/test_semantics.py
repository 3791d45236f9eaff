"""What the common keys mean (if, id, expect, retry, timeout, server), and what later steps can read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mailjobs.errors import JobError
from mailjobs.prepare import check_job
from tests.fixtures.running import run_text
from tests.fixtures.scripted import ScriptedServer

Scripted = Callable[..., ScriptedServer]
OPEN = "S: 220 ready\nC: EHLO me\nS: 250-here\nS: 250-SIZE 100\nS: 250 PIPELINING\n"
CLOSE = "C: QUIT\nS: 221 bye"


def job(port: int, steps: str) -> str:
    return f"server: {{host: localhost, port: {port}, tls: none, hello: me}}\nsteps:\n" + steps


def statuses(text: str, folder: Path | None = None) -> tuple[list[str], int]:
    record, _ = run_text(text, folder=folder)
    return [step.status for step in record.steps], record.exit_status


def test_later_steps_read_what_earlier_ones_found(scripted: Scripted) -> None:
    server = scripted(OPEN + "C: NOOP here 100\nS: 250 ok\n" + CLOSE)
    steps = """
  - {id: relay, connect: true}
  - {if: steps.relay.extensions.size is defined, command: "NOOP here {{ steps.relay.extensions.size }}"}
  - {if: steps.relay.extensions.dsn is defined, command: NOOP}
"""
    assert statuses(job(server.port, steps)) == (["ok", "ok", "skipped"], 0)


@pytest.mark.parametrize(
    ("expect", "reply", "statuses_", "status"),
    [
        ("550", "550 no relaying", ["ok", "ok"], 0),
        ("5xx", "550 no relaying", ["ok", "ok"], 0),
        ("250", "550 no relaying", ["failed", "skipped"], 69),
        ("550", "250 ok", ["failed", "skipped"], 69),
    ],
)
def test_expect_of_a_send_judges_its_last_reply(
    scripted: Scripted, expect: str, reply: str, statuses_: list[str], status: int
) -> None:
    refused = reply.startswith("5")
    opening = f"C: MAIL FROM:<a@x.test> SIZE=re:.*\nC: RCPT TO:<b@x.test>\nC: DATA\nS: 250 ok\nS: {reply}\n"
    rest = "S: 554 no\nC: RSET\nS: 250 ok\n" if refused else "S: 354 go\nC= content\nS: 250 taken\n"
    last = "C: NOOP\nS: 250 ok\n" if status == 0 else ""
    script = OPEN.replace("SIZE 100", "SIZE 100000") + opening + rest + last + CLOSE
    text = f"""
messages: {{m: {{from: a@x.test, to: b@x.test, subject: s, text: x}}}}
server: {{host: localhost, port: {scripted(script).port}, tls: none, hello: me}}
steps:
  - {{send: m, expect: {expect}}}
  - {{command: NOOP}}
"""
    assert statuses(text) == (statuses_, status)


@pytest.mark.parametrize(("expect", "status"), [("220", 69), ("250", 0), ("any", 0)])
def test_expect_of_a_connect_judges_its_last_reply(scripted: Scripted, expect: str, status: int) -> None:
    server = scripted(OPEN + CLOSE)
    assert statuses(job(server.port, f"  - {{connect: true, expect: {expect}}}\n"))[1] == status


@pytest.mark.parametrize(
    ("expect", "reply", "status"),
    [
        ("250", "250 ok", 0),
        ("[214, 250]", "250 ok", 0),
        ("2xx", "214 help", 0),
        ("any", "502 no", 0),
        ("502", "502 no", 0),
        ("250", "214 help", 69),
        ("250", "451 later", 75),
    ],
)
def test_expect(scripted: Scripted, expect: str, reply: str, status: int) -> None:
    server = scripted(OPEN + f"C: HELP\nS: {reply}\n" + CLOSE)
    assert statuses(job(server.port, f"  - {{command: HELP, expect: {expect}}}\n"))[1] == status


@pytest.mark.parametrize(
    ("code", "status"),
    [(250, "exists"), (251, "forward"), (252, "cannot-vrfy"), (550, "unknown"), (551, "forward"), (553, "ambiguous")],
)
def test_verify_tells_each_reply_apart(scripted: Scripted, code: int, status: str) -> None:
    server = scripted(OPEN + f"C: VRFY ann\nS: {code} ann\n" + CLOSE)
    record, _ = run_text(job(server.port, "  - {verify: ann, expect: any, id: who}\n"))
    assert record.steps[0].result["status"] == status


def test_a_temporary_failure_is_tried_again_and_a_lasting_one_not(scripted: Scripted) -> None:
    server = scripted(OPEN + "C: HELP\nS: 451 later\nC: HELP\nS: 250 now\nC: X\nS: 500 no\n" + CLOSE)
    steps = """
  - {command: HELP, retry: {attempts: 3, delay: 0.01}}
  - {command: X, retry: {attempts: 3, delay: 0.01}}
"""
    record, _ = run_text(job(server.port, steps))
    assert [step.attempts for step in record.steps] == [2, 1]
    assert record.exit_status == 69


def test_steps_that_ask_for_failure_run_after_one(scripted: Scripted) -> None:
    server = scripted(OPEN + "C: BAD\nS: 500 no\nC: NOOP\nS: 250 ok\n" + CLOSE)
    steps = """
  - {if: run.failed, command: FIRST}
  - command: BAD
  - command: SKIPPED
  - {if: run.failed, command: NOOP}
"""
    assert statuses(job(server.port, steps)) == (["skipped", "failed", "skipped", "ok"], 69)


def test_each_step_talks_to_its_server_over_one_connection(scripted: Scripted) -> None:
    one = scripted(OPEN + "C: ONE\nS: 250 ok\nC: THREE\nS: 250 ok\n" + CLOSE)
    two = scripted(OPEN + "C: TWO\nS: 250 ok\n" + CLOSE)
    text = f"""
    servers:
      one: {{host: localhost, port: {one.port}, tls: none, hello: me}}
      two: {{host: localhost, port: {two.port}, tls: none, hello: me}}
    steps:
      - {{command: ONE, server: one}}
      - {{command: TWO, server: two}}
      - {{command: THREE, server: one}}
    """
    assert statuses(text) == (["ok", "ok", "ok"], 0)


def test_disconnect_says_quit_and_a_later_step_connects_anew(scripted: Scripted) -> None:
    server = scripted(OPEN + CLOSE, OPEN + "C: NOOP\nS: 250 ok\n" + CLOSE)
    steps = "  - connect: true\n  - {disconnect: true, id: bye}\n  - command: NOOP\n"
    record, _ = run_text(job(server.port, steps))
    assert record.exit_status == 0
    assert record.steps[1].result["reply"]["code"] == 221


def test_an_intermediate_reply_to_a_command_is_success(scripted: Scripted) -> None:
    server = scripted(OPEN + "C: XYZ\nS: 354 go on\n" + CLOSE)
    assert statuses(job(server.port, "  - command: XYZ\n"))[1] == 0


@pytest.mark.parametrize("line", ["DATA", "STARTTLS", "auth plain", "BDAT 1 LAST"])
def test_commands_that_would_put_us_out_of_step_are_refused_in_a_dry_run_too(line: str) -> None:
    for dry_run in (True, False):
        record, _ = run_text(job(1, f"  - command: {line}\n"), dry_run=dry_run)
        assert record.exit_status == 65
        assert isinstance(record.steps[0].error, JobError)


BATCH = """
    server: {{host: localhost, port: {port}, tls: none, hello: me}}
    data: {{people: {{csv: people.csv, key: id}}}}
    messages:
      m: {{from: a@x.test, to: "{{{{ row.name }}}} <{{{{ row.mail }}}}>", subject: "{{{{ row.id }}}}", text: hi}}
    steps:
      - send: {{message: m, for_each: people}}
"""


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ('2,"Bob <evil@e.test>, x","b@x.test, evil@e.test"', "is not one address"),
        ('2,Bob,"b@x.test\nBcc: evil@e.test"', "row 2"),
        ("2,Bob,", "renders empty"),
        ("2,Bob", "row 2"),
        ("1,Bob,b@x.test", "its key '1' is that of row 1 too"),
    ],
)
def test_one_bad_row_keeps_all_from_being_sent(scripted: Scripted, tmp_path: Path, row: str, words: str) -> None:
    (tmp_path / "people.csv").write_text(f"id,name,mail\n1,Ann,ann@x.test\n{row}\n")
    record, _ = run_text(BATCH.format(port=1), folder=tmp_path)
    assert record.exit_status == 65
    assert words in str(record.error.problems)


def test_a_name_in_a_row_cannot_add_a_recipient(scripted: Scripted, tmp_path: Path) -> None:
    said = "C: MAIL FROM:<a@x.test>\nC: RCPT TO:<ann@x.test>\nC: DATA\n"
    send = said + "S: 250 ok\nS: 250 ok\nS: 354 go\nC= content\nS: 250 ok\n"
    server = scripted(OPEN.replace("S: 250-SIZE 100\n", "") + send + CLOSE)
    (tmp_path / "people.csv").write_text('id,name,mail\n1,"Ann <evil@e.test>, x",ann@x.test\n')
    record, _ = run_text(BATCH.format(port=server.port), folder=tmp_path)
    assert record.exit_status == 0
    assert b'To: "Ann <evil@e.test>, x" <ann@x.test>\r\n' in server.contents[0]


def test_names_that_cannot_exist_are_found_without_running(tmp_path: Path) -> None:
    from mailjobs.job import load_job

    (tmp_path / "people.csv").write_text("id,name,mail\n1,Ann,ann@x.test\n")
    path = tmp_path / "job.yaml"
    text = BATCH.format(port=1).replace("row.name", "row.nmae").replace("text: hi", 'text: "{{ vars.x }} {{ nobody }}"')
    path.write_text("version: 1\n" + "\n".join(line[4:] for line in text.splitlines()))
    words = [f"{problem.message} ({problem.hint})" for problem in check_job(load_job(path).job)]
    assert any("'row.nmae' is undefined (did you mean 'row.name'?)" in found for found in words)
    assert any("'vars.x' is undefined" in found for found in words)
    assert any("'nobody' is undefined" in found for found in words)
