"""Style sheets written into style attributes, since many mail programs drop `<style>`."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from mailjobs.markup.charrefs import Decoded
from mailjobs.markup.depth import deepest
from mailjobs.markup.optional import missing
from mailjobs.markup.tags import Tag, tags

if TYPE_CHECKING:
    from css_inline import CSSInliner

# The inliner calls itself for each element within an element, and ends the process where the stack of the thread is
# used up. Threads have half a megabyte on some systems, which is enough for twice as many.
MAX_DEPTH = 250

_STYLE = re.compile("<style|<link", re.IGNORECASE)
_REMOTE = re.compile(r"[ \t\n\f\r]*+(?:https?:|//)", re.IGNORECASE)


def inline_css(html: str) -> str:
    """`html` as a whole document, with the rules of its `<style>` elements in style attributes.

    What no attribute can say (media queries, `:hover`, fonts) stays in `<style>`. HTML without `<style>` comes back
    as it is. Nothing is fetched or opened: a `<link>` to a style sheet on the web stays as it is.
    Raises ValueError for a `<link>` to a style sheet that is a file, and for elements nested more than
    MAX_DEPTH deep; SetupError where css-inline is not installed.
    """
    inliner = _inliner()
    if not _STYLE.search(html):
        return html
    found = list(tags(html))
    for tag in found:
        _refuse_sheet(html, tag)
    if not any(tag.name == "style" for tag in found):
        return html
    if deepest(html, found) > MAX_DEPTH:
        raise ValueError(f"the elements of the HTML are nested more than {MAX_DEPTH} deep")
    from css_inline import InlineError

    try:
        return inliner.inline(html)
    except UnicodeEncodeError as error:
        raise ValueError(f"the HTML has half of a surrogate pair at character {error.start + 1}") from error
    except InlineError as error:
        raise ValueError(f"the style sheets cannot be inlined: {error}") from error


@cache
def _inliner() -> CSSInliner:
    try:
        from css_inline import CSSInliner
    except ImportError as cause:
        raise missing("inlining style sheets", "css-inline") from cause
    return CSSInliner(
        load_remote_stylesheets=False, keep_link_tags=True, keep_style_tags=True, remove_inlined_selectors=True
    )


def _refuse_sheet(html: str, tag: Tag) -> None:
    if tag.name != "link" or "href" not in tag.attributes or "rel" not in tag.attributes:
        return
    href, rel = (_value(html, tag, name) for name in ("href", "rel"))
    if "stylesheet" in rel.lower().split() and not _REMOTE.match(href):
        raise ValueError(f"the style sheet {href[:80]!r} is not read; write its rules into <style>")


def _value(html: str, tag: Tag, name: str) -> str:
    attribute = tag.attributes[name]
    return Decoded(html[attribute.start : attribute.end]).text
