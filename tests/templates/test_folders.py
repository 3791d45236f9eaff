"""Included templates: where they may come from, and how their errors are told."""

from __future__ import annotations

import pytest

from mailjobs.errors import DataError, JobError
from mailjobs.templates import Templates


@pytest.fixture
def folders(tmp_path):
    for name in ("job", "base", "outside"):
        (tmp_path / name).mkdir()
    return tmp_path


@pytest.fixture
def templates(folders):
    return Templates([folders / "job", folders / "base"])


def test_the_nearest_folder_wins_and_the_base_is_searched_too(folders, templates, template):
    (folders / "base" / "a.j2").write_text("base a")
    (folders / "base" / "b.j2").write_text("base b")
    (folders / "job" / "a.j2").write_text("job a")
    assert templates.text(template("{% include 'a.j2' %} {% include 'b.j2' %}")).render({}) == "job a base b"


def test_included_templates_escape_as_the_one_that_includes_them(folders, templates, template):
    (folders / "job" / "a.txt").write_text("{{ row.x }}")
    source = template("{% include 'a.txt' %}")
    assert templates.html(source).render({"row": {"x": "<"}}) == "&lt;"
    assert templates.text(source).render({"row": {"x": "<"}}) == "<"


@pytest.mark.parametrize("name", ["../outside/x.j2", "link.j2", "linked/x.j2", "/etc/passwd"])
def test_nothing_outside_the_folders_is_read(folders, templates, template, name):
    (folders / "outside" / "x.j2").write_text("secret")
    (folders / "job" / "link.j2").symlink_to(folders / "outside" / "x.j2")
    (folders / "job" / "linked").symlink_to(folders / "outside")
    with pytest.raises(JobError, match="folder"):
        templates.text(template(f"{{% include '{name}' %}}"))
    with pytest.raises(DataError, match="folder"):
        templates.text(template("{% include row.file %}")).render({"row": {"file": name}})


def test_a_link_within_the_folders_may_be_followed(folders, templates, template):
    (folders / "base" / "x.j2").write_text("fine")
    (folders / "job" / "link.j2").symlink_to(folders / "base" / "x.j2")
    assert templates.text(template("{% include 'link.j2' %}")).render({}) == "fine"


def test_an_error_in_an_included_template_has_its_file_and_line(folders, templates, template):
    (folders / "job" / "a.j2").write_text("one\n{{ row.nope }}\n")
    with pytest.raises(DataError) as caught:
        templates.text(template("{% include 'a.j2' %}")).render({"row": {}})
    (problem,) = caught.value.problems
    assert (problem.place.file, problem.place.line) == (str(folders / "job" / "a.j2"), 2)
    assert problem.source == "{{ row.nope }}"
    assert "job.yaml:10" in problem.hint


def test_an_imported_template_that_needs_the_context_is_told_so(folders, templates, template):
    (folders / "job" / "a.j2").write_text("{% macro m() %}{{ row.x }}{% endmacro %}")
    with pytest.raises(DataError) as caught:
        templates.text(template("{% import 'a.j2' as a %}{{ a.m() }}")).render({"row": {"x": "1"}})
    (problem,) = caught.value.problems
    assert problem.message == "'row' is undefined"
    assert "`with context`" in problem.hint
    good = "{% import 'a.j2' as a with context %}{{ a.m() }}"
    assert templates.text(template(good)).render({"row": {"x": "1"}}) == "1"


def test_a_missing_include_deep_down_is_found_when_compiled(folders, templates, template):
    (folders / "job" / "a.j2").write_text("\n{% include 'none.j2' %}")
    with pytest.raises(JobError) as caught:
        templates.text(template("{% include 'a.j2' %}"))
    assert (caught.value.place.file, caught.value.place.line) == (str(folders / "job" / "a.j2"), 2)


def test_a_syntax_error_in_an_included_template_has_its_file(folders, templates, template):
    (folders / "job" / "a.j2").write_text("\n\n{{ ")
    with pytest.raises(JobError) as caught:
        templates.text(template("{% include 'a.j2' %}"))
    assert (caught.value.place.file, caught.value.place.line) == (str(folders / "job" / "a.j2"), 3)


def test_an_include_that_may_be_missing_is_not_needed(templates, template):
    assert templates.text(template("a{% include 'none.j2' ignore missing %}")).render({}) == "a"


def test_a_template_that_is_not_utf8_is_refused(folders, templates, template):
    (folders / "job" / "a.j2").write_bytes(b"\xff")
    with pytest.raises(JobError, match="UTF-8"):
        templates.text(template("{% include 'a.j2' %}"))


def test_a_template_that_includes_itself_ends(folders, templates, template):
    (folders / "job" / "a.j2").write_text("{% include 'a.j2' %}")
    with pytest.raises(JobError, match="too deeply"):
        templates.text(template("{% include 'a.j2' %}")).render({})
