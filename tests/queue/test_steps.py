"""The steps `queue` and `process_queue`, as a job says them."""

import json
import re
from base64 import b64encode

import pytest

from mailjobs.errors import JobError
from mailjobs.events import Error, MessageSettled
from mailjobs.job import load_job
from mailjobs.report.junit import as_junit
from mailjobs.report.markdown import as_markdown
from mailjobs.spool import lines, lock, look
from mailjobs.spool.stored import parse_file
from tests.fixtures.running import run_text
from tests.fixtures.taking import TakingServer
from tests.spool.files import MOMENT
from tests.spool.queues import queued, suffixes

MESSAGE = """\
messages:
  m:
    from: Sender <from@example.com>
    to: [a@example.com, {address: b@example.com, dsn: {notify: [failure]}, options: "X-NOTE=1"}]
    bcc: hidden@example.com
    return_path: bounces@example.com
    dsn: {return: headers, envelope_id: e-1}
    subject: Hello
    text: ".leading dot"
"""
SINGLE = MESSAGE + "steps: [{id: q, queue: {message: m, dir: outbox}}]\n"


@pytest.fixture
def outbox(tmp_path):
    folder = tmp_path / "outbox"
    folder.mkdir(mode=0o700)
    return folder


def test_a_message_is_queued_without_a_server(tmp_path, outbox):
    record, _ = run_text(SINGLE, folder=tmp_path)
    assert record.exit_status == 0, record.error
    result = record.steps[0].result
    path = outbox / result["file"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in outbox.iterdir()] == [result["file"]]
    stored = look(outbox, result["file"])
    entry = stored.entry
    assert [tuple(one) for one in entry.recipients] == [
        ("to", "a@example.com", ()),
        ("to", "b@example.com", ("NOTIFY=FAILURE", "X-NOTE=1")),
        ("bcc", "hidden@example.com", ()),
    ]
    assert (entry.sender, entry.mail_parameters) == ("bounces@example.com", ("RET=HDRS", "ENVID=e-1"))
    assert (entry.job, entry.run, entry.message_id) == ("job", record.run, result["message_id"])
    assert stored.content.startswith(result["headers_text"].encode())
    assert stored.content.endswith(b"\r\n\r\n.leading dot\r\n")
    assert b"hidden@" not in stored.content


def test_text_instead_of_a_file(tmp_path):
    record, _ = run_text(SINGLE.replace("dir: outbox", 'dir: "*"'), folder=tmp_path)
    text = record.steps[0].result["text"]
    assert parse_file(text.encode()).entry.recipients[0].address == "a@example.com"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["job.yaml"]


@pytest.mark.parametrize("step", ["queue: {message: m, dir: outbox}", "process_queue: outbox"])
@pytest.mark.parametrize("dry_run", [False, True])
def test_a_missing_directory_is_an_error_before_anything_is_done(tmp_path, step, dry_run):
    text = MESSAGE + f"server: {{host: 127.0.0.1, port: 1}}\nsteps: [{{connect: true}}, {{{step}}}]\n"
    record, _ = run_text(text, folder=tmp_path, dry_run=dry_run)
    error = record.error or record.steps[1].error
    assert (error.name, error.code, record.exit_status) == ("FileError", 302, 66)
    assert "outbox is not there" in error.message
    assert error.place.line == 12
    assert "mkdir -m 700" in error.hint
    assert dry_run or not record.steps


def test_what_is_queued_goes_out_as_it_would_have_gone(tmp_path, outbox, scripted):
    server = scripted("""
        S: 220 ready
        C: EHLO re:.*
        S: 250-scripted
        S: 250-DSN
        S: 250-8BITMIME
        S: 250 SIZE
        C: MAIL FROM:<bounces@example.com> re:.*SIZE=[0-9]+.* RET=HDRS ENVID=e-1
        S: 250 ok
        C: RCPT TO:<a@example.com>
        S: 250 ok
        C: RCPT TO:<b@example.com> NOTIFY=FAILURE X-NOTE=1
        S: 450 4.2.1 later
        C: RCPT TO:<hidden@example.com>
        S: 250 ok
        C: DATA
        S: 354 go on
        C= content
        S: 250 2.0.0 taken
        C: QUIT
        S: 221 bye
    """)
    text = (
        MESSAGE
        + f"""
server: {{host: 127.0.0.1, port: {server.port}, tls: none}}
steps:
  - id: q
    queue: {{message: m, dir: outbox}}
  - id: p
    process_queue: {{dir: outbox, keep: true}}
"""
    )
    record, listen = run_text(text, folder=tmp_path)
    server.finish()
    assert server.contents[0] == (record.steps[0].result["headers_text"] + "..leading dot\r\n").encode()
    assert record.exit_status == 75
    result = record.steps[1].result
    assert result["counts"] == {"sent": 0, "deferred": 1, "failed": 0, "unknown": 0}
    told = result["deferred"][0]
    assert told["file"] == record.steps[0].result["file"]
    assert told["reply"] == {"code": 450, "enhanced": "4.2.1", "text": "later"}
    assert [one["state"] for one in told["recipients"]] == ["accepted", "deferred", "accepted"]
    assert (result["depth"], result["left"]) == (1, {".queued": 1})
    assert 0 <= result["age"] < 60
    assert "1 deferred; 1 in the queue" in record.steps[1].summary
    assert {(one.recipient, one.state) for one in listen.of(MessageSettled)} == {
        ("a@example.com", "accepted"), ("b@example.com", "deferred"), ("hidden@example.com", "accepted"),
    }  # fmt: skip
    json.dumps(record.as_dict())


def test_before_the_dot_nothing_is_in_doubt(tmp_path, outbox, scripted):
    queued(outbox)
    greeting = "S: 220 ready\nC: EHLO re:.*\nS: 250 scripted\nC: MAIL re:.*\nS: 250 ok\nC: RCPT re:.*\nS: 250 ok\n"
    server = scripted(f"{greeting}C: DATA\nS! close")
    process(tmp_path, server.port)
    server.finish()
    assert suffixes(outbox) == [".queued"]
    state = stored_of(outbox).state
    assert (set(state.letters.values()), state.tries) == ({"d"}, 1)
    assert "the server closed the connection" in state.outcome("a@x.example").reason


def test_what_a_server_hangs_up_over_keeps_nothing_else_from_going_out(tmp_path, outbox):
    for name in ("poison", "b", "c"):
        queued(outbox, f"{name}@x.example")

    def hang_up(connection, verb, line):
        if verb == "RCPT" and "poison" in line:
            raise OSError

    server = TakingServer(hang_up)
    record = process(tmp_path, server.port)
    assert (record.exit_status, record.steps[0].result["counts"]["deferred"]) == (75, 1)
    assert process(tmp_path, server.port).exit_status == 0
    server.close()
    assert server.taken == ["b@x.example", "c@x.example"]
    assert suffixes(outbox) == [".queued"]


def test_after_the_dot_it_is_unknown(tmp_path, outbox, scripted):
    queued(outbox)
    greeting = "S: 220 ready\nC: EHLO re:.*\nS: 250 scripted\nC: MAIL re:.*\nS: 250 ok\nC: RCPT re:.*\nS: 250 ok\n"
    server = scripted(f"{greeting}C: DATA\nS: 354 go on\nC= content\nS! close")
    record = process(tmp_path, server.port)
    server.finish()
    assert record.exit_status == 69
    assert record.steps[0].result["counts"]["unknown"] == 1
    assert "1 unknown; 1 in the queue (1 held), the oldest " in record.steps[0].summary
    assert suffixes(outbox) == [".held"]


def process(folder, port, more="", guards=""):
    text = f"""
        server: {{host: 127.0.0.1, port: {port}, tls: none}}
        {guards}
        steps: [{{process_queue: {{dir: outbox{more}}}}}]
    """
    return run_text(text, folder=folder)[0]


def stored_of(outbox):
    (path,) = outbox.iterdir()
    return parse_file(path.read_bytes())


def test_what_is_put_aside_fails_the_step_and_stops_nothing(tmp_path, outbox, smtp_sink):
    queued(outbox)
    (outbox / "foreign.queued").write_text("hello")
    record = process(tmp_path, smtp_sink())
    assert record.exit_status == 66
    assert record.steps[0].result["counts"]["sent"] == 1
    assert record.steps[0].result["set_aside"] == [
        {"file": "foreign.queued.damaged", "why": "it is no queue file of mailjobs"}
    ]
    assert "foreign.queued.damaged is put aside: it is no queue file" in record.steps[0].error.message
    assert process(tmp_path, 1).exit_status == 0


def test_guards_hold_for_a_queue_too(tmp_path, outbox, smtp_sink):
    port = smtp_sink()
    queued(outbox, "a@x.example", "b@y.example")
    queued(outbox, "c@x.example")
    for guards, words in (
        ("guards: {allow_domains: [x.example]}", "b@y.example is in none of x.example ("),
        ("guards: {max_recipients: 2}", "would send to 3 recipients, and 2 are allowed"),
        ("guards: {confirm_above: 2}", "would send to 3 recipients, and nobody has confirmed that"),
    ):
        record = process(tmp_path, port, guards=guards)
        assert words in record.steps[0].error.message
        assert suffixes(outbox) == [".queued", ".queued"]
    record = process(tmp_path, port, guards="guards: {redirect_all_to: dev@z.example, max_recipients: 2}")
    assert record.exit_status == 0
    assert record.steps[0].result["unknown"][0]["reason"] == "sent to dev@z.example instead"
    assert suffixes(outbox) == [".held", ".held"]


def test_recipients_that_this_run_has_queued_are_counted_once(tmp_path, outbox, smtp_sink):
    text = MESSAGE.replace("    dsn: {return: headers, envelope_id: e-1}\n", "").replace(
        ', dsn: {notify: [failure]}, options: "X-NOTE=1"', ""
    )
    more = f"server: {{host: 127.0.0.1, port: {smtp_sink()}, tls: none}}\nguards: {{max_recipients: 3}}\n"
    steps = "steps: [{queue: {message: m, dir: outbox}}, {process_queue: outbox}]\n"
    assert run_text(text + more + steps, folder=tmp_path)[0].exit_status == 0


def test_a_dry_run_counts_what_is_due(tmp_path, outbox):
    queued(outbox, "a@x.example", "b@x.example")
    later = queued(outbox)
    with lock(outbox, later) as held:
        held.read()
        held.append(lines.wait(MOMENT, MOMENT.replace(year=2999), 1))
    text = "server: smtp://127.0.0.1:1\nsteps: [{process_queue: outbox}]"
    record, _ = run_text(text, folder=tmp_path, dry_run=True)
    assert record.steps[0].summary == "would send 1 message of outbox to 2 recipients"
    assert suffixes(outbox) == [".queued", ".queued"]


def test_a_failed_run_tells_in_each_report_what_is_left(tmp_path, outbox):
    queued(outbox)
    record, _ = run_text("server: smtp://127.0.0.1:1\nsteps: [{process_queue: outbox}]", folder=tmp_path)
    summary = record.steps[0].summary
    assert re.fullmatch(r"nothing was sent; 1 in the queue, the oldest \d+ .* old", summary)
    assert summary in as_junit([record])
    assert summary in as_markdown([record])


def test_what_others_have_begun_is_told_apart(tmp_path, outbox):
    queued(outbox)
    other = outbox / queued(outbox)
    with other.open("ab") as added:
        added.write(lines.claim(MOMENT, "other.example", 1, "b"))
    other.rename(other.with_suffix(".sending"))
    record, _ = run_text("server: smtp://127.0.0.1:1\nsteps: [{process_queue: outbox}]", folder=tmp_path)
    assert "; 2 in the queue (1 begun by others), the oldest " in record.steps[0].summary


@pytest.mark.parametrize(("mode", "warned"), [(0o700, False), (0o770, True), (0o702, True)])
def test_a_directory_that_others_can_write_into_is_warned_about(tmp_path, outbox, mode, warned):
    outbox.chmod(mode)
    (tmp_path / "job.yaml").write_text("version: 1\nserver: smtp://127.0.0.1:1\nsteps: [{process_queue: outbox}]\n")
    warnings = load_job(tmp_path / "job.yaml").warnings
    assert [(one.message.partition(",")[0], one.hint) for one in warnings] == (
        [("others can write into 'outbox'", "chmod 700 outbox")] if warned else []
    )


def test_what_is_damaged_is_told_as_an_event(tmp_path, outbox):
    (outbox / "x.queued").write_text("")
    _, listen = run_text("server: smtp://127.0.0.1:1\nsteps: [{process_queue: outbox}]", folder=tmp_path)
    assert [event.code for event in listen.of(Error)] == [302]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{queue: {message: m, dir: outbox, limit: 3}}", "`limit` is for a batch"),
        ("{queue: {message: m, dir: 'out-{{ run.id }}'}}", "the name of a queue is literal"),
        ("{process_queue: {dir: 'out-{{ run.id }}'}}", "the name of a queue is literal"),
        ("{server: main, queue: {message: m, dir: outbox}}", "queueing needs no server"),
        ("{queue: {message: n, dir: outbox}}", "no message is called 'n'"),
    ],
)
def test_a_job_that_is_wrong(tmp_path, text, words):
    servers = "servers: {main: smtp://127.0.0.1:1}\n"
    with pytest.raises(JobError, match=words):
        run_text(f"{servers}{MESSAGE}steps: [{text}]", folder=tmp_path)


def test_raw_octets_and_large_content_go_through_unchanged(tmp_path, outbox, scripted):
    content = b"Subject: \xff\r\n\r\n" + b"\x80" * 70 + b"\r\n" + (b"x" * 78 + b"\r\n") * 40_000
    (tmp_path / "m.eml").write_bytes(content)
    server = scripted("""
        S: 220 ready
        C: EHLO re:.*
        S: 250-scripted
        S: 250-SMTPUTF8
        S: 250 8BITMIME
        C: MAIL re:.* BODY=8BITMIME SMTPUTF8
        S: 250 ok
        C: RCPT re:.*
        S: 250 ok
        C: DATA
        S: 354 go on
        C= content
        S: 250 2.0.0 taken
        C: QUIT
        S: 221 bye
    """)
    text = f"""
        server: {{host: 127.0.0.1, port: {server.port}, tls: none}}
        messages: {{m: {{raw: {{file: m.eml}}, from: a@example.com, to: b@example.com}}}}
        steps: [{{queue: {{message: m, dir: outbox}}}}, {{process_queue: outbox}}]
    """
    record, _ = run_text(text, folder=tmp_path)
    server.finish()
    assert record.exit_status == 0, record.as_dict()
    assert server.contents == [content]
    assert list(outbox.iterdir()) == []


def test_no_password_is_in_a_queue(tmp_path, outbox, monkeypatch):
    monkeypatch.setenv("SECRET_OF_THIS_TEST", "hunter2-hunter2")
    auth = "auth: {username: u, password: {env: SECRET_OF_THIS_TEST}}"
    text = f"server: {{host: 127.0.0.1, port: 1, {auth}}}\n{SINGLE}"
    run_text(text, folder=tmp_path)
    (path,) = outbox.iterdir()
    secret = b"hunter2-hunter2"
    for shown in (secret, b64encode(secret), b64encode(b"\0u\0" + secret)):
        assert shown not in path.read_bytes()


@pytest.mark.parametrize(("port", "kind"), [("P_SMTP", "postfix"), ("P_EXIM", "exim")])
def test_through_real_servers(tmp_path, outbox, lab, box_name, port, kind):
    box = lab.mailbox(box_name, kind)
    text = f"""
        server: {{host: 127.0.0.1, port: {lab.port(port)}, tls: none}}
        data: {{people: {{csv: people.csv}}}}
        messages:
          m: {{from: bob@lab.test, to: "Ünï <{box_name}@lab.test>", subject: "Größe {{{{ row.n }}}}", text: ".hi"}}
        steps:
          - queue: {{message: m, for_each: people, dir: outbox}}
          - process_queue: {{dir: outbox, keep: true}}
    """
    (tmp_path / "people.csv").write_text("n\n1\n2\n3\n")
    record, _ = run_text(text, folder=tmp_path)
    assert record.exit_status == 0, record.as_dict()
    sent = [parse_file(path.read_bytes()).content for path in outbox.iterdir()]
    assert sorted(mail.as_sent() for mail in box.wait(3)) == sorted(sent)


def test_what_a_real_server_refuses_has_failed_with_its_words(tmp_path, outbox, lab):
    queued(outbox, "nobody-such@lab.test")
    assert process(tmp_path, lab.port("P_SMTP")).exit_status == 69
    assert suffixes(outbox) == [".failed"]
    assert "User unknown" in str(stored_of(outbox).state.outcome("nobody-such@lab.test").reply)
    record = process(tmp_path, lab.port("P_SMTP"))
    assert (record.exit_status, record.steps[0].summary) == (0, "nothing to send; the queue is empty")
