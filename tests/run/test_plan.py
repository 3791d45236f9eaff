"""A plan says what the run then does, and leaves everything as it was."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mailjobs.errors import Interrupted
from mailjobs.events import Publish
from mailjobs.job import load_job
from mailjobs.ledger import Wishes, state_folder
from mailjobs.prepare import Choice, Preflight, RunFacts
from mailjobs.run import Options, RunRecord, run_job
from mailjobs.run.plan import Example, Plan
from mailjobs.run.planning import plan_job
from tests.fixtures.scripted import ScriptedServer

Sink = Callable[..., int]
Scripted = Callable[..., ScriptedServer]
JOB = """
version: 1
name: people
vars: {{who: world}}
data: {{people: {{csv: people.csv, key: id}}}}
server: {{host: 127.0.0.1, port: {port}, tls: none, hello: me}}
messages:
  m: {{from: a@x.test, to: "{{{{ row.to }}}}", subject: "for {{{{ row.id }}}}", text: "hello {{{{ vars.who }}}}"}}
steps:
  - send: {{message: m, for_each: people, connections: 1, on_error: stop}}
"""
# Takes one message, refuses the next, and so ends the batch.
STRICT = """
    S: 220 ready
    C: EHLO me
    S: 250 here
    C: MAIL FROM:<a@x.test>
    S: 250 ok
    C: RCPT TO:<p1@x.test>
    S: 250 ok
    C: DATA
    S: 354 go
    C= content
    S: 250 taken
    C: MAIL FROM:<a@x.test>
    S: 250 ok
    C: RCPT TO:<p2@x.test>
    S: 550 no
    C: RSET
    S: 250 ok
    S! silence
"""


class Folder:
    """A job in a folder: it is planned, and it is run."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.minute = 0
        self.rows(5)

    def write(self, port: int = 1, text: str = JOB, **more: str) -> Folder:
        """The job for a server at a port; `more` is appended to the line of a key."""
        self.text = text.format(port=port)
        self.change("version: 1\n", "version: 1\n" + "".join(f"{key}: {value}\n" for key, value in more.items()))
        return self

    def change(self, old: str, new: str) -> None:
        """Other words in the job."""
        assert old in self.text
        self.text = self.text.replace(old, new)
        (self.path / "job.yaml").write_text(self.text)

    def rows(self, count: int, *more: str) -> None:
        """So many rows, and more."""
        lines = [f"{number},p{number}@x.test" for number in range(1, count + 1)]
        (self.path / "people.csv").write_text("\n".join(["id,to", *lines, *more, ""]))

    def plan(self, how: bool = False, **options: Any) -> Plan:
        """What a run would do."""
        return plan_job(load_job(self.path / "job.yaml").job, _options(options), how)

    def run(self, **options: Any) -> RunRecord:
        """Do it, each time a minute later; guards are told yes."""
        self.minute += 1
        facts = RunFacts.parse(f"20260301T21{self.minute:02}00Z-5f0c9a12")
        wanted = replace(_options(options), agreed=lambda recipients: True)
        return run_job(load_job(self.path / "job.yaml").job, wanted, Publish([]), facts)

    def files(self) -> dict[str, str]:
        """Everything in the folder, as digests."""
        return {
            str(path.relative_to(self.path)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
            for path in sorted(self.path.rglob("*"))
        }


def _options(given: dict[str, Any]) -> Options:
    wishes = {name: given.pop(name) for name in [*given] if name in Wishes.__annotations__}
    choice = {name: given.pop(name) for name in [*given] if name in Choice.__annotations__}
    return Options(wishes=Wishes(**wishes), choice=Choice(**choice), **given)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.fixture
def unfinished(folder: Folder, scripted: Scripted) -> Folder:
    """Of five one was accepted, and one rejected."""
    folder.write(scripted(STRICT).port)
    assert folder.run().exit_status == 69
    return folder


def batch_of(plan: Plan) -> Any:
    """The batch of the first step."""
    assert plan.steps[0].batch is not None
    return plan.steps[0].batch


def people(example: Example) -> list[str]:
    """Who gets it."""
    return [f"{one.kind} {one.address}" for one in example.recipients]


def accepted(record: RunRecord) -> int:
    """How many were accepted, over all sessions of the run."""
    return sum(step.result.get("totals", {}).get("accepted", 0) for step in record.steps)


# --- as values


def test_a_first_run(folder: Folder) -> None:
    plan = folder.write().plan()
    assert (plan.decision.kind, plan.changes, plan.active, plan.exit_status) == ("new", None, None, 0)
    (step,) = plan.steps
    assert (step.does, step.due, step.recipients) == ("would send m, one for each row of people", "yes", 5)
    batch = batch_of(plan)
    assert (batch.read, batch.selected, batch.messages, batch.recipients, batch.known) == (5, 5, 5, 5, {})
    assert [(one.row, one.key, people(one), one.subject) for one in step.examples] == [
        (number, str(number), [f"to p{number}@x.test"], f"for {number}") for number in (1, 2, 3)
    ]
    assert step.server is not None
    assert (step.server.host, step.server.port, step.server.tls, step.server.user) == ("127.0.0.1", 1, "none", None)


def test_nothing_is_written(folder: Folder, smtp_sink: Sink) -> None:
    folder.write(smtp_sink())
    folder.change("connections: 1", 'connections: 1, once_per: "{{ row.id }}"')
    before = folder.files()
    folder.plan(how=True)
    assert folder.files() == before
    folder.run()
    before = folder.files()
    folder.rows(7)
    plan = folder.plan(how=True)
    after = folder.files()
    assert {name for name in after if after[name] != before.get(name)} == {"people.csv"}
    assert plan.recipients == 2


def test_where_rows_go(folder: Folder) -> None:
    (folder.path / "out.csv").write_text("email\np2@x.test\n")
    folder.rows(9, "10,p9@x.test", "11,nobody")
    folder.write()
    folder.change("connections: 1", "where: row.id != '1', exclude: {csv: out.csv}, on_bad_row: skip, duplicates: skip")
    plan = folder.plan()
    batch = batch_of(plan)
    assert (batch.read, batch.selected, batch.excluded, batch.bad, batch.repeated) == (11, 10, 1, 1, 1)
    assert (batch.messages, plan.recipients, plan.exit_status) == (7, 7, 0)
    assert [problem.message.partition(": ")[0] for problem in plan.steps[0].warnings] == [
        "row 11 (line 12)",
        "row 10 (line 11)",
    ]
    assert batch_of(folder.plan(limit=3)).messages == 3
    assert batch_of(folder.plan(only=("4", "5"))).selected == 2


def test_bad_rows_are_all_told(folder: Folder) -> None:
    folder.rows(2, "3,nobody", "4,nowhere")
    plan = folder.write().plan()
    assert (plan.exit_status, plan.recipients, plan.refused, plan.decision.kind) == (65, 0, True, "refused")
    assert plan.steps[0].error is plan.error
    assert plan.error is not None
    assert [str(problem).count("job.yaml:8:") for problem in plan.error.problems] == [1, 1]
    assert (batch_of(plan).read, batch_of(plan).bad, batch_of(plan).pace) == (4, 2, None)


def test_a_row_beyond_the_guards(folder: Folder) -> None:
    plan = folder.write(guards="{allow_domains: [y.test]}").plan()
    assert (plan.exit_status, plan.steps[0].batch) == (77, None)
    assert "row 1 (key 1): guards.allow_domains" in str(plan.error)


def test_too_many_for_the_guards(folder: Folder) -> None:
    plan = folder.write(guards="{max_recipients: 4}").plan()
    assert (plan.exit_status, plan.recipients, plan.steps[0].recipients) == (77, 0, 5)
    assert "would send to 5 recipients, and 4 are allowed" in str(plan.error)
    assert folder.plan(limit=4).exit_status == 0


def test_whether_somebody_is_asked(folder: Folder) -> None:
    folder.write(guards="{confirm_above: 4}")
    assert (folder.plan().guards.asks, folder.plan(limit=4).guards.asks, folder.plan().exit_status) == (True, False, 0)


def test_everything_goes_elsewhere(folder: Folder) -> None:
    folder.write(guards="{redirect_all_to: dev@x.test}")
    plan = folder.plan()
    assert (plan.guards.redirect_to, people(plan.steps[0].examples[0])) == ("dev@x.test", ["to dev@x.test"])
    assert people(folder.plan(redirect_to="qa@x.test").steps[0].examples[0]) == ["to qa@x.test"]
    wrong = folder.plan(redirect_to="nobody")
    assert (wrong.exit_status, wrong.steps) == (64, ())


@pytest.mark.parametrize(
    ("said", "connections", "processes", "seconds"),
    [
        ("rate: 60/m", 4, 1, 4),
        ("rate: 1/h, processes: 2, connections: 7", 7, 2, 14400),
        ("rate: {recipients: 30/m}", 4, 1, 8),
        ("rate_per_domain: 1/m", 4, 1, 240),
        ("rate: 1/m, rate_per_domain: 1/h", 4, 1, 14400),
        ("in_flight: 1", 4, 1, None),
    ],
)
def test_how_long_it_takes_at_least(
    folder: Folder, said: str, connections: int, processes: int, seconds: int | None
) -> None:
    folder.write()
    folder.change("connections: 1", said)
    pace = batch_of(folder.plan()).pace
    assert (pace.connections, pace.processes, pace.seconds) == (connections, processes, seconds)


def test_of_several_domains_the_fullest_counts(folder: Folder) -> None:
    folder.rows(2, *[f"{number},p@{'X' if number % 2 else 'y'}{number % 2}.test" for number in range(3, 8)])
    folder.write()
    folder.change("connections: 1", "rate_per_domain: 1/m, duplicates: warn")
    assert batch_of(folder.plan()).pace.seconds == 120


# --- what was sent before


def test_what_was_sent_is_refused_in_the_words_of_the_run(folder: Folder, smtp_sink: Sink) -> None:
    folder.write(smtp_sink()).run()
    plan, record = folder.plan(), folder.run()
    assert (plan.decision.kind, plan.recipients, plan.exit_status) == ("refused", 0, 77)
    assert str(plan.error) == str(record.error)
    assert plan.changes is not None
    assert (plan.changes.run, plan.changes.parts) == (plan.decision.run, ())


def test_an_unfinished_run_goes_on(unfinished: Folder) -> None:
    plan = unfinished.plan()
    assert (plan.decision.kind, plan.exit_status, plan.recipients) == ("resume", 0, 3)
    assert (batch_of(plan).known, batch_of(plan).pace.seconds) == ({"accepted": 1, "rejected": 1}, None)
    assert [one.key for one in plan.steps[0].examples] == ["3", "4", "5"]


def test_another_run_is_active(unfinished: Folder) -> None:
    holder = state_folder(unfinished.path / "job.yaml")
    holder.lock()
    plan = unfinished.plan()
    holder.unlock()
    assert (plan.decision.kind, plan.exit_status, plan.recipients, plan.refused) == ("resume", 75, 3, False)
    assert plan.active is not None
    assert unfinished.plan().active is None


SAID: dict[str, dict[str, Any]] = {
    "as it is": {},
    "again": {"again": True},
    "accept": {"accept_changes": True},
    "failed": {"retry_failed": True},
    "unknown": {"retry_unknown": True},
    "two": {"limit": 2},
    "these": {"only": ("2", "9")},
    "elsewhere": {"redirect_to": "qa@x.test"},
}


CASES = [
    *[(True, changed, said) for changed in ("", "row") for said in SAID],
    *[(False, "", said) for said in SAID],
    *[(finished, changed, said) for finished in (True, False) for changed in ("var", "once") for said in [*SAID][:3]],
]


@pytest.mark.parametrize(("finished", "changed", "said"), CASES)
def test_the_run_does_what_the_plan_says(
    folder: Folder, scripted: Scripted, smtp_sink: Sink, finished: bool, changed: str, said: str
) -> None:
    """Whatever was done before, whatever was changed, whatever is asked for."""
    if finished:
        folder.write(smtp_sink())
    else:
        folder.write(scripted(STRICT).port)
    if changed == "once":
        folder.change("connections: 1", 'connections: 1, once_per: "{{ row.id }}"')
    folder.run()
    if changed in ("row", "once"):
        folder.rows(5, "9,p9@x.test")
    if changed == "var":
        folder.change("world", "all")
    before = folder.files()
    plan = folder.plan(how=True, **SAID[said])
    assert folder.files() == before
    if plan.exit_status:
        record = folder.run(**SAID[said])
        assert (record.exit_status, str(record.error)) == (plan.exit_status, str(plan.error))
    elif finished:
        record = folder.run(**SAID[said])
        new = accepted(record) - batch_of(plan).known.get("accepted", 0)
        assert (record.resumed, record.exit_status) == (plan.decision.kind == "resume", 0)
        assert new == plan.recipients
    else:  # nobody listens any more
        record = folder.run(**SAID[said])
        before = batch_of(plan).known.get("rejected", 0) and said != "failed"
        assert (record.resumed, record.exit_status) == (plan.decision.kind == "resume", 69 if before else 75)
        assert record.steps[0].summary.startswith(f"{plan.recipients} not-attempted")


def test_those_who_get_one_more_are_counted(folder: Folder, smtp_sink: Sink) -> None:
    folder.write(smtp_sink()).run()
    folder.rows(6)
    plan = folder.plan()
    assert (plan.decision.kind, plan.recipients, batch_of(plan).before) == ("new", 6, 5)
    folder.change("connections: 1", 'connections: 1, once_per: "{{ row.id }}"')
    assert batch_of(folder.plan()).before == 5  # the key was not kept then
    folder.run()
    plan = folder.plan()
    assert (plan.decision.kind, plan.recipients, batch_of(plan).before) == ("resume", 0, 0)
    assert batch_of(plan).known == {"accepted": 6}


def test_whom_earlier_runs_have_delivered_to_is_left_out(unfinished: Folder) -> None:
    unfinished.change("world", "all")
    assert unfinished.plan().exit_status == 77
    plan = unfinished.plan(accept_changes=True)
    assert (plan.decision.kind, plan.recipients, batch_of(plan).known) == ("new", 4, {"kept": 1})
    assert [one.key for one in plan.steps[0].examples] == ["2", "3", "4"]


# --- steps

STEPS = """
version: 1
vars: {{go: "no"}}
server: {{host: 127.0.0.1, port: {port}, tls: none, auth: {{username: me, password: {{env: NO_SUCH}}}}}}
messages:
  m: {{from: a@x.test, to: "b@x.test, Cee <c@x.test>", subject: done, text: x}}
  late: {{from: a@x.test, to: "{{{{ steps.team.members[0] }}}}", subject: s, text: x}}
steps:
  - {{id: team, expand: team}}
  - {{if: vars.go == 'yes', send: m}}
  - {{if: steps.team.members, send: m}}
  - {{if: run.failed, id: alarm, send: m}}
  - {{send: late}}
  - {{verify: "{{{{ vars.go }}}}@x.test"}}
"""


def steps(folder: Folder, **options: Any) -> Plan:
    return folder.write(text=STEPS.replace("tls: none, auth", "tls: starttls, auth")).plan(**options)


def test_steps_of_all_kinds(folder: Folder) -> None:
    plan = steps(folder)
    assert (plan.decision.kind, plan.exit_status, plan.recipients) == ("none", 0, 4)
    assert [(step.kind, step.due, step.recipients) for step in plan.steps] == [
        ("expand", "yes", 0),
        ("send", "no", 0),
        ("send", "unknown", 2),
        ("send", "unknown", 2),
        ("send", "yes", 0),
        ("verify", "yes", 0),
    ]
    assert [plan.steps[index].does for index in (0, 1, 5)] == [
        "would say EXPN team",
        "does nothing, since its condition is false",
        "would say VRFY no@x.test",
    ]
    assert people(plan.steps[2].examples[0]) == ["to b@x.test", "to c@x.test"]
    assert plan.steps[2].examples[0].recipients[1].name == "Cee"
    assert plan.steps[0].server is not None
    assert plan.steps[0].server.user == "me"
    assert not (folder.path / ".mailjobs").exists()


def test_a_batch_that_is_not_due(folder: Folder) -> None:
    folder.write()
    folder.change("- send:", "- if: vars.who == 'me'\n    send:")
    plan = folder.plan()
    assert (plan.decision.kind, plan.steps[0].due, plan.steps[0].batch, plan.exit_status) == ("none", "no", None, 0)


def test_one_step_alone(folder: Folder) -> None:
    (step,) = steps(folder, step="alarm").steps
    assert (step.index, step.due, step.condition) == (3, "yes", "run.failed")


def test_a_message_that_cannot_be_made(folder: Folder) -> None:
    steps(folder)
    folder.change("subject: done", 'subject: "{{ 1 / 0 }}"')
    plan = folder.plan()
    assert (plan.exit_status, plan.error, plan.steps[1].error) == (65, None, None)
    assert "division by zero" in str(plan.steps[2].error)
    folder.change("if: steps.team.members", "continue_on_error: true, if: steps.team.members")
    folder.change("if: run.failed", "continue_on_error: true, if: run.failed")
    assert folder.plan().exit_status == 0


def test_who_interrupts_is_heard_and_nothing_is_left(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    def interrupted(*_: object) -> None:
        raise Interrupted("interrupted")

    place = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr("tempfile.tempdir", str(place))
    monkeypatch.setattr(Preflight, "run", interrupted)
    with pytest.raises(Interrupted):
        folder.write().plan()
    assert list(place.iterdir()) == []
