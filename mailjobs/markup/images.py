"""The images that an HTML text shows by a relative path, and the text with other URLs in their place.

Looked at: `src` and `srcset` of img, source and input, `poster`, `background` of body and of table elements, and
`url(…)` in style attributes and `<style>`. What stands in a comment is none, those for Outlook among them.
A path from the root (`/logo.png`) is left alone: it belongs to a web site, not to the folder of the job.
"""

from __future__ import annotations

import html as entities
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mailjobs.markup.charrefs import Decoded
from mailjobs.markup.stylesheets import argument, image_urls
from mailjobs.markup.tags import Attribute, Tag, tags

_CELLS = ("body", "table", "thead", "tbody", "tfoot", "tr", "td", "th")
_ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "img": ("src", "srcset"),
    "image": ("src", "srcset"),
    "input": ("src",),
    "source": ("srcset",),
    "video": ("poster",),
    **dict.fromkeys(_CELLS, ("background",)),
}
# A scheme, a path from the root, a query or a place in the text itself.
_NOT_RELATIVE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*+:|[/\\?#]")
_HAS_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*+:|[/\\]{2}")
_EDGES = "".join(map(chr, range(0x21)))
_DROPPED = {ord(character): None for character in "\t\n\r"}
# One image of a srcset: its URL, then its width or density up to the comma (HTML 4.8.4.2.2).
_CANDIDATE = re.compile(r"[ \t\n\f\r,]++|(?P<url>[^ \t\n\f\r,][^ \t\n\f\r]*+)(?:(?<=,)|(?:[^,(]|\([^)]*+\)?)*+)")
_SPACES = re.compile(r"[ \t\n\f\r]")


class Reference(NamedTuple):
    """html[start:end] names the image at `url`, a relative URL, decoded. `in_css`: it is the argument of `url(…)`."""

    start: int
    end: int
    url: str
    in_css: bool = False


def references(html: str) -> list[Reference]:
    """The images with relative URLs, in order of their places. None, where `<base>` makes them those of a site."""
    found: list[Reference] = []
    for tag in tags(html):
        if tag.closing:
            continue
        if tag.name == "base" and "href" in tag.attributes and _HAS_SCHEME.match(_value(html, tag, "href")):
            return []
        of_tag = [one for one in _of_tag(html, tag) if one.url and not _NOT_RELATIVE.match(one.url)]
        found += sorted(of_tag)
    return found


def replace(html: str, found: Sequence[Reference], urls: Sequence[str]) -> str:
    """`html` with each of its references (all or some of those found, in their order) replaced by one of `urls`.

    A URL is written so that it is read again as it is, and adds nothing else. It must not be empty.
    """
    pieces: list[str] = []
    done = 0
    for one, url in zip(found, urls, strict=True):
        pieces += (html[done : one.start], argument(url) if one.in_css else _attribute(url))
        done = one.end
    pieces.append(html[done:])
    return "".join(pieces)


def _value(html: str, tag: Tag, name: str) -> str:
    attribute = tag.attributes[name]
    return _url(Decoded(html[attribute.start : attribute.end]).text)


def _of_tag(html: str, tag: Tag) -> Iterator[Reference]:
    for name in _ATTRIBUTES.get(tag.name, ()):
        if attribute := tag.attributes.get(name):
            yield from _in_set(html, attribute) if name == "srcset" else _whole(html, attribute)
    if style := tag.attributes.get("style"):
        yield from _in_style_attribute(html, style)
    if tag.name == "style":
        for first, last, url in image_urls(html[tag.end : tag.raw_end]):
            yield Reference(tag.end + first, tag.end + last, _url(url), True)


def _whole(html: str, attribute: Attribute) -> Iterator[Reference]:
    text = Decoded(html[attribute.start : attribute.end]).text
    yield Reference(attribute.start, attribute.end, _url(text))


def _in_set(html: str, attribute: Attribute) -> Iterator[Reference]:
    decoded = Decoded(html[attribute.start : attribute.end])
    for candidate in _CANDIDATE.finditer(decoded.text):
        if not (url := (candidate["url"] or "").rstrip(",")):
            continue
        start = candidate.start("url")
        first, last = decoded.source(start), decoded.source(start + len(url))
        yield Reference(attribute.start + first, attribute.start + last, url)


def _in_style_attribute(html: str, attribute: Attribute) -> Iterator[Reference]:
    decoded = Decoded(html[attribute.start : attribute.end])
    for first, last, url in image_urls(decoded.text):
        span = (attribute.start + decoded.source(first), attribute.start + decoded.source(last))
        yield Reference(*span, _url(url), True)


def _url(text: str) -> str:
    """What a browser looks at: without blanks and controls around it, and without line breaks and tabs."""
    return text.strip(_EDGES).translate(_DROPPED)


def _attribute(url: str) -> str:
    """`url` as it may stand in any attribute, with quotes around it or without."""
    return _SPACES.sub(lambda found: f"&#{ord(found[0])};", entities.escape(url))
