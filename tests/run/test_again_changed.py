"""What counts as changed since a run, and what does not."""

from __future__ import annotations

import os

import pytest

from tests.fixtures.picky import Jobs

PNG = b"\x89PNG\r\n\x1a\n"
STEP = "  - send: {message: m, for_each: c, preflight: %s}\n"
MODES = ["full", "sample", "off"]


def left(jobs: Jobs, part: str, mode: str = "full") -> Jobs:
    """A run of a message with `part`, in which one is left."""
    jobs.write(STEP % mode)
    jobs.edit('text: "Hello {{ row.id }}"', f'text: "Hello {{{{ row.id }}}}", {part}', 1)
    jobs.rows("c", "1 u1@x.test", "2 def2@x.test")
    return broken_off(jobs)


def broken_off(jobs: Jobs) -> Jobs:
    assert jobs.sends() == (75, ["m 1: u1@x.test"])
    jobs.server.kind = True
    return jobs


def goes_on(jobs: Jobs) -> bool:
    status, sent = jobs.sends()
    assert (status, sent) in ((0, ["m 2: def2@x.test"]), (77, []))
    return status == 0


@pytest.mark.parametrize("mode", MODES)
def test_what_else_lies_in_the_folder_of_attachments_does_not_count(jobs: Jobs, mode: str) -> None:
    for name in ("1.pdf", "2.pdf"):
        (jobs.folder / name).write_text("x")
    left(jobs, 'attachments: ["{{ row.id }}.pdf"]', mode)
    (jobs.folder / "report.json").write_text("{}")
    os.utime(jobs.folder / "1.pdf", (1, 1))
    assert goes_on(jobs)


def test_attachments_of_other_rows_do_not_count(jobs: Jobs) -> None:
    for name in ("1.pdf", "2.pdf"):
        (jobs.folder / name).write_text("x")
    left(jobs, 'attachments: ["{{ row.id }}.pdf"]')
    (jobs.folder / "3.pdf").write_text("x")
    assert goes_on(jobs)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("size", [3, 2_000_000])
def test_an_attachment_that_changed_counts(jobs: Jobs, mode: str, size: int) -> None:
    for name in ("1.pdf", "2.pdf"):
        (jobs.folder / name).write_bytes(b"x" * size)
    left(jobs, 'attachments: ["{{ row.id }}.pdf"]', mode)
    (jobs.folder / "2.pdf").write_bytes(b"x" * (size - 1) + (b"y" if mode == "full" else b"yy"))
    assert not goes_on(jobs)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "part",
    [
        "attachments: [logo.png]",
        "attachments: ['*.png']",
        'html: "<img src=logo.png>"',
        'html: "<p>{{ row.id }}<img src=logo.png>"',
        'html: "{{ row.id }} <img src=\\"{{ vars.logo }}\\">"',
    ],
)
def test_files_that_are_the_same_for_all_count(jobs: Jobs, mode: str, part: str) -> None:
    (jobs.folder / "logo.png").write_bytes(PNG + b"1")
    left(jobs, part, mode) if "vars" not in part else _with_vars(jobs, part, mode)
    os.utime(jobs.folder / "logo.png", (1, 1))
    (jobs.folder / "logo.png").write_bytes(PNG + b"2")
    assert not goes_on(jobs)
    (jobs.folder / "logo.png").write_bytes(PNG + b"1")
    assert goes_on(jobs)


def _with_vars(jobs: Jobs, part: str, mode: str) -> None:
    jobs.write("vars: {logo: logo.png}\nsteps:\n" + STEP % mode, **{"steps:\n": ""})
    jobs.edit('text: "Hello {{ row.id }}"', f'text: "Hello {{{{ row.id }}}}", {part}', 1)
    jobs.rows("c", "1 u1@x.test", "2 def2@x.test")
    broken_off(jobs)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "text",
    [
        "{% include 'p.j2' %}",
        "{% include ['no.j2', 'p.j2'] %}",
        "{% include vars.part %}",
        "{% include 'p.j2' if row.id else 'q.j2' %}",
        "{% import 'p.j2' as p %}x",
    ],
)
def test_templates_that_come_into_the_text_count(jobs: Jobs, mode: str, text: str) -> None:
    for name in ("p.j2", "q.j2"):
        (jobs.folder / name).write_text("one")
    jobs.write("vars: {part: p.j2}\nsteps:\n" + STEP % mode, **{"steps:\n": ""})
    jobs.edit("Hello {{ row.id }}", text, 1)
    jobs.rows("c", "1 u1@x.test", "2 def2@x.test")
    broken_off(jobs)
    (jobs.folder / "p.j2").write_text("two")
    done = jobs.run()
    assert "templates changed" in done.text
    (jobs.folder / "p.j2").write_text("one")
    assert goes_on(jobs)


def rewritten(jobs: Jobs, old: str, new: str) -> None:
    path = jobs.folder / "c.csv"
    path.write_text(path.read_text().replace(old, new))


@pytest.mark.parametrize(("old", "new"), [("1,", "\n1,"), ("\n", "\r\n"), ("x.test\n2", "x.test\n\n\n2"), (",", ";")])
def test_where_rows_stand_in_their_file_does_not_count(jobs: Jobs, old: str, new: str) -> None:
    left(jobs, "importance: low")
    rewritten(jobs, old, new)
    assert goes_on(jobs)


def test_blanks_of_a_condition_do_not_count(jobs: Jobs) -> None:
    jobs.write("  - send: {message: m, for_each: c, where: \"row.id != 'x  y'\"}\n")
    jobs.rows("c", "1 u1@x.test", "2 def2@x.test")
    broken_off(jobs)
    jobs.edit("row.id != 'x  y'", "{{ row.id!='x  y' }}")
    assert goes_on(jobs)
    jobs.server.kind = False
    jobs.run("--again")
    jobs.server.sent()
    jobs.server.kind = True
    jobs.edit("'x  y'", "'x y'")
    assert not goes_on(jobs)


def test_the_case_of_a_domain_makes_no_other_person(jobs: Jobs) -> None:
    left(jobs, "importance: low")
    jobs.rows("c", "1 u1@X.TEST", "2 def2@x.test", "3 u3@x.test")
    assert jobs.sends("--accept-changes") == (0, ["m 2: def2@x.test", "m 3: u3@x.test"])


def test_the_case_before_the_at_does(jobs: Jobs) -> None:
    left(jobs, "importance: low")
    jobs.rows("c", "1 U1@x.test", "2 def2@x.test")
    assert jobs.sends("--accept-changes") == (0, ["m 1: U1@x.test", "m 2: def2@x.test"])


def test_who_is_asked_to_confirm_is_told_of_all_new_addresses(jobs: Jobs) -> None:
    left(jobs, "importance: low")
    jobs.path.write_text(jobs.path.read_text() + "guards: {confirm_above: 1}\n")
    jobs.rows("c", "1 new1@x.test", "2 new2@x.test")
    done = jobs.run("--accept-changes")
    assert (done.status, jobs.server.sent()) == (64, [])
    assert "would send to 2 recipients" in done.text
