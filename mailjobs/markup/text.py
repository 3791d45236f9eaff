"""The text of an HTML body, for those who read no HTML.

A link is followed by a number, and its URL stands below the text, so that paragraphs and tables keep their shape.
Where a link's text is its URL, nothing is added. An image is its description in brackets, if it has one and is more
than a dot.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from mailjobs.markup.optional import missing
from mailjobs.markup.readable import tree_for_reading

if TYPE_CHECKING:
    from inscriptis.model.config import ParserConfig

_BLANKS_AT_END = re.compile(r"(?<![ \t])[ \t]++$", re.MULTILINE)
_EMPTY_LINES = re.compile(r"\n{3,}")
# A no-break space is one to the eye; a soft hyphen, a zero width space and a byte order mark are nothing.
_INVISIBLE = {0xA0: " ", 0xAD: None, 0x200B: None, 0xFEFF: None, 0x0B: " ", 0x0C: " ", 0x0D: "\n"}


def html_to_text(html: str) -> str:
    """The text of `html`, its last line ended, or "". Broken HTML is read as browsers would.

    Hidden elements say nothing. There are no blanks at the ends of lines, and never two empty lines together.
    Raises SetupError where inscriptis is not installed.
    """
    try:
        from inscriptis.html_engine import Inscriptis
    except ImportError as cause:
        raise missing("making text from HTML", "inscriptis") from cause
    tree, links = tree_for_reading(html)
    if tree is None:
        return ""
    text = _tidied(Inscriptis(tree, _config()).get_text())
    notes = "".join(f"[{number}] {url}\n" for url, number in links.items())
    return f"{text}\n{notes}" if text and notes else text + notes


def _config() -> ParserConfig:
    from inscriptis.css_profiles import CSS_PROFILES
    from inscriptis.html_properties import Display
    from inscriptis.model.config import ParserConfig
    from inscriptis.model.html_element import HtmlElement

    css: dict[str, Any] = dict(CSS_PROFILES["strict"])
    css["hr"] = HtmlElement(display=Display.block)
    css["blockquote"] = HtmlElement(display=Display.block, margin_before=1, margin_after=1, padding_inline=2)
    css["dd"] = HtmlElement(display=Display.block, padding_inline=2)
    css["dt"] = css["section"] = css["form"] = css["center"] = HtmlElement(display=Display.block)
    return ParserConfig(css=css)


def _tidied(text: str) -> str:
    text = _BLANKS_AT_END.sub("", text.translate(_INVISIBLE))
    text = _EMPTY_LINES.sub("\n\n", text).strip("\n")
    return f"{text}\n" if text.strip() else ""
