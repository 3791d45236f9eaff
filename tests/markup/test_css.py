"""Style sheets in style attributes; nothing is fetched, whatever is asked for."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from hypothesis import given, settings

from mailjobs.markup import inline_css
from mailjobs.markup.css import MAX_DEPTH
from mailjobs.markup.depth import deepest, depth
from mailjobs.markup.tags import tags
from tests.markup.fragments import BROKEN


def test_rules_become_attributes() -> None:
    html = "<style>p{color:red} .b{margin:0}</style><p style='color:blue'>a<p class=b>c"
    made = inline_css(html)
    assert '<p style="color: blue">a</p>' in made
    assert '<p class="b" style="color: red;margin: 0;">' in made
    assert "color:red}" not in made
    assert inline_css(html) == made


def test_what_no_attribute_can_say_stays() -> None:
    made = inline_css("<style>p{a:b} @media (max-width:600px){p{c:d}} a:hover{e:f}</style><p>x<a href=y>z</a>")
    style = made[made.index("<style>") : made.index("</style>")]
    assert "@media (max-width:600px){p{c:d}}" in style
    assert "a:hover" in style
    assert "a:b" not in style


def test_html_without_style_stays_as_it_is() -> None:
    for html in ("", "<p>a", "<p style='a:b'>c</P>", "<!-- <style>p{a:b}</style> --><p>", "<link rel=icon href=a.png>"):
        assert inline_css(html) == html


def test_comments_and_references_stay() -> None:
    made = inline_css("<style>p{a:b}</style><!--[if mso]><b><![endif]--><p>&lt;&amp;<img src='a.png?b=1&amp;c=2'>")
    assert "<!--[if mso]><b><![endif]-->" in made
    assert "&lt;&amp;" in made
    assert 'src="a.png?b=1&amp;c=2"' in made


@pytest.mark.parametrize("href", ["a.css", "/a.css", "file:///a.css", "./https:a.css", "c:/a.css", "&#x61;.css"])
def test_a_style_sheet_that_is_a_file_is_refused(href: str) -> None:
    with pytest.raises(ValueError, match="is not read; write its rules into <style>"):
        inline_css(f"<link href='{href}' rel='x StyleSheet'><style>p{{a:b}}</style><p>")


def test_nothing_is_fetched_or_opened(tmp_path: Path) -> None:
    sheet = tmp_path / "a.css"
    sheet.write_text("p{color:red}")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        site = f"http://127.0.0.1:{listener.getsockname()[1]}/a.css"
        html = (
            f"<link rel=stylesheet href='{site}'><style>@import url('{site}'); @import 'file://{sheet}';"
            f" @import url({sheet}); p{{a:b}}</style><p>x"
        )
        made = inline_css(html)
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert '<p style="a: b;">x' in made
    assert f'<link rel="stylesheet" href="{site}">' in made


def test_broken_style_sheets() -> None:
    made = inline_css("<style>} p{color:red;;;{ } a[ } @@@ {{{</style><p>x")
    assert ">x</p>" in made
    with pytest.raises(ValueError, match=r"surrogate pair at character 25$"):
        inline_css("<style>p{a:b}</style><p>\ud800")


@settings(max_examples=200, deadline=None)
@given(html=BROKEN)
def test_any_html(html: str) -> None:
    html = "<style>p{a:b}</style>" + html.replace("\ud800", "")
    assert inline_css(html).startswith("<") or html.startswith("<!DOCTYPE")


@pytest.mark.parametrize(
    "unit", ["<div>", "<b>", "<table><tr><td>", "<p><li></p><p><dd></p>", "<div><table><td></div>", "<b a={}><p>"]
)
def test_depth_ends_in_an_error_not_in_the_process(unit: str) -> None:
    deep = "".join(unit.replace("{}", str(at)) for at in range(10_000))
    with pytest.raises(ValueError, match="nested more than 250 deep"):
        inline_css("<style>p{a:b}</style>" + deep)


def test_depth_counts_what_is_open() -> None:
    def of(html: str) -> int:
        return depth(tags(html))

    assert of("") == 0
    assert of("<p>a<p>b<br><img src=c><hr></p>") == 1
    assert of("<ul><li>a<li>b<ul><li>c</ul></ul><ul></ul>") == 4
    assert of("<table><tr><td><p>a<td>b<tr><th>c</table><dl><dt>a<dd>b<dt>c</dl>") == 4
    assert of("<div></div>" * 1000) == 1
    assert of("<select>" + "<option>a" * 1000 + "</select>") == 2
    assert of("<b></i>" * 10) == 10
    for unit in ("<p>", "<li>", "<div></div>", "<tr><td>", "<script>'<div>'</script>", "<!--<div>-->"):
        assert of(unit * (4 * MAX_DEPTH)) <= 2


@settings(max_examples=100, deadline=None)
@given(html=BROKEN)
def test_depth_is_not_below_half_of_what_a_parser_makes(html: str) -> None:
    html = html.replace("\ud800", "") * 8
    made = inline_css("<style>x{y:z}</style>" + html)
    assert depth(tags(made)) <= 2 * deepest(html, list(tags(html))) + 8


@pytest.mark.parametrize(
    "start",
    [
        "<svg><style>", "<svg><title>", "<math><script>", "<frameset><style>", "<select><textarea></select>",
        "<select><plaintext></select>", "<svg><![CDATA[ > <a b=' ]]>", "<noscript><a b='</noscript>",
    ],
)  # fmt: skip
def test_depth_is_not_hidden_by_what_parsers_read_in_two_ways(start: str) -> None:
    for unit in ("<g>", "<div>", "<frameset>"):
        with pytest.raises(ValueError, match="nested more than 250 deep"):
            inline_css("<style>p{a:b}</style>" + start + unit * 10_000 + "'>")


def test_small_drawings_are_no_reason_to_refuse() -> None:
    drawing = "<svg><title>a</title><path d=b /></svg><select><option>c</select>"
    assert inline_css("<style>p{a:b}</style>" + drawing * 300 + "<p>x").count("<svg>") == 300
