"""What is compiled once and filled for each row has the bytes of a message that was written out in full."""

from __future__ import annotations

import html

from hypothesis import given, settings
from hypothesis import strategies as st

VALUE = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0{}%#\ufdd0\ufdd1\ufdd2"), max_size=40
)
WORDS = st.text(st.sampled_from("ab ü日.,<>&\"'=?_-\t"), max_size=30)
BODY = st.lists(WORDS, max_size=6).map("\n".join)


def hole(before: str, after: str) -> str:
    return f"{before}{{{{ row.x }}}}{after}"


@settings(max_examples=200, deadline=None)
@given(value=VALUE, before=WORDS, after=WORDS, text=BODY, page=BODY)
def test_filled_or_written_out_it_is_the_same(desk, value, before, after, text, page):
    filled = desk.fill(
        row={"x": value},
        subject=hole(before, after),
        headers=[("X-Note", hole(before, after))],
        text=hole(text, before),
        html=hole(page, after),
    )
    written = desk.fill(
        subject=before + value + after,
        headers=[("X-Note", before + value + after)],
        text=text + value + before,
        html=page + html.escape(value).replace("&quot;", "&#34;").replace("&#x27;", "&#39;") + after,
    )
    assert filled.content == written.content


@settings(max_examples=200, deadline=None)
@given(name=VALUE, local=st.from_regex(r"[a-z0-9]{1,10}", fullmatch=True))
def test_a_filled_address_is_that_of_the_parts(desk, name, local):
    address = f"{local}@x.test"
    filled = desk.fill(row={"n": name, "a": address}, to=("{{ row.n }} <{{ row.a }}>",))
    parts = desk.fill(row={"n": name, "a": address}, to=(desk.parts("{{ row.a }}", "{{ row.n }}"),))
    assert filled.content == parts.content


@settings(max_examples=100, deadline=None)
@given(values=st.lists(VALUE, min_size=2, max_size=5))
def test_rows_leave_no_trace_in_each_other(desk, values):
    compiled = desk.compile(subject="{{ row.x }}", text="{{ row.x }}", html="<p>{{ row.x }}")
    alone = [
        desk.compile(subject="{{ row.x }}", text="{{ row.x }}", html="<p>{{ row.x }}").fill(
            {"row": {"x": value}, "vars": {}}, desk.identity
        )
        for value in values
    ]
    together = [compiled.fill({"row": {"x": value}, "vars": {}}, desk.identity) for value in values]
    assert [one.content for one in together] == [one.content for one in alone]
