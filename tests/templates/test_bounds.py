"""Templates that want all of the memory."""

from __future__ import annotations

import pytest

from mailjobs.errors import JobError
from mailjobs.templates import Templates, bounds

GREEDY = [
    "{{ 'x' * 10**9 }}",
    "{{ 10**9 * 'x' }}",
    "{{ [0] * 10**9 }}",
    "{{ 10**(10**9) }}",
    "{% set a = 'x' * 9000000 %}{% set b = a ~ a %}{{ b }}",
    "{% set a = 'x' * 9000000 %}{% set b = a + a %}{{ b }}",
    "{% set ns = namespace(x='a') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
    "{% set a = ['x' * 1000] * 1000 %}{% set b = [a] * 1000 %}{{ [b] * 1000 }}",
    "{% set a = ['x' * 1000] * 1000 %}{% set b = [a] * 1000 %}{{ [b] * 1000 ~ '' }}",
    "{% set a = ['x' * 1000] * 1000 %}{% set b = [a] * 1000 %}{{ ([b] * 1000) | string }}",
    "{% set a = ['x' * 1000] * 1000 %}{% set b = [a] * 1000 %}{{ ([b] * 1000) | tojson }}",
    "{% set a = ['x' * 1000] * 1000 %}{% set b = [a] * 1000 %}{{ '%s' % ([b] * 1000) }}",
    "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
    "{% for a in range(10**8) %}{% endfor %}",
    "{% for i in range(30) %}{{ 'x' * 9000000 }}{% endfor %}",
    "{{ '%1000000000d' % 1 }}",
    "{{ '%.*f' % (1000000000, 1) }}",
    "{{ '%*d' % (1000000000, 1) }}",
    "{{ '%-1000000000s' % 1 }}",
    "{{ '%.1000000000f' % 1 }}",
    "{{ '%(a(b))1000000000d' % {'a(b)': 1} }}",
    "{{ '%1000000000d' | format(1) }}",
    "{{ '{:1000000000}'.format(1) }}",
    "{{ '{:{}}'.format(1, 1000000000) }}",
    "{{ 'x'.ljust(1000000000) }}",
    "{{ 'x' | center(1000000000) }}",
    "{{ 'x' | indent(1000000000, true) }}",
    "{{ ['x'] | map('center', 1000000000) | list }}",
    "{{ '\t\t'.expandtabs(1000000000) }}",
    "{{ 5 | round(-1000000000) }}",
    "{{ (1).to_bytes(1000000000, 'big') }}",
    "{{ ('x' * 9000000).replace('x', 'y' * 1000) }}",
    "{{ ('x' * 9000000) | replace('x', 'y' * 1000) }}",
    "{{ ('y' * 9000000).join(['a', 'b', 'c']) }}",
    "{{ ['a', 'b', 'c'] | join('y' * 9000000) }}",
    "{{ ('x' * 1000000).translate({120: 'y' * 1000000}) }}",
    "{{ ([range(100000) | list] * 1000) | sum(start=[]) }}",
    "{% macro f(n) %}{{ f(n) }}{% endmacro %}{{ f(1) }}",
]


@pytest.mark.parametrize("source", GREEDY)
def test_a_greedy_template_is_refused(template, source):
    with pytest.raises(JobError):
        Templates([]).text(template(source)).render({})


def test_a_text_above_the_bound_is_refused(template, monkeypatch):
    monkeypatch.setattr(bounds, "MAX_RENDERED", 1000)
    rendering = Templates([]).text(template("{% for i in range(n) %}0123456789{% endfor %}"))
    assert len(rendering.render({"n": 100})) == 1000
    with pytest.raises(JobError, match="larger than"):
        rendering.render({"n": 101})


def test_each_rendering_has_an_account_of_its_own(template):
    rendering = Templates([]).text(template("{% for i in range(90000) %}{% endfor %}{{ 'x' * 9000000 }}"))
    for _ in range(35):
        assert len(rendering.render({})) == 9_000_000


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{% for x in [1, 2] %}{{ loop.index }}/{{ loop.length }} {% endfor %}", "1/2 2/2 "),
        ("{% for x in 'ab' recursive %}{{ x }}{% endfor %}", "ab"),
        ("{% for k, v in {'a': 1}.items() %}{{ k ~ v ~ '!' }}{% endfor %}", "a1!"),
        ("{% for x in [1, 2, 3] | select('odd') %}{{ x }}{% else %}none{% endfor %}", "13"),
        ("{{ 'a' * 3 }}{{ 2 ** 10 }}{{ 7 % 4 }}{{ '%05.1f' % 3.14159 }}{{ '{:>4}'.format('x') }}", "aaa10243003.1   x"),
        (
            "{{ '{}: {:>3}'.format('a', 1) }}{{ 'Order 1234567: %s' % 'x' }}{{ 'n 1234567: {}'.format(2) }}",
            "a:   1Order 1234567: xn 1234567: 2",
        ),
        ("{{ [1, 2] | sum }}{{ [[1], [2]] | sum(start=[]) }}{{ 5000000 | string }}", "3[1, 2]5000000"),
        ("{{ [{'a': 1}, {'a': 2}] | sum(attribute='a') }}{{ ['a', 'b'] | join(', ') }}", "3a, b"),
        (
            "{{ x | default(9000000) }}{{ 9000000 | filesizeformat }}{{ 'aXa' | replace('a', 'bb') }}",
            "90000009.0 MBbbXbb",
        ),
    ],
)
def test_what_is_modest_works_as_in_jinja(template, source, text):
    assert Templates([]).text(template(source)).render({}) == text


def test_joining_escapes_in_html_as_jinja_does(template):
    rendering = Templates([]).html(template("{{ row.a ~ ('<i>' | safe) }}{{ [row.a, '<'] | join('<br>' | safe) }}"))
    assert rendering.render({"row": {"a": "&"}}) == "&amp;<i>&amp;<br>&lt;"
