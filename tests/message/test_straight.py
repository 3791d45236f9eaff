"""The straight way through a header gives what the long way gives, or leaves the row to it."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mailjobs.errors import FileError, JobError
from mailjobs.templates import row_scope

NAMES = st.one_of(
    st.text(st.sampled_from("abZ 09.,'\"<>@ü=?_-\t\r\n()"), max_size=30),
    st.from_regex(r"[A-Za-z0-9!#=?_-]{1,12}( [A-Za-z]{1,8}){0,3}", fullmatch=True),
    st.text(st.sampled_from("ab "), min_size=60, max_size=90),
)
ADDRESSES = st.one_of(
    st.from_regex(r"[a-z0-9+_.-]{1,12}@[a-z0-9.-]{1,12}", fullmatch=True),
    st.from_regex(r"[a-z]{60,66}@[a-z]{1,3}\.example", fullmatch=True),
    st.text(st.sampled_from('ab.@-_"ü \t,<>'), max_size=20),
)
SHAPES = [
    "{{ row.name }} <{{ row.address }}>",
    "<{{ row.address }}>",
    "{{ row.address }}",
    "{{ row.name }} {{ row.address }}",
]
KEYS = {
    "plain": {},
    "all": {
        "subject": "For {{ row.name }}",
        "reply_to": ("Desk <desk@example.com>",),
        "headers": [("X-Campaign", "spring"), ("X-Row", "{{ row.name }}")],
        "return_path": "bounces@example.com",
    },
}


def long_way(compiled):
    compiled._straight = None
    return compiled


def outcome(compiled, scope, identity):
    try:
        return compiled.fill(scope, identity)
    except JobError as error:
        return [str(problem) for problem in error.problems]
    except FileError as error:
        return str(error)


@settings(max_examples=200, deadline=None)
@given(name=NAMES, address=ADDRESSES, shape=st.sampled_from(SHAPES), keys=st.sampled_from(sorted(KEYS)))
@example("Ann", "ann@example.com", SHAPES[0], "all")
@example("=?utf-8?q?x=0D=0A?=", "ann@example.com", SHAPES[0], "all")
def test_both_ways_give_the_same(desk, name, address, shape, keys):
    scope = {"vars": {}, "row": {"name": name, "address": address}}
    fields = {"to": (shape,), "text": "Dear {{ row.name }}", **KEYS[keys]}
    both = desk.compile(**fields), long_way(desk.compile(**fields))
    straight, long = [outcome(compiled, scope, desk.identity) for compiled in both]
    assert straight == long


def test_usual_rows_go_the_straight_way(desk, monkeypatch):
    compiled = desk.compile(to=(SHAPES[0],), **KEYS["all"])
    monkeypatch.setattr(compiled, "_long_way", lambda scope, identity: pytest.fail("the long way"))
    scope = {"vars": {}, "row": {"name": "Ann B", "address": "ann.b@example.com"}}
    assert dict(compiled.fill(scope, desk.identity).headers)["To"] == "Ann B <ann.b@example.com>"
    assert compiled.recipients(scope) == compiled.fill(scope, desk.identity).recipients


@pytest.mark.parametrize(
    "fields",
    [
        {"cc": ("c@example.com",)},
        {"bcc": ("{{ row.name }}@example.com",)},
        {"from_": "{{ row.address }}"},
        {"to": ("{{ row.address }}", "x@example.com")},
        {"to": ("{{ row.address | lower }}",)},
        {"max_header_length": 40},
        {"return_path": "{{ row.address }}"},
    ],
    ids=str,
)
def test_anything_else_goes_the_long_way(desk, fields):
    compiled = desk.compile(**{"to": (SHAPES[0],), **fields})
    assert compiled._straight is None


@settings(max_examples=150, deadline=None)
@given(
    values=st.tuples(
        *[st.one_of(st.text(max_size=20), st.integers(), st.booleans(), st.none(), st.lists(st.text()))] * 2
    ),
    text=st.text(st.sampled_from("ab%s{}<&\n"), max_size=12),
)
def test_simple_templates_give_what_jinja_gives(desk, values, text):
    from mailjobs.templates import Templates

    source = (
        f"{text}{{{{ row.a }}}}%s{{{{ row['b'] }}}}{text}" if "{{" not in text and "{%" not in text else "{{ row.a }}"
    )
    scope = {"vars": {}, "row": dict(zip("ab", values, strict=True))}
    templates = Templates([])
    for make in (templates.text, templates.html, templates.header):
        try:
            rendering = make(desk.template(source))
        except JobError:
            continue
        results = []
        for _ in range(2):
            try:
                results.append(rendering.render(scope))
            except JobError as error:
                results.append(str(error))
            rendering.simple = None
        assert results[0] == results[1]


VALUES = st.one_of(
    st.sampled_from(
        [
            "Ann",
            "",
            "ann@example.com",
            "O'Brien",
            "J\u00fcrgen",
            "src=x.png",
            "rc=x.png",
            "a\r\nb",
            "50 %",
            "x" * 400,
            ".",
        ]
    ),
    st.text(st.sampled_from("ab .=_%<&'\"\n\r\t\0\u00fc"), max_size=12),
)
PIECES = st.lists(
    st.sampled_from(
        [
            "Dear ",
            "{{ row.name }}",
            "{{ row.city }}",
            "\n",
            ".\n",
            "100 %\n",
            "<img x=",
            "<img ",
            "<img s",
            "=_",
            "\u00fc",
            "a" * 500,
        ]
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=120, deadline=None)
@given(text=PIECES, html=PIECES, name=VALUES, city=VALUES, keys=st.sampled_from(["both", "text", "html"]))
@example(["Dear ", "{{ row.name }}", "\n"], ["<p>", "{{ row.city }}", "."], "Ann", "Rome", "both")
@example(["Dear."], ["<img s", "{{ row.name }}", ">"], "rc=x.png", "", "both")
@example(["Dear."], ["<img ", "{{ row.name }}", ">"], "src=x.png", "", "both")
@example(["Dear."], ["<img ", "{{ row.name }}", "{{ row.city }}", ">"], "s", "rc=x.png", "html")
@example(["Dear\n", "{{ row.name }}"], ["{{ row.name }}", "{{ row.city }}" * 3, "\n"], "", "x" * 400, "both")
def test_both_ways_give_the_same_content(desk, text, html, name, city, keys):
    bodies = {"text": "".join(text)} if keys != "html" else {"text_from_html": False}
    bodies |= {"html": "".join(html)} if keys != "text" else {}
    fields = {"to": (SHAPES[2],), "subject": "For {{ row.name }} ", **bodies}
    scope = row_scope({"vars": {}}, {"name": name, "address": "ann@example.com", "city": city})
    both = desk.compile(**fields), long_way(desk.compile(**fields))
    straight, long = [outcome(compiled, scope, desk.identity) for compiled in both]
    assert straight == long


def test_plain_rows_go_the_straight_way_to_their_content(desk, monkeypatch):
    compiled = desk.compile(to=(SHAPES[0],), text="Dear {{ row.name }},", html="<p>Dear {{ row.name }},</p>")
    monkeypatch.setattr(compiled, "_assembled", lambda *parts: pytest.fail("the long way"))
    row = {"name": "Ann B", "address": "ann.b@example.com"}
    compiled.fill(row_scope({"vars": {}}, row), desk.identity)


@pytest.mark.parametrize(
    ("values", "plain"),
    [
        ({"a": "Ann", "b": ""}, 3),
        ({"a": "x" * 998}, 998),
        ({"a": "x" * 999}, -1),
        ({"a": 1}, -1),
        ({"a": "\u00fc"}, -1),
        ({"a": "a\tb"}, -1),
        ({"a": "a\nb"}, -1),
        ({"a": "a<b"}, -1),
        ({"a": "a\x7f"}, -1),
        ({}, 0),
    ],
)
def test_what_a_plain_row_is(values, plain):
    assert row_scope({}, values).plain == plain
