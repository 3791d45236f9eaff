"""What templates give, and what is said of those that give nothing."""

from __future__ import annotations

import threading
from datetime import date, datetime

import pytest

from mailjobs.errors import DataError, JobError
from mailjobs.templates import Templates

SCOPE = {"row": {"name": "Bob", "items": "3", "email": "b@x.test"}, "vars": {"team": "Ops"}, "steps": {}, "run": {}}


@pytest.fixture
def templates(tmp_path):
    return Templates([tmp_path])


def failure(render, scope=SCOPE):
    with pytest.raises(JobError) as caught:
        render(scope)
    return caught.value


def test_text_keeps_values_and_its_final_newline(templates, template):
    assert templates.text(template("<{{ row.name }}> & co\n")).render({"row": {"name": "A&B"}}) == "<A&B> & co\n"


def test_html_escapes_values_only(templates, template):
    assert templates.html(template("<p>{{ row.name }}</p>")).render({"row": {"name": "A&<B"}}) == "<p>A&amp;&lt;B</p>"


def test_a_template_without_holes_is_a_constant(templates, template):
    assert templates.text(template("plain\n")).constant == "plain\n"
    assert templates.text(template("{% if 1 %}x{% endif %}")).constant is None
    assert templates.text(template("{{ 'x' }}")).constant is None


@pytest.mark.parametrize("column", ["items", "keys", "values", "get", "copy", "pop"])
def test_a_column_is_found_before_a_method_of_its_name(templates, template, column):
    assert templates.text(template(f"{{{{ row.{column} }}}}")).render({"row": {column: "cell"}}) == "cell"


def test_an_unknown_attribute_is_named_with_its_line_and_the_nearest(templates, template):
    error = failure(templates.text(template("one\ntwo {{ row.name }}\n{{ row.nmae }}\n")).render)
    assert isinstance(error, DataError)
    (problem,) = error.problems
    assert problem.message == "'row.nmae' is undefined"
    assert problem.hint == "did you mean 'row.name'?"
    assert (problem.place.file, problem.place.line, problem.source) == ("job.yaml", 13, "{{ row.nmae }}")


def test_a_bare_column_is_told_where_it_lives(templates, template):
    assert failure(templates.text(template("{{ name }}")).render).hint == "did you mean 'row.name'?"


def test_an_error_without_a_row_is_the_jobs(templates, template):
    error = failure(templates.text(template("{{ vars.taem }}")).render, {"vars": {"team": "x"}})
    assert type(error) is JobError
    assert error.hint == "did you mean 'vars.team'?"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ row.name + 1 }}", "str"),
        ("{{ row.name | number }}", "'Bob' is not a number"),
        ("{{ 'x' | date }}", "neither a date nor"),
        ("{{ row.name.__class__ }}", "unsafe"),
        ("{{ cycler }}", "undefined"),
        ("{{ lipsum }}", "undefined"),
        ("{{ namespace.__init__.__globals__ }}", "unsafe"),
        ("{{ steps.relay.x }}", "'steps.relay' is undefined"),
    ],
)
def test_what_fails_in_rendering_is_told_in_words(templates, template, source, words):
    error = failure(templates.text(template("first\n" + source)).render)
    assert words in error.problems[0].message
    assert error.problems[0].place.line == 12


@pytest.mark.parametrize(
    ("source", "line", "words"),
    [
        ("a\n{% if x %}", 12, "endif"),
        ("a\nb {{ ( }}", 12, "unexpected"),
        ("{{ row.x | uper }}", 11, "No filter named 'uper'"),
        ("{{ [1] | random }}", 11, "No filter named 'random'"),
        ("{% include 'none.j2' %}", 11, "'none.j2' does not exist"),
        ("{{ " + "(" * 300 + "1" + ")" * 300 + " }}", 11, "nests too deeply"),
        ("{{ " + "9" * 5000 + " }}", 11, "too large a number"),
    ],
)
def test_a_template_that_cannot_be_compiled_is_told_with_its_line(templates, template, source, line, words):
    with pytest.raises(JobError) as caught:
        templates.text(template(source))
    (problem,) = caught.value.problems
    assert words in problem.message
    assert (problem.place.line, problem.source) == (line, source.splitlines()[line - 11])


def test_a_misspelt_filter_is_told_the_nearest(templates, template):
    with pytest.raises(JobError) as caught:
        templates.text(template("{{ row.x | uper }}"))
    assert caught.value.hint == "did you mean 'upper'?"


@pytest.mark.parametrize("source", ["{{ row.name == 'x' }}", "row.name == 'x'", "\n  {{ row.name == 'x' }}\n"])
def test_an_expression_is_false_and_not_the_word(templates, template, source):
    assert templates.expression(template(source))(SCOPE) is False


def test_an_expression_gives_native_values(templates, template):
    assert templates.expression(template("[1, row.items | int]"))(SCOPE) == [1, 3]
    assert templates.expression(template("steps.relay is defined"))(SCOPE) is False


@pytest.mark.parametrize("source", ["", "{{ }}", "a }} {{ b", "row.name and", "{% if x %}"])
def test_what_is_no_expression_is_refused(templates, template, source):
    with pytest.raises(JobError):
        templates.expression(template(source))


def test_an_undefined_expression_is_an_error(templates, template):
    assert "'row.nope' is undefined" in failure(templates.expression(template("row.nope"))).message


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{{ '1234567.895' | number(2) }}", "1,234,567.90"),
        ("{{ 1234.5 | number(2, '.', ',') }}", "1.234,50"),
        ("{{ '-0.005' | number(2) }}", "-0.01"),
        ("{{ '1200' | number }}", "1,200"),
        ("{{ '2024-03-01' | date('%d.%m.%Y') }}", "01.03.2024"),
        ("{{ '2024-03-01T21:24:52Z' | date('%H:%M') }}", "21:24"),
        ("{{ day | date }} {{ moment | date('%H') }}", "2024-03-01 07"),
        ("{{ ['a@x', 'b@x'] | addresses }}", "a@x, b@x"),
    ],
)
def test_filters_of_our_own(templates, template, source, text):
    scope = {"day": date(2024, 3, 1), "moment": datetime(2024, 3, 1, 7)}
    assert templates.text(template(source)).render(scope) == text


@pytest.mark.parametrize(
    "source", ["{{ '1e9999999' | number }}", "{{ 'NaN' | number }}", "{{ day | date('%999999999Y') }}"]
)
def test_filters_refuse_what_would_be_huge(templates, template, source):
    assert failure(templates.text(template(source)).render, {"day": date(2024, 3, 1)})


def test_one_source_in_two_places_is_blamed_where_it_stands(templates, template):
    first, second = template("{{ row.x }}"), template("{{ row.x }}")
    second = type(second)(second.source, second.place, second.start.below(30))
    templates.text(first)
    assert failure(templates.text(second).render).problems[0].place.line == 41


def test_threads_do_not_mix_their_holes(templates, template):
    rendering = templates.holes(template("{{ row.a }} {{ row.b }}"))
    wrong = []

    def work(mine):
        for _ in range(300):
            if list(rendering.holes({"row": {"a": mine, "b": mine}}).values) != [mine, mine]:
                wrong.append(mine)

    threads = [threading.Thread(target=work, args=(str(number),)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
