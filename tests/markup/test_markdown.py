"""Markdown: what the job's text says becomes elements, what a value says never does."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailjobs.markup import render_markdown, to_html
from mailjobs.templates.holes import CLOSE, OPEN
from tests.markup.reading import Reading

HOLE = f"{OPEN}0{CLOSE}"
PLACES = [
    "{}", "a {} b", "a{}b", "{}\n===\n", "{}\n---\n", "# {}", "#{}", "> {}", "- {}", "-{}", "1{}. a", "1. {}",
    "*{}*", "**a {} b**", "_{}_", "~~{}~~", "`{}`", "``a {} b``", "    {}", "```\n{}\n```", "[{}](https://a.example/)",
    "[a](https://a.example/ '{}')", "![{}](a.png)", "![a](a.png \"{}\")",
    "| {} | b |\n|---|---|\n| {} | c |", "a {} | b\n-|-\nc|{}", "\\{}", "&{};", "&#{};", "<{}>", "<a {}>", "<!--{}-->",
    "a  {}\nb", "a\\\n{}", "{}{}", "*{}", "{}*", "[{}]", "[{}]: /x\n\n[{}]", "a\n{}", "{}\n\n{}", "a {}\n- b",
    "[a][{}]", "![a [{}](/b)](c.png)", "***{}***", "- a\n\n  {}\n", "*a{}*b", "http://{}", "{}|{}", ":-{}|-",
]  # fmt: skip
DESTINATIONS = [
    "[a]({})", "[a](<{}>)", "[a]({} 't')", "![a]({})", "[a]({}{})", "[a](img/{})", "![a](img/{}.png)", "[a]({}/x)",
    "[a](https://a.example/{}?q={}#{})", "[a](https://{}/)", "[a](mailto:{}?subject={})", "<https://a.example/{}>",
    "[a]: {} '{}'\n\n[a] [b][a]", "[a](java{})", "[a]({}script:x)", "[a]({}:alert(1))", "[a](j{}a{}:x)", "[a](//{})",
    "[![a]({})]({})",
]  # fmt: skip
NASTY = st.lists(
    st.sampled_from([
        "\n", "\n\n", "#", "# ", "> ", "- ", "1. ", "*", "**", "_", "`", "```", "~~~", "~~", "[", "]", "(", ")", "![",
        "](", "|",
        "\n|-|\n", "\n===", "\n---", "\\", "\\\n", "  \n", "<", ">", "<b>", "</p>", "<!--", "-->", "&", "&amp;",
        "&#60;", "\"", "'",
        "javascript:", "JaVa\tscript:alert(1)", "https://a.example/", "://", "data:text/html,", " ", "\t", "\r", "\0",
        "a", "1",
        "%", "%41", "%3a", "%%", "x@y.example", ":", "/", "?", "//", "\\\\", "é", "\ufdd0", "\ufdd1", "\ufdd00\ufdd1",
        "]: /x",
    ]),
    max_size=8,
).map("".join)  # fmt: skip
VALUES = st.one_of(NASTY, st.text(max_size=12))


def filled(source: str, value: str):
    return Reading(render_markdown(source.replace("{}", HOLE), [value]))


@pytest.mark.parametrize("source", PLACES)
@settings(max_examples=25, deadline=None)
@given(value=VALUES)
def test_a_value_is_text_wherever_it_stands(source: str, value: str) -> None:
    found, plain = filled(source, value), filled(source, "x")
    assert found.shape == plain.shape
    assert any(value.replace("\0", "\ufffd") in said for said in found.said)


@pytest.mark.parametrize("source", ["~~~ {}\ncode\n~~~", "```a{}b c\ncode\n```", "~~~ {} {}\n~~~"])
def test_the_language_of_code_takes_no_value(source: str) -> None:
    html = render_markdown(source.replace("{}", HOLE), ["value"])
    assert html == to_html(source.replace("{}", ""))


@pytest.mark.parametrize("source", DESTINATIONS)
@settings(max_examples=40, deadline=None)
@given(value=VALUES)
def test_a_value_in_a_destination_stays_within_it(source: str, value: str) -> None:
    found = filled(source, value)
    assert found.shape == filled(source, "x").shape
    for link in found.links:
        assert link.isascii()
        assert not set(link) & set(" \t\r\n\0\"'<>`\\{}|^") - {"'"}
        scheme, colon, _ = link.partition(":")
        settled = not colon or not scheme.isascii() or any(c in scheme for c in "/?#")
        assert settled or scheme.lower() in ("http", "https", "mailto", "tel")


@settings(max_examples=200, deadline=None)
@given(value=st.text(max_size=12))
def test_data_in_a_url_is_read_again_as_it_was(value: str) -> None:
    (link,) = filled("[a](https://a.example/p/{}?q=1#top)", value).links
    start, end = "https://a.example/p/", "?q=1#top"
    assert link.startswith(start)
    assert link.endswith(end)
    inner = link.removeprefix(start).removesuffix(end)
    assert not set(inner) & set("/?#&=@:")
    assert unquote(inner) == value.replace("\0", "\ufffd")


@pytest.mark.parametrize(
    ("source", "value", "link"),
    [
        ("[a]({})", "https://a.example/b?c=d&e=%20f#g", "https://a.example/b?c=d&e=%20f#g"),
        ("[a]({})", "javascript:alert(1)", "javascript%3Aalert(1)"),
        ("[a]({})", " javascript:alert(1)", "%20javascript%3Aalert(1)"),
        ("[a](java{})", "script:alert(1)", "javascript%3Aalert%281%29"),
        ("[a]({}script:alert(1))", "java", "javascript%3Aalert(1)"),
        ("[a]({}://a.example/)", "https", "https://a.example/"),
        ("[a](https://a.example{})", "@b.example/", "https://a.example%40b.example%2F"),
        ("[a](mailto:{}?subject={})", "a+b@c.example", "mailto:a%2Bb@c.example?subject=a%2Bb@c.example"),
        ("![a](img/{}.png)", "../../etc/passwd", "img/..%2F..%2Fetc%2Fpasswd.png"),
        ("![a]({})", "a b.png", "a%20b.png"),
        ("![a]({})", "c:b.png", "c%3Ab.png"),
        ("[a](https://a.example/ü/{})", "ü", "https://a.example/%C3%BC/%C3%BC"),
        ("[a](https://a.example/%{})", "41", "https://a.example/%2541"),
        ("[a](/{})", "\ud800", "/%EF%BF%BD"),
    ],
)
def test_destinations(source: str, value: str, link: str) -> None:
    assert filled(source, value).links == [link]


@pytest.mark.parametrize("source", ["[a](javascript:{})", "[a](data:{})", "[a](vbscript:{})"])
def test_a_scheme_of_the_source_that_runs_code_makes_no_link(source: str) -> None:
    assert not any(":" in link for link in filled(source, "text/html,x").links)


def test_values_are_put_in_once() -> None:
    text = f"{OPEN}0{CLOSE} {OPEN}1{CLOSE}"
    assert render_markdown(text, [f"{OPEN}1{CLOSE}", "b"]) == f"<p>{OPEN}1{CLOSE} b</p>\n"
    assert render_markdown(f"{OPEN}7{CLOSE}", ["a"]) == f"<p>{OPEN}7{CLOSE}</p>\n"


def test_an_encoded_placeholder_in_the_source_is_none() -> None:
    source = "<https://a.example/%EF%B7%900%EF%B7%91> [a](/%EF%B7%900%EF%B7%91) &#xFDD0;0&#xFDD1; "
    html = render_markdown(f"{source}{OPEN}1{CLOSE}", ["none", "one"])
    assert "none" not in html
    assert "one" in html


def test_the_dialect() -> None:
    assert to_html("# A\n\n**b** ~~c~~ <i>d</i>") == (
        "<h1>A</h1>\n<p><strong>b</strong> <s>c</s> &lt;i&gt;d&lt;/i&gt;</p>\n"
    )
    assert to_html("|a|b|\n|-|-:|\n|1|2|") == (
        '<table>\n<thead>\n<tr>\n<th>a</th>\n<th style="text-align:right">b</th>\n</tr>\n</thead>\n'
        "<tbody>\n<tr>\n<td>1</td>\n"
        '<td style="text-align:right">2</td>\n</tr>\n</tbody>\n</table>\n'
    )
    assert to_html("https://a.example/ www.a.example") == "<p>https://a.example/ www.a.example</p>\n"
    assert to_html("<https://a.example/>") == '<p><a href="https://a.example/">https://a.example/</a></p>\n'
    assert to_html("") == ""


def test_the_same_text_gives_the_same_html() -> None:
    source = "[a]: /x\n\n[a] *b*\n\n- c\n"
    assert to_html(source) == to_html(source)
    assert to_html("[a]") == "<p>[a]</p>\n"


def test_nothing_is_left_out_for_its_depth() -> None:
    assert "word" in to_html("> " * 97 + "word")
    with pytest.raises(ValueError, match="nested too deeply"):
        to_html("> " * 98 + "word")
    with pytest.raises(ValueError, match="nested too deeply"):
        to_html("- " * 400 + "word")
    assert "word" in to_html("![" * 3000 + "word" + "](u)" * 3000)


@settings(max_examples=100, deadline=None)
@given(source=st.one_of(NASTY, st.text(max_size=60)))
def test_any_source(source: str) -> None:
    assert Reading(to_html(source)).shape is not None
