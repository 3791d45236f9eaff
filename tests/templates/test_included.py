"""Which templates come into a text, and an expression as its words."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailjobs.errors import Place
from mailjobs.model import Template
from mailjobs.templates import Templates

PLACE = Place("job.yaml", 1, 1, "")


def template(source: str) -> Template:
    return Template(source, PLACE, PLACE)


@pytest.fixture
def templates(tmp_path: Path) -> Templates:
    for name, text in {"a": "A{% include 'b' %}", "b": "B", "c": "C", "m": "{% macro f() %}F{% endmacro %}"}.items():
        (tmp_path / name).write_text(text)
    return Templates([tmp_path])


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("a", set()),
        ("{{ 'a' }}", set()),
        ("{% include 'a' %}", {"a", "b"}),
        ("{% include ['no', 'c'] %}", {"c"}),
        ("{% include 'c' if x else 'b' %}", {"b", "c"}),
        ("{% from 'm' import f %}{{ f() }}", {"m"}),
        ("{% import 'm' as m %}", {"m"}),
        ("{% extends 'a' %}", {"a", "b"}),
        ("{% if false %}{% include 'c' %}{% endif %}", {"c"}),
        ("{% include 'no' ignore missing %}", set()),
        ("{% include x %}", set()),
    ],
)
def test_names_that_stand_in_the_text(templates: Templates, source: str, names: set[str]) -> None:
    assert set(templates.included([template(source)])) == names


def test_a_name_that_a_value_gives_is_known_once_it_was_rendered(templates: Templates) -> None:
    source = template("{% include x %}")
    templates.text(source).render({"x": "a"})
    assert templates.included([source]) == {"a": "A{% include 'b' %}", "b": "B"}
    templates.forget_included()
    assert templates.included([source]) == {}
    templates.text(source).render({"x": "c"})
    assert templates.included([]) == {"c": "C"}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("row.a == 'x'", "{{ row.a=='x' }}", True),
        ("row.a == 'x'", "\n row.a ==\n'x'", True),
        ("row.a == 'x y'", "row.a == 'x  y'", False),
        ("row.a == '}}'", "{{ row.a == '}}' }}", True),
        ("not row.a", "notrow.a", False),
        ("row.a", "row.b", False),
    ],
)
def test_words_of_an_expression(templates: Templates, one: str, other: str, same: bool) -> None:
    assert (templates.words(template(one)) == templates.words(template(other))) is same
