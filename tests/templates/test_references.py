"""Which names a template takes from its scope."""

from __future__ import annotations

import pytest

from mailjobs.errors import JobError
from mailjobs.templates import Templates

CASES = [
    ("{{ row.a }} {{ row['b'] }} {{ vars.c }}", {"row.a", "row.b", "vars.c"}),
    ("{{ steps.relay.greeting.text }}", {"steps.relay"}),
    ("{{ name }} {{ row[column] }}", {"name", "row", "column"}),
    ("{{ 1 + row.x }}{{ row.y ~ 'a' }}{{ row.z | upper }}", {"row.x", "row.y", "row.z"}),
    ("{% set a = row.x %}{{ a.y }}", {"row.x"}),
    ("{{ a }}{% set a = 1 %}{{ a }}", {"a"}),
    ("{% for x in row.l %}{{ x.y }}{{ loop.index }}{% set z = 1 %}{% endfor %}{{ x }}{{ z }}", {"row.l", "x", "z"}),
    ("{% for x in row.l if x.ok %}{% else %}{{ row.e }}{% endfor %}", {"row.l", "row.e"}),
    ("{% if row.c %}{% set a = 1 %}{% else %}{% set a = 2 %}{% endif %}{{ a }}", {"row.c"}),
    ("{% with a = row.x %}{{ a }}{% endwith %}{{ a }}", {"row.x", "a"}),
    ("{% macro m(a, b=row.d) %}{{ a }}{{ b }}{{ c }}{{ varargs }}{% endmacro %}{{ m(1) }}", {"row.d", "c"}),
    ("{% set t %}{{ row.x }}{% endset %}{{ t }}", {"row.x"}),
    ("{{ range(3) }}{{ dict(a=1) }}{{ namespace() }}", set()),
    ("{{ row.a | default('x') }}{{ row.b | d(row.c) }}", {"row.c"}),
    ("{{ row.a is defined }}{{ row.b is undefined }}{{ name is defined }}", set()),
    ("{% if row.a is defined %}{{ row.a }}{{ row.b }}{% else %}{{ row.a }}{% endif %}", {"row.b", "row.a"}),
    ("{% if row.a is defined and row.a > 1 %}{{ row.a }}{% endif %}", set()),
    ("{{ row.a if row.a is defined else row.b }}", {"row.b"}),
    ("{{ row.a is not defined or row.a }}{{ row.b is undefined or row.b }}", set()),
    ("{% if row.a is not defined %}{{ row.b }}{% else %}{{ row.a }}{% endif %}", {"row.b"}),
    ("{% if 'a' in row %}{{ row.a }}{% endif %}", {"row"}),
    ("{% if row.a is not defined %}x{% elif row.a %}{{ row.a }}{% endif %}", set()),
]


@pytest.mark.parametrize(("source", "names"), CASES)
def test_references(template, source, names):
    found = Templates([]).references(template(source))
    assert {f"{one.root}.{one.attribute}".rstrip(".") for one in found} == names


def test_a_reference_has_its_line_and_place(template):
    (found,) = Templates([]).references(template("one\n{{ row.a }}"))
    assert (found.root, found.attribute, found.line, found.place.line, found.source) == (
        "row",
        "a",
        2,
        12,
        "{{ row.a }}",
    )


def test_expressions_have_references_too(template):
    found = Templates([]).references(template("{{ row.a and vars.b is defined }}"), expression=True)
    assert {(one.root, one.attribute) for one in found} == {("row", "a")}


def test_included_templates_are_walked_over_once_and_with_their_own_lines(tmp_path, template):
    (tmp_path / "a.j2").write_text("\n{{ row.deep }}{{ here }}{% include 'a.j2' %}")
    found = Templates([tmp_path]).references(template("{% set here = 1 %}{% include 'a.j2' %}"))
    (one,) = found
    assert (one.attribute, one.place.file, one.place.line) == ("deep", str(tmp_path / "a.j2"), 2)


def test_a_missing_include_is_an_error_here_too(tmp_path, template):
    with pytest.raises(JobError, match="does not exist"):
        Templates([tmp_path]).references(template("{% include 'none.j2' %}"))
