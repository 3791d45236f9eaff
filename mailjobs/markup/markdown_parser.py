"""The Markdown parser, set up for mail: CommonMark, tables, strikethrough, no HTML, no links that nobody wrote."""

from __future__ import annotations

from functools import cache

from markdown_it import MarkdownIt

from mailjobs.templates.holes import CLOSE

# Elements within each other. Brackets that are deeper stay text; quotes and lists that are deeper are left out by the
# parser, which is why `render_markdown` refuses them.
MAX_NESTING = 100


class Parser(MarkdownIt):
    """Leaves a destination that has placeholders as it was written: `destinations` encodes it afterwards."""

    def normalizeLink(self, url: str) -> str:
        """The destination, percent-encoded, its host in IDNA."""
        return url if CLOSE in url else super().normalizeLink(url)

    def normalizeLinkText(self, link: str) -> str:
        """The text of `<https://…>`, decoded for reading. What would decode to a placeholder is left encoded."""
        text = super().normalizeLinkText(link)
        return link if CLOSE in text else text


@cache
def markdown_parser() -> Parser:
    """The one parser. It keeps nothing between two texts, and any number of threads may use it."""
    parser = Parser("commonmark", {"html": False, "linkify": False, "maxNesting": MAX_NESTING})
    parser.enable(["table", "strikethrough"])
    return parser
