"""How what a run would be made of differs from the last one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mailjobs.rows.changes import ColumnChange, RowChange, RowChanges
from mailjobs.run.changes import SHOWN_FILES, SHOWN_LINES, FileChange, PartChange
from mailjobs.run.plan import Plan
from tests.run.test_plan import JOB, Folder

Sink = Callable[..., int]
RICH = JOB.replace('text: "hello {{{{ vars.who }}}}"', 'text: {{file: body.txt.j2}}, attachments: ["*.pdf"]')


@pytest.fixture
def done(tmp_path: Path, smtp_sink: Sink) -> Folder:
    """A job that was run."""
    folder = Folder(tmp_path)
    (tmp_path / "body.txt.j2").write_text("Dear {{ vars.who }},\n\nthe rest\n{% include 'foot.j2' %}\n")
    (tmp_path / "foot.j2").write_text("Regards\n")
    for name in ("a.pdf", "b.pdf", "c.pdf"):
        (tmp_path / name).write_text(name)
    folder.write(smtp_sink(), RICH, guards="{max_recipients: 100}")
    assert folder.run().exit_status == 0
    return folder


def parts(plan: Plan) -> dict[str, PartChange]:
    """What changed, by its name."""
    assert plan.changes is not None
    return {f"{part.step or ''}{part.part}": part for part in plan.changes.parts}


def the(plan: Plan, name: str) -> PartChange:
    """The one change there is."""
    found = parts(plan)
    assert [*found] == [name]
    return found[name]


def test_without_the_question_there_are_names_alone(done: Folder) -> None:
    assert done.plan(how=True).changes is not None
    assert parts(done.plan(how=True)) == {}
    done.change("world", "all")
    assert the(done.plan(), "vars") == PartChange("vars", None)
    assert not the(done.plan(), "vars").known


@pytest.mark.parametrize(
    ("part", "old", "new", "diff"),
    [
        ("vars", "world", "all", ("@@ -1 +1 @@", "-who: world", "+who: all")),
        ("guards", "100", "99", ("@@ -1 +1 @@", "-max_recipients: 100", "+max_recipients: 99")),
        ("server", "tls: none", "tls: starttls",
         ("@@ -3,3 +3,3 @@", " hello: me", " tls:", "-  mode: none", "+  mode: starttls")),
        ("where", "connections: 1", "where: row.id != '9'", ("@@ -0,0 +1 @@", "+row.id != '9'")),
        ("limit", "connections: 1", "limit: 7", ("@@ -0,0 +1 @@", "+limit: 7")),
        ("message", "for {{ row.id }}", "{{ row.id }}",
         ("@@ -3,5 +3,5 @@", " to:", '   - "{{ row.to }}"', "-subject: for {{ row.id }}", '+subject: "{{ row.id }}"',
          " text: |", "   Dear {{ vars.who }},")),
    ],
)  # fmt: skip
def test_texts_are_told_line_by_line(done: Folder, part: str, old: str, new: str, diff: tuple[str, ...]) -> None:
    done.change(old, new)
    assert the(done.plan(how=True), part) == PartChange(part, None, diff)


def test_a_template_and_what_it_includes(done: Folder) -> None:
    body, foot = done.path / "body.txt.j2", done.path / "foot.j2"
    body.write_text(body.read_text().replace("Dear", "Hello"))
    foot.write_text("Best regards\n")
    found = parts(done.plan(how=True))
    assert [line for line in found["message"].diff if line[0] in "+-"] == [
        "-  Dear {{ vars.who }},",
        "+  Hello {{ vars.who }},",
    ]
    assert found["templates"].diff[-2:] == ("-  Regards", "+  Best regards")


def test_attachments_by_name(done: Folder) -> None:
    (done.path / "a.pdf").unlink()
    (done.path / "b.pdf").write_text("other")
    (done.path / "d.pdf").write_text("d")
    found = the(done.plan(how=True), "attachments").files
    assert found == (FileChange("a.pdf", "removed"), FileChange("b.pdf", "changed"), FileChange("d.pdf", "added"))


def test_of_too_many_attachments_the_first_are_known(done: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailjobs.prepare.fingerprint.LONGEST", 400)
    for number in range(20):
        (done.path / f"n{number:02}.pdf").write_text("")
    done.run()
    for name in ("a.pdf", "n01.pdf", "n19.pdf", "a1.pdf", "a2.pdf", "a3.pdf"):
        (done.path / name).write_text("other")
    (done.path / "b.pdf").unlink()
    found = the(done.plan(how=True), "attachments")
    assert [f"{file.name} {file.change}" for file in found.files] == [
        "a.pdf changed",
        "a1.pdf added",
        "a2.pdf added",
        "a3.pdf added",
        "b.pdf removed",
        "n01.pdf changed",
    ]
    assert found.note.startswith("there are too many names to know of those after n1")


def test_rows_by_key(done: Folder) -> None:
    done.rows(0, "1,p1@x.test", "2,other@x.test", "4,p4@x.test", "5,p5@x.test", "9,p9@x.test")
    assert the(done.plan(how=True), "data").rows == RowChanges(
        1, 1, 1, 3, ("9",), ("3",), (RowChange("2", (ColumnChange("to", "p2@x.test", "other@x.test"),)),)
    )


def test_rows_in_another_order(done: Folder) -> None:
    done.rows(0, *[f"{number},p{number}@x.test" for number in (5, 4, 3, 2, 1)])
    assert the(done.plan(how=True), "data").note == "the same rows, in another order"


def test_much_is_counted(done: Folder) -> None:
    (done.path / "body.txt.j2").write_text("x\n" * (SHOWN_LINES + 50))
    for number in range(SHOWN_FILES + 5):
        (done.path / f"n{number:03}.pdf").write_text("")
    found = parts(done.plan(how=True))
    assert (len(found["message"].diff), len(found["attachments"].files)) == (SHOWN_LINES, SHOWN_FILES)
    assert (found["message"].more > 50, found["attachments"].more) == (True, 5)


def test_one_long_line_is_told_in_pieces(done: Folder) -> None:
    html = "".join(f"<p>{number}</p>" for number in range(1000))
    done.change("text: {file: body.txt.j2}", f"html: '{html}', text: x")
    done.run()
    done.change("<p>500</p>", f"<p>{'y' * 5000}</p>")
    diff = the(done.plan(how=True), "message").diff
    assert [line[:40] for line in diff if line[0] in "+-"] == ["-500</p>", f"+{'y' * 39}"]
    assert max(map(len, diff)) < 500


@pytest.mark.parametrize("lost", ["parts.json", "m.people.rows"])
def test_what_was_not_kept_is_said_to_be_unknown(done: Folder, lost: str) -> None:
    done.change("world", "all")
    done.rows(6)
    (file,) = done.path.glob(f".mailjobs/*/runs/*/{lost}")
    file.unlink()
    found = parts(done.plan(how=True))
    lacking, other = ("vars", "data") if lost == "parts.json" else ("data", "vars")
    assert found[lacking].note == "what it was before is not kept"
    assert not found[other].note


def test_a_part_that_reads_the_same_was_kept_by_another_version(done: Folder) -> None:
    (file,) = done.path.glob(".mailjobs/*/runs/*/run.json")
    digest = next(part for line in file.read_text().splitlines() if '"vars"' in line for part in line.split('"')[3:4])
    file.write_text(file.read_text().replace(digest, "0" * 32))
    assert the(done.plan(how=True), "vars").note.startswith("it reads the same as what mailjobs ")


def test_one_batch_becomes_two(done: Folder) -> None:
    done.change("  - send:", "  - {id: more, send: {message: m, for_each: people, limit: 1}}\n  - send:")
    found = parts(done.plan(how=True))
    assert [*found] == ["moredata"]
    assert found["moredata"].note == "the batch is new"
    assert done.run().exit_status == 0
    done.rows(6)
    done.change("world", "all")
    found = parts(done.plan(how=True))
    assert [*found] == ["vars", "m.peopledata"]
    assert found["m.peopledata"].rows is not None
    assert found["m.peopledata"].rows.first_added == ("6",)


def test_a_batch_that_is_gone(done: Folder) -> None:
    done.change("people: {csv", "folk: {csv")
    done.change("for_each: people", "for_each: folk")
    found = parts(done.plan(how=True))
    assert {name: part.note for name, part in found.items()} == {
        "data": "the batch is new",
        "m.peopledata": "the batch is gone",
    }


def test_a_staged_run_is_compared_with_staged_ones(done: Folder) -> None:
    assert done.plan(redirect_to="qa@x.test").changes is None
    done.run(redirect_to="qa@x.test")
    done.change("world", "all")
    staged, real = done.plan(redirect_to="qa@x.test").changes, done.plan().changes
    assert staged is not None
    assert real is not None
    assert staged.run != real.run
    assert len(staged.parts) == len(real.parts) == 1
