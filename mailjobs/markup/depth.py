"""How deep the elements of an HTML text may be nested."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from mailjobs.markup.tags import Tag

_VOID = frozenset({
    "area", "base", "basefont", "bgsound", "br", "col", "embed", "frame", "hr", "image", "img", "input", "keygen",
    "link", "meta", "param", "source", "track", "wbr",
})  # fmt: skip
# An element that ends where one of these begins or ends, though nothing says so (HTML 13.1.2.4).
_CLOSED_BY_START: dict[str, frozenset[str]] = {
    "p": frozenset({"p", "li", "dt", "dd", "td", "th", "tr"}),
    "li": frozenset({"li"}),
    "option": frozenset({"option"}),
    "dt": frozenset({"dt", "dd"}),
    "dd": frozenset({"dt", "dd"}),
    "td": frozenset({"td", "th", "tr"}),
    "th": frozenset({"td", "th", "tr"}),
    "tr": frozenset({"tr"}),
}
_TABLE = frozenset({"table", "thead", "tbody", "tfoot"})
_DRAWING = frozenset({"g", "svg"})
_CLOSED_BY_END: dict[str, frozenset[str]] = {
    "p": frozenset({"div", "td", "th", "li", "blockquote", "center", "section", "body", "html"}),
    "li": frozenset({"ul", "ol"}),
    "option": frozenset({"select"}),
    "dt": frozenset({"dl"}),
    "dd": frozenset({"dl"}),
    "td": _TABLE | {"tr"},
    "th": _TABLE | {"tr"},
    "tr": _TABLE,
    # In a drawing these end with "/>", which ends nothing elsewhere.
    **dict.fromkeys(("circle", "ellipse", "line", "path", "polygon", "polyline", "rect", "stop", "use"), _DRAWING),
}


# Within these a parser may take for tags what is none elsewhere, and the other way round.
_OTHER_RULES = frozenset({"frameset", "math", "noscript", "select", "svg"})
_START = re.compile("<[A-Za-z]")


def deepest(html: str, tags: Sequence[Tag]) -> int:
    """As `depth`; the number of all that looks like a start tag, where parsers may differ about what is one."""
    if any(tag.name in _OTHER_RULES for tag in tags) and _is_ambiguous(html, tags):
        return sum(1 for _ in _START.finditer(html))
    return depth(tags)


def _is_ambiguous(html: str, tags: Sequence[Tag]) -> bool:
    if "<![CDATA[" in html or any(tag.name == "noscript" for tag in tags):
        return True
    return any(html.find("<", tag.end, tag.raw_end) >= 0 for tag in tags)


def depth(tags: Iterable[Tag]) -> int:
    """A depth that is exact for most HTML that is right, and too large for other HTML, however a parser mends it.

    Elements that a parser adds of its own are not counted: at most as many again. An end tag counts where it ends the
    innermost element, since a parser may ignore it anywhere else.
    """
    open_elements: list[str] = []
    deepest = 0
    for tag in tags:
        if tag.closing:
            _close(open_elements, tag.name)
        elif tag.name not in _VOID:
            while open_elements and tag.name in _CLOSED_BY_START.get(open_elements[-1], ()):
                open_elements.pop()
            open_elements.append(tag.name)
            deepest = max(deepest, len(open_elements))
    return deepest


def _close(open_elements: list[str], name: str) -> None:
    at = len(open_elements) - 1
    while at >= 0 and open_elements[at] != name and name in _CLOSED_BY_END.get(open_elements[at], ()):
        at -= 1
    if at >= 0 and open_elements[at] == name:
        del open_elements[at:]
