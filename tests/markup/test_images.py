"""Which images an HTML text shows by a relative path, and others put in their place."""

from __future__ import annotations

import sys
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailjobs.markup import Reference, references, replace
from tests.markup.fragments import BROKEN
from tests.markup.reading import Reading


def urls(html: str) -> list[str]:
    return [one.url for one in references(html)]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<img src=a.png>", ["a.png"]),
        ("<IMG\nSRC = 'a b.png'>", ["a b.png"]),
        ('<img alt="a > b" src="a.png">', ["a.png"]),
        ('<img alt=\'<img src="no.png">\' src="a.png">', ["a.png"]),
        ("<img src=a.png src=no.png>", ["a.png"]),
        ("<img/src=a.png/>", ["a.png/"]),
        ('<img src="a.png"alt=b>', ["a.png"]),
        ('<img src="a.png?b=1&amp;copy=2&copy=3">', ["a.png?b=1&copy=2&copy=3"]),
        ('<img src="&#x61;.png&#46;">', ["a.png."]),
        (f"<img src='a{'&#' + '9' * 5000};&#x{'0' * 5000}62;.png'>", ["a\ufffdb.png"]),
        ('<img src=" a.\npng ">', ["a.png"]),
        ('<img srcset="a.png 1x, b.png 2x" src="c.png">', ["a.png", "b.png", "c.png"]),
        ('<img srcset=" a,b.png, data:image/png;base64,xx 2x,,c.png (a,b) 3x, d">', ["a,b.png", "c.png", "d"]),
        ("<source srcset=a.png,>", ["a.png"]),
        ('<td background="a.png"><body background=b.png>', ["a.png", "b.png"]),
        ('<input type=image src=a.png><video poster="b.png">', ["a.png", "b.png"]),
        ('<p style="background:url(a.png)">', ["a.png"]),
        ('<p style="background:URL( &quot;a b.png&quot; )">', ["a b.png"]),
        ("<p style='background:url(\"a\\22 b.png\"), url(c\\)d.png)'>", ['a"b.png', "c)d.png"]),
        ("<style>p{b:url(a.png)} @media x{q{b:url('b.png')}}</style>", ["a.png", "b.png"]),
        ("<style>@import url(no.css); @font-face{src:url(no.woff)} p{b:url(a.png)}</style>", ["a.png"]),
        ('<style>/* url(no.png) */ p{content:"url(no.png)";b:url(a.png);c:my-url(no.png)}</style>', ["a.png"]),
        ("<style>p{b:url(a b.png url(no.png);c:url(d.png)}</style>", ["d.png"]),
        ("<style>p{b:url(&amp;.png)}</style>", ["&amp;.png"]),
        ("<style>p{b:url('</style><img src=a.png>", ["a.png"]),
    ],
)
def test_references(html: str, expected: list[str]) -> None:
    assert urls(html) == expected


@pytest.mark.parametrize(
    "html",
    [
        "<!-- <img src=a.png> -->", "<!--[if mso]><img src=a.png><![endif]-->", "<!-- > <img src=a.png> --!",
        "<![CDATA[<img src=a.png>]]>",
        "<script>'<img src=a.png>'</script>", "<title><img src=a.png></title>", "<textarea><img src=a.png></textarea>",
        "<style><img src=a.png></style>", "<img src=a.png", "<img src='a.png>", "< img src=a.png>", "</img src=a.png>",
        "<imgs src=a.png>",
        "<img data-src=a.png>", "<img src>", "<img src=>", "<img src=''>", "<p background=a.png>", "<a href=a.png>",
        "<plaintext><img src=a.png>",
        "<img src=https://a.example/b.png>", "<img src=//a.example/b.png>", "<img src=/b.png>",
        "<img src='\\\\a\\b.png'>", "<img src='#a'>",
        "<img src=cid:a@b>", "<img src='data:image/png;base64,AA'>", "<img src=c:/a.png>", "<img src='?a'>",
        "<img src='ht&#10;tp://a/b'>",
        "<base href='https://a.example/'><img src=a.png>", "<?php <img src=a.png> ",
        "<?xml version='1.0' <img src=a.png>",
    ],
)  # fmt: skip
def test_no_references(html: str) -> None:
    assert references(html) == []


def test_comments_end_where_browsers_end_them() -> None:
    assert urls("<!--><img src=a.png>") == ["a.png"]
    assert urls("<!---><img src=a.png>") == ["a.png"]
    assert urls("<!-- --!><img src=a.png>") == ["a.png"]
    assert urls("<![CDATA[ > <img src=a.png>") == ["a.png"]
    assert urls("<script></scripts><img src=b.png></SCRIPT ><img src=a.png>") == ["a.png"]


def test_spans() -> None:
    html = "<img src='a&amp;b.png'><p style='b:url(&quot;c.png&quot;)'>"
    assert [html[one.start : one.end] for one in references(html)] == ["a&amp;b.png", "&quot;c.png&quot;"]
    assert references("<img src=a>") == [Reference(9, 10, "a", False)]


def test_replace() -> None:
    html = (
        "<img src=a.png><img src='b.png' srcset=\"c.png 1x, d.png\"><p style='b:url(e.png)'>"
        '<style>p{b:url("f.png")}</style>'
    )
    found = references(html)
    assert replace(html, found, [f"cid:{at}@x" for at in range(len(found))]) == (
        "<img src=cid:0@x><img src='cid:1@x' srcset=\"cid:2@x 1x, cid:3@x\"><p style='b:url(cid:4@x)'>"
        "<style>p{b:url(cid:5@x)}</style>"
    )
    assert replace(html, found[2:3], ["x"]) == html.replace("c.png", "x")
    assert replace(html, [], []) == html
    with pytest.raises(ValueError, match="argument"):
        replace(html, found, ["x"])


@settings(max_examples=400, deadline=None)
@given(html=BROKEN)
def test_replacing_with_the_same_url_changes_nothing(html: str) -> None:
    found = references(html)
    again = replace(html, found, [one.url for one in found])
    assert urls(again) == [one.url for one in found]
    marks = [f"cid:{at}@x" for at in range(len(found))]
    assert replace(again, references(again), marks) == replace(html, found, marks)
    assert all(first.end <= second.start for first, second in pairwise(found))


@settings(max_examples=200, deadline=None)
@given(
    url=st.text(st.sampled_from("ab \"'<>&;()\\/,=`\n\t{}é-!"), min_size=1, max_size=8).map(lambda text: f"x{text}x")
)
@pytest.mark.parametrize(
    "html",
    [
        "<p a=1><img src=a.png><b>", "<p><img src='a.png' alt=b>", '<p><img src="a.png"/>',
        "<p><td background=a.png><i>",
        "<p style=b:url(a.png)>t</p>", "<p style='b:url(a.png);c:d'>t</p>", '<p style="b:url(&quot;a.png&quot;)">t</p>',
        "<style>p{b:url('a.png')}</style><p>", "<style>p{b:url(a.png)}</style><p>",
    ],
)  # fmt: skip
def test_a_url_adds_nothing_but_itself(html: str, url: str) -> None:
    made = replace(html, references(html), [url])
    assert Reading(made).shape == Reading(html).shape
    assert urls(made) == [url.replace("\n", "").replace("\t", "")]


@pytest.mark.parametrize(
    "unit",
    [
        "<img ", '<img src="', "<!--", "</", "<style>", "<style><", '<p style="url(', "<a b='", '<img srcset="a (',
        '<img srcset=",',
        "<style>url(", "<style>url('", "<style>url(\\", "<style>/*", '<style>"', "<img src=&", "<img src=&#9", "<x/",
        "<title></titl",
    ],
)  # fmt: skip
def test_a_megabyte_of_anything(unit: str) -> None:
    """It ends, which it would not within the time limit of the suite if the work grew with the square."""
    head, once = ("<style>", unit[7:]) if unit.startswith("<style>") and len(unit) > 7 else ("", unit)
    html = head + once * (2**20 // len(once))
    assert len(references(html)) <= len(html)


def test_work_grows_with_the_length() -> None:
    unit = '<img src="a&amp;b.png" srcset="a, b 2x" style="b:url(&quot;c&quot;)" x=y><style>p{b:url(d)}</style><!-- -->'
    assert calls(unit * 200) <= 2.1 * calls(unit * 100)
    for unit in ("<img ", "<img src=&amp;", "<p style='url(", "&#", "<!--", "<style>/*"):
        assert calls(unit * 2000) <= 2.1 * calls(unit * 1000) + 50


def calls(html: str) -> int:
    made = 0

    def count(_frame: object, event: str, _arg: object) -> None:
        nonlocal made
        made += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        references(html)
    finally:
        sys.setprofile(None)
    return made
