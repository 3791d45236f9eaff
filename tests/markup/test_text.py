"""The text that is made from HTML."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailjobs.markup import html_to_text
from tests.markup.fragments import BROKEN

LETTER = """<!DOCTYPE html><html><head><title>No</title><style>p{color:red}</style></head><body>
<div style="display:none">Preview</div><h1>Your order</h1>
<p>Dear <b>Ann</b>,<br>please <a href="https://a.example/c?x=1&amp;y=2">confirm</a> it,
or <a href="https://a.example/c?x=1&amp;y=2">look</a> at <a href="https://b.example/">b.example</a>.</p>
<ul><li>one<li>two<ul><li>deep</ul></ul><ol><li>first<li>second</ol><hr>
<table><tr><th>Item<th>Price<tr><td>Cup<td align=right>3.50</table>
<blockquote>Quoted</blockquote><pre>a
  b</pre><img src="https://a.example/t.gif" width=1 height=1 alt="track"><script>no()</script></body></html>"""


def test_a_letter() -> None:
    assert (
        html_to_text(LETTER)
        == """\
Your order

Dear Ann,
please confirm [1] it, or look [1] at b.example.

  * one
  * two
      + deep
 1. first
 2. second
----------------------------------------
Item  Price
Cup    3.50

  Quoted

a
  b

[1] https://a.example/c?x=1&y=2
"""
    )


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""), (" \n ", ""), ("<p> </p>", ""), ("a", "a\n"), ("&lt;b&gt; &amp; c", "<b> & c\n"),
        ("a&nbsp;b&shy;c", "a bc\n"),
        ("<a href='https://a.example/'>https://a.example/</a>", "https://a.example/\n"),
        ("<a href='https://a.example/'>a.example</a>", "a.example\n"),
        ("<a href='mailto:a@b.example'>a@b.example</a>", "a@b.example\n"),
        ("<a href='tel:+491'>call</a>", "call [1]\n\n[1] tel:+491\n"),
        ("<a href='#top'>up</a> <a name=x>here</a> <a href='javascript:x()'>y</a>", "up here y\n"),
        ("<a href='https://a.example/'><img src=b.png alt='Buy  now'></a>", "[Buy now] [1]\n\n[1] https://a.example/\n"),
        ("<a href='https://a.example/'><img src=b.png></a>", "[1]\n\n[1] https://a.example/\n"),
        ("<a href=' https://a.example/b\n c '>d</a>", "d [1]\n\n[1] https://a.example/b%20c\n"),
        ("<a href='/x'><b>d</b></a>e", "d [1]e\n\n[1] /x\n"),
        ("a<img alt='' src=x>b<img src=y>c", "abc\n"),
        ("a<img alt=t width=1>b<img alt=t height='0px'>c<img alt=t style='width:1px;a:b'>", "abc\n"),
        ("a<img alt=t style='display:none'>b<img hidden alt=t>", "ab\n"),
        ("<img alt=Logo width=100 style='max-width:100%;width:100px'>", "[Logo]\n"),
        ("a<!-- b -->c<?php d ?>e", "ace\n"),
        ("<?xml version='1.0' encoding='latin-1'?><p>ü</p>", "ü\n"),
        ("<meta charset=latin-1><p>ü €</p>", "ü €\n"),
        ("a\0b\ud800c\x85d", "abcd\n"),
        ("<p hidden>a</p>b<select><option>c</select><template>d</template>", "b\n"),
        ("<noscript>a</noscript>", "a\n"),
        ("<table><tr><td>a<td>b   <tr><td>cc", "a   b\ncc\n"),
        ("<p style='margin-top:99999em;padding-left:9999em'>a</p>", "a\n"),
    ],
)  # fmt: skip
def test_what_is_read(html: str, text: str) -> None:
    assert html_to_text(html) == text


@settings(max_examples=300, deadline=None)
@given(html=BROKEN)
def test_broken_html_gives_tidy_text(html: str) -> None:
    text = html_to_text(html)
    assert html_to_text(html) == text
    assert not re.search(r"[ \t\r]$|\n\n\n|\A\n|[^\n]\Z|\n\n\Z", text, re.MULTILINE) or text == ""
    text.encode()


@settings(max_examples=100, deadline=None)
@given(words=st.lists(st.text("abcdefgh", min_size=1), min_size=1))
def test_no_word_is_lost(words: list[str]) -> None:
    html = "".join(f"<div><p>{word}<table><tr><td>{word}</table>" for word in words)
    assert html_to_text(html).split() == [word for word in words for _ in range(2)]


@pytest.mark.parametrize("deep", [90, 99, 100, 101, 150, 998, 1001, 20_000])
def test_depth_loses_nothing(deep: int) -> None:
    assert html_to_text("<div>" * deep + "one <b>two</b> &amp; three").split() == ["one", "two", "&", "three"]
    assert html_to_text("<table><tr><td>" * min(deep, 200) + "one").split() == ["one"]
