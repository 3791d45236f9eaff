"""Good jobs in tests/jobs/valid, and what they mean."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailjobs import model
from mailjobs.errors import Place
from mailjobs.job import Loaded, load_job

FOLDER = Path(__file__).parent.parent / "jobs" / "valid"


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(FOLDER)
    monkeypatch.delenv("MAILJOBS_TEST_UNSET", raising=False)

    def load_named(name: str) -> model.Job:
        loaded: Loaded = load_job(f"{name}.yaml")
        assert loaded.warnings == ()
        return loaded.job

    return load_named


def test_a_list_to_exclude_may_be_its_file_alone(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("email\n")
    text = """
version: 1
server: relay.example.com
data: {people: {csv: people.csv}}
messages: {m: {from: a@x.test, to: "{{ row.email }}", subject: s, text: t}}
steps: [{send: {message: m, for_each: people, exclude: %s}}]
"""
    made = []
    for form in ("people.csv", "{csv: people.csv}"):
        (tmp_path / "job.yaml").write_text(text % form)
        action = load_job(tmp_path / "job.yaml").job.steps[0].action
        assert isinstance(action, model.Send)
        assert action.exclude is not None
        made.append((action.exclude.csv, action.exclude.column, action.exclude.place and action.exclude.place.path))
    assert made == [(tmp_path / "people.csv", None, "steps[0].send.exclude.csv")] * 2


def test_smallest_job_has_every_default(load) -> None:
    job = load("smallest")
    server = job.servers["server"]
    assert (job.name, job.files, job.folders) == ("smallest", (Path("smallest.yaml"),), (Path(),))
    assert (server.host, server.port, server.tls.mode, server.auth) == ("relay.example.com", 587, "starttls", None)
    assert server.timeout == model.Timeouts()
    assert server.tls.ca == (model.CaSource(system=True),)
    assert server.place == Place("smallest.yaml", 2, 1, "server")
    (step,) = job.steps
    assert (step.action, step.server, step.name, step.index) == (model.Connect(), "server", "connect", 0)
    assert step.retry == model.Retry()


def test_server_with_everything(load) -> None:
    relay = load("full").servers["relay"]
    assert (relay.name, relay.host, relay.port, relay.hello) == ("relay", "relay.example.com", 2525, "ci.example.com")
    assert relay.extensions == model.Extensions(True, ("chunking",))
    assert relay.timeout == model.Timeouts(5, 120, 3600, 0.5)
    assert relay.max_reply_line == 4096
    assert (relay.tls.mode, relay.tls.min_version, relay.tls.max_version) == ("starttls", "1.3", "1.3")
    forms = [(ca.system, ca.file, ca.dir, ca.pem) for ca in relay.tls.ca]
    assert forms == [
        (True, None, None, None),
        (False, Path("texts/corp.pem"), None, None),
        (False, None, Path("texts"), None),
        (False, None, None, "-----BEGIN CERTIFICATE-----"),
    ]


def test_login_of_a_server(load) -> None:
    auth = load("full").servers["relay"].auth
    assert (auth.mechanism, auth.username, auth.authorization_identity) == ("plain", "ci", "other")
    assert (auth.password.origin, str(auth.password)) == ("env SMTP_PASSWORD", "***")


def test_ports_and_modes_follow_one_another(load) -> None:
    inside = load("full").servers["inside"]
    assert (inside.host, inside.port, inside.tls.mode, inside.extensions.enabled) == ("::1", 25, "none", False)


def test_message_with_everything(load) -> None:
    invoice = load("full").messages["invoice"]
    assert invoice.from_.text.source == "Billing <billing@example.com>"
    assert [entry.text and entry.text.source for entry in invoice.to] == ["a@example.com", None]
    assert (invoice.to[1].name.source, invoice.to[1].address.source) == ("B, C", "b@example.com")
    assert invoice.cc == ()
    assert invoice.bcc[0].text.source == "hidden@example.com"
    assert invoice.return_path.source == ""
    assert invoice.headers[0].name == "X-Campaign"
    assert invoice.html.source == "<p>Grüße</p>\n"
    assert invoice.html.start == Place("texts/invoice.html.j2", 1, 1, "messages.invoice.html.file")
    assert invoice.place.path == "messages.invoice"


def test_first_line_of_a_block_is_below_its_key(load) -> None:
    text = load("full").messages["invoice"].text
    assert text.source == "Hello {{ row.name }}\nBye\n"
    assert text.start.line == text.place.line + 1
    source = (FOLDER / "full.yaml").read_text().splitlines()
    assert source[text.start.line - 1].strip() == "Hello {{ row.name }}"


def test_inline_template_starts_where_it_stands(load) -> None:
    subject = load("full").messages["invoice"].subject
    assert subject.start == subject.place
    source = (FOLDER / "full.yaml").read_text().splitlines()
    assert source[subject.place.line - 1][subject.place.column - 1 :] == '"Invoice {{ row.number }}"'


def test_second_message_repeats_a_header_and_takes_the_defaults(load) -> None:
    message = load("full").messages["ready-made"]
    assert [(header.name, header.value.source) for header in message.headers] == [("X-A", "one"), ("X-A", "two")]
    assert message.cc[0].text.source == "all@example.com"
    assert message.from_.name.source == "Ann"


def test_variables_have_their_types(load) -> None:
    found = dict(load("full").vars)
    assert found == {
        "team": "Platform",
        "number": 5,
        "regions": ["eu", "us"],
        "cities": {"eu": "Vienna"},
        "build": "dev",
        "release": "7",
    }


def test_data_source(load) -> None:
    source = load("full").data["customers"]
    assert (source.path, source.key, source.encoding, source.delimiter) == (
        Path("customers.csv"), "number", "cp1252", ";",
    )  # fmt: skip


def test_steps_have_their_actions_and_keys(load) -> None:
    connect, verify, batch, single, expand, command, disconnect = load("full").steps
    assert (connect.name, connect.id, connect.server) == ("is the relay alive?", "relay", "relay")
    assert (verify.action.address.source, verify.expect) == ("postmaster@example.com", model.Expectation(("any",)))
    assert batch.action == model.Send("invoice", "customers", ("to", "cc"))
    assert (batch.retry, batch.timeout) == (model.Retry(3, 5, 60), 300)
    assert batch.if_.source == 'steps.relay.status == "ok"'
    assert (single.action, single.retry.attempts, single.continue_on_error) == (model.Send("ready-made"), 2, True)
    assert single.name == "send ready-made"
    assert (expand.action.list.source, expand.expect.codes) == ("staff", ("250", "2xx", "551"))
    assert (command.action.line.source, command.if_.source) == ("NOOP", "false")
    assert (disconnect.action, disconnect.index) == (model.Disconnect(), 6)


def test_base_files_are_merged_under_the_job(load) -> None:
    job = load("extending")
    server = job.servers["server"]
    assert job.name == "base"
    assert (server.host, server.port) == ("base.example.com", 2626)
    assert (server.timeout.connect, server.timeout.idle) == (5, 30)
    assert (server.auth.username, server.auth.password.origin) == ("ci", "command pass")
    assert job.vars == {"team": "Second", "which": "mine"}
    assert job.files == (Path("extending.yaml"), Path("mail/second.yaml"), Path("mail/base.yaml"))
    assert job.folders == (Path(), Path("mail"))


def test_null_removes_what_base_and_defaults_give(load) -> None:
    job = load("extending")
    report = job.messages["report"]
    assert list(job.messages) == ["report"]
    assert [entry.text.source for entry in report.to] == ["c@example.com"]
    assert (report.bcc, report.cc) == ((), ())


def test_paths_start_where_they_stand(load) -> None:
    text = load("extending").messages["report"].text
    assert text.source == "Hello from the base\n"
    assert text.start.file == "mail/hello.txt"
    assert text.place.file == "mail/base.yaml"


def test_scalars_are_those_of_yaml_1_2(load) -> None:
    found = dict(load("scalars").vars)
    assert found == {
        "a": "no", "b": "on", "c": "yes", "d": "12:30", "e": "1_000", "f": "0o14", "g": "2024-03-01", "h": True,
        "i": None, "j": None, "k": -17, "l": 1.5, "m": 1000.0, "n": "7", "o": "0x1F", "p": 0.5, "q": 10, "r": "off",
        "s": "=",
    }  # fmt: skip
    assert type(found["k"]) is int
    assert load("scalars").servers["server"].port == 2525


def test_url_with_a_user_names_who_logs_in() -> None:
    text = "version: 1\nserver: smtps://ci@relay\nsteps: [{connect: true}]\n"
    server = load_job("-", text=text, settings=[("server.auth.password", "{env: X}")]).job.servers["server"]
    assert (server.host, server.port, server.tls.mode, server.auth.username) == ("relay", 465, "implicit", "ci")


@pytest.mark.parametrize(
    ("server", "port", "mode"),
    [
        ("{host: a}", 587, "starttls"),
        ("{host: a, port: 465}", 465, "implicit"),
        ("{host: a, port: 25}", 25, "starttls"),
        ("{host: a, port: 465, tls: starttls}", 465, "starttls"),
        ("{host: a, tls: implicit}", 465, "implicit"),
        ("{host: a, tls: true}", 587, "starttls"),
        ("{host: a, tls: opportunistic}", 587, "opportunistic"),
        ("{host: a, tls: none}", 25, "none"),
        ("smtp://a:465", 465, "implicit"),
        ("smtps://a:587", 587, "implicit"),
        ("a:25", 25, "starttls"),
        ('"[::1]"', 587, "starttls"),
        ('"[::1]:25"', 25, "starttls"),
        ('"smtp://[::1]:2525"', 2525, "starttls"),
    ],
)
def test_port_and_tls_mode_decide_each_other(server: str, port: int, mode: str) -> None:
    text = f"version: 1\nserver: {server}\nsteps: [{{connect: true}}]\n"
    found = load_job("-", text=text).job.servers["server"]
    assert (found.port, found.tls.mode) == (port, mode)
    assert found.host in ("a", "::1")


def test_message_without_a_subject_is_a_warning() -> None:
    text = "version: 1\nserver: smtp://a\nmessages: {m: {from: a@example.com, to: b@example.com}}\nsteps: [{send: m}]\n"
    (warning,) = load_job("-", text=text).warnings
    assert str(warning) == "-:3:15: messages.m: the message 'm' has no `subject`"


def test_single_server_of_several_needs_no_name() -> None:
    text = "version: 1\nservers: {relay: smtp://a}\nsteps: [{connect: true}]\n"
    assert load_job("-", text=text).job.steps[0].server == "relay"


def test_queues_have_patience_of_their_own(load) -> None:
    one, text, plain, more = (step.action for step in load("queues").steps)
    assert isinstance(one, model.Queue)
    assert (one.message, one.dir, one.for_each) == ("m", Path("outbox"), None)
    assert (text.dir, text.stop_on) == (None, ("to",))
    assert plain == model.ProcessQueue(Path("outbox"))
    rate = model.Rate(10)
    wanted = {"keep": True, "max_age": 172800, "rate": rate, "in_flight": 8, "on_unknown": "resend"}
    assert more == model.ProcessQueue(Path("../outbox"), **wanted)
    assert [(step.server, step.retry, step.name) for step in load("queues").steps] == [
        (None, model.Retry(), "queue m"),
        (None, model.Retry(), "queue m"),
        ("server", model.Retry(0, 300, 14400), "process_queue outbox"),
        ("server", model.Retry(5, 300, 14400), "process_queue outbox"),
    ]
