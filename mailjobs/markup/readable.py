"""An HTML tree made ready to be written as text: links numbered, images told by words, what is hidden left out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mailjobs.markup.depth import depth
from mailjobs.markup.tags import tags

if TYPE_CHECKING:
    from lxml.html import HtmlElement

# The engine calls itself for each element within an element. What is deeper is plain text.
MAX_DEPTH = 100
# libxml2 stops reading at a depth of 2048.
MAX_PARSED_DEPTH = 1000
RULE = "-" * 40

_UNREADABLE = ("head", "script", "style", "template", "object", "audio", "video", "select", "svg", "math")
_HIDDEN = re.compile(r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all)\b", re.IGNORECASE)
_DOT = re.compile(r"\s*\+?0*[01]?(?:\.\d*)?\s*(?:px)?\s*", re.IGNORECASE)
_DOT_STYLE = re.compile(r"(?:^|;)\s*(?:max-)?(?:width|height)\s*:\s*0*[01]?(?:px)?\s*(?:!|;|$)", re.IGNORECASE)
_NOT_FOLLOWED = re.compile(r"#|(?:javascript|vbscript|data|cid|file)\s*:", re.IGNORECASE)
# What a tree cannot hold: controls, lone surrogates, the two noncharacters that XML leaves out.
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_BLANKS = re.compile(r"\s+")
_SAYS_ITSELF = re.compile(r"(?:mailto|tel|https?):(?://)?", re.IGNORECASE)


def tree_for_reading(html: str) -> tuple[HtmlElement | None, dict[str, int]]:
    """The tree (None: there is nothing to read) and the URLs of its links, each with its number."""
    links: dict[str, int] = {}
    tree = _parsed(html)
    if tree is None:
        return None, links
    _drop_hidden(tree)
    _level(tree)
    for element in tree.iter("img", "input"):
        _describe(element)
    for element in tree.iter("hr"):
        element.text = RULE
    for element in tree.iter("a"):
        _number(element, links)
    for element in tree.iter():
        # What a style asks for is a matter of looks from here on.
        element.attrib.pop("style", None)
    return tree, links


def _parsed(html: str) -> HtmlElement | None:
    from lxml.etree import LxmlError
    from lxml.html import HTMLParser, document_fromstring

    text = _shallow(_plain(html)).strip()
    if not text:
        return None
    parser = HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
    try:
        return document_fromstring(text.encode(), parser=parser)
    except LxmlError:
        return None


def _shallow(html: str) -> str:
    """`html`, or what is between its tags where they are nested beyond all measure."""
    if html.count("<") <= MAX_PARSED_DEPTH:
        return html
    found = list(tags(html))
    if depth(found) <= MAX_PARSED_DEPTH:
        return html
    starts = [tag.start for tag in found]
    ends = [tag.raw_end for tag in found]
    return " ".join(html[end:start] for end, start in zip([0, *ends], [*starts, len(html)], strict=True))


def _drop_hidden(tree: HtmlElement) -> None:
    from lxml.etree import strip_elements

    for element in tree.iter():
        hidden = "hidden" in element.attrib or _HIDDEN.search(element.get("style", ""))
        if hidden and element is not tree and element.tag != "body":
            element.tag = "template"
    strip_elements(tree, *_UNREADABLE, with_tail=False)


def _level(tree: HtmlElement) -> None:
    """What is nested too deeply becomes the text of the element that it is in."""
    from lxml.etree import iterwalk

    deep = []
    level = 0
    for event, element in iterwalk(tree, events=("start", "end")):
        level += 1 if event == "start" else -1
        if event == "start" and level == MAX_DEPTH:
            deep.append(element)
    for element in deep:
        text = " ".join(element.itertext())
        del element[:]
        element.text = _plain(text)


def _number(link: HtmlElement, links: dict[str, int]) -> None:
    url = _BLANKS.sub("%20", link.get("href", "").strip())
    said = _BLANKS.sub(" ", str(link.xpath("string()"))).strip()
    if not url or _NOT_FOLLOWED.match(url) or said in (url, _SAYS_ITSELF.sub("", url, count=1).rstrip("/")):
        return
    number = links.setdefault(url, len(links) + 1)
    _append(link, f" [{number}]" if said else f"[{number}]")


def _describe(image: HtmlElement) -> None:
    """Write the description of an image into the text; one that is only there to be counted has none."""
    words = _BLANKS.sub(" ", image.get("alt", "")).strip()
    sizes = [image.get("width"), image.get("height")]
    dot = any(size is not None and _DOT.fullmatch(size) for size in sizes)
    if words and not dot and not _DOT_STYLE.search(image.get("style", "")):
        image.text = _plain(f"[{words}]")


def _append(element: Any, text: str) -> None:
    if len(element):
        element[-1].tail = _plain((element[-1].tail or "") + text)
    else:
        element.text = _plain((element.text or "") + text)


def _plain(text: str) -> str:
    return _NO_TEXT.sub("", text)
