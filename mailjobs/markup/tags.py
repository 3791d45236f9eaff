"""The tags of an HTML text and where they stand, as browsers see them (HTML 13.2.5).

Comments, the contents of scripts and style sheets, and what only looks like a tag are passed over. Each pattern
takes what it has matched for good, so that the work grows with the length of the text, whatever it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_SPACE = " \t\n\f\r"
_COMMENT_END = re.compile("--!?>")
_NAME = re.compile(rf"[A-Za-z][^{_SPACE}/>]*+")
_BETWEEN = re.compile(rf"[{_SPACE}/]*+")
_ATTRIBUTE = re.compile(
    rf"""(?P<name>[^{_SPACE}/>][^{_SPACE}/>=]*+)
    (?:[{_SPACE}]*+=[{_SPACE}]*+
      (?:"(?P<double>[^"]*+)"|'(?P<single>[^']*+)'|(?P<open>["'])|(?P<bare>[^{_SPACE}>]++)|(?=>))?
    )?+""",
    re.VERBOSE,
)
_RAW = ("script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes")
_RAW_END = {name: re.compile(rf"</{name}(?=[{_SPACE}/>])", re.IGNORECASE) for name in _RAW}


class Attribute(NamedTuple):
    """Its value as written is html[start:end], without quotes. `quote` is what stands around it, if anything."""

    start: int
    end: int
    quote: str


class Tag(NamedTuple):
    """The tag html[start:end]. `name` is in lower case; of attributes with one name the first counts.

    What a `<style>`, a `<script>` or the like holds is no HTML: html[end:raw_end]. For all others `raw_end` is `end`.
    """

    name: str
    closing: bool
    attributes: dict[str, Attribute]
    start: int
    end: int
    raw_end: int


def tags(html: str) -> Iterator[Tag]:
    """Each tag of `html`, in order. What an unfinished tag at the end had to say is left out."""
    at = 0
    while (at := html.find("<", at)) >= 0:
        closing = html.startswith("/", at + 1)
        name = _NAME.match(html, at + 1 + closing)
        if name is None:
            at = _past_other(html, at)
            continue
        attributes, end = _attributes(html, name.end())
        if end < 0:
            return
        kind = name[0].lower()
        raw_end = end if closing else _raw_end(html, kind, end)
        yield Tag(kind, closing, attributes, at, end, raw_end)
        at = raw_end


def _raw_end(html: str, name: str, at: int) -> int:
    """Where what the element `name` holds ends, if that is no HTML, else `at`."""
    if name == "plaintext":
        return len(html)
    if name not in _RAW_END:
        return at
    found = _RAW_END[name].search(html, at)
    return found.start() if found else len(html)


def _past_other(html: str, at: int) -> int:
    """The place behind a comment, a declaration or what is taken for a comment, or behind a `<` that is text."""
    if html.startswith("<!--", at):
        # `<!-->` and `<!--->` are comments as well.
        if html.startswith(">", at + 4) or html.startswith("->", at + 4):
            return html.index(">", at) + 1
        found = _COMMENT_END.search(html, at + 4)
        return found.end() if found else len(html)
    if html.startswith(("<!", "<?", "</"), at):
        end = html.find(">", at + 2)
        return end + 1 if end >= 0 else len(html)
    return at + 1


def _attributes(html: str, at: int) -> tuple[dict[str, Attribute], int]:
    """The attributes of a tag, and the place behind it; -1 where it does not end."""
    found: dict[str, Attribute] = {}
    while True:
        between = _BETWEEN.match(html, at)
        at = between.end() if between else at
        if at >= len(html):
            return found, -1
        if html[at] == ">":
            return found, at + 1
        one = _ATTRIBUTE.match(html, at)
        if one is None or one["open"]:
            return found, -1
        at = one.end()
        group = one.lastgroup if one.lastgroup != "name" else None
        if group:
            quote = {"double": '"', "single": "'"}.get(group, "")
            found.setdefault(one["name"].lower(), Attribute(*one.span(group), quote))
        else:
            found.setdefault(one["name"].lower(), Attribute(at, at, ""))
