"""Markdown to HTML, with row values that are text wherever they stand.

No escaping makes a value safe inside Markdown: a backslash is literal in a code span, and a line break ends a table
row. So values never meet the parser. It reads the job's own text, with a placeholder for each value; the values are
put into the finished tokens, and the renderer escapes them as it does all text. The elements of the HTML are the same
whatever the values are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mailjobs.markup.destinations import destination
from mailjobs.markup.optional import missing
from mailjobs.templates.holes import CLOSE, PLACEHOLDER

if TYPE_CHECKING:
    from markdown_it.token import Token

_DESTINATIONS = frozenset({"href", "src"})


def to_html(source: str) -> str:
    """`source` (CommonMark with tables and ~~strikethrough~~) as an HTML fragment. Raises ValueError as below."""
    return render_markdown(source, ())


def render_markdown(text: str, values: Sequence[str]) -> str:
    """`text` as an HTML fragment, with its placeholders (see `templates.holes`) replaced by `values`, by number.

    HTML in the source is shown as text. Only what is written as a link becomes one. In the destination of a link or
    an image a value is percent-encoded (see `destinations`); in a link's title, an image's description and in code
    it is plain text. The name of a code block's language takes no values.
    Raises ValueError for quotes and lists nested so deeply that the parser would leave out what they hold,
    SetupError where markdown-it-py is not installed.
    """
    try:
        from mailjobs.markup.markdown_parser import MAX_NESTING, markdown_parser
    except ImportError as cause:
        raise missing("Markdown", "markdown-it-py") from cause

    parser = markdown_parser()
    tokens = parser.parse(text)
    if any(token.level >= MAX_NESTING - 1 for token in tokens):
        raise ValueError(f"the quotes and lists of the Markdown are nested too deeply (the most is {MAX_NESTING - 2})")
    if values and CLOSE in text:
        _put_in(tokens, _Values(values))
    return str(parser.renderer.render(tokens, parser.options, {}))


class _Values:
    """The values by the number in their placeholder. A number without a value stays as it is."""

    def __init__(self, values: Sequence[str]) -> None:
        self._values = {str(number): value.replace("\0", "\ufffd") for number, value in enumerate(values)}

    def text(self, text: str) -> str:
        """`text` with its placeholders replaced."""
        if CLOSE not in text:
            return text
        return PLACEHOLDER.sub(lambda found: self._values.get(found[1], found[0]), text)

    def destination(self, url: str) -> str:
        """`url` with its placeholders replaced by percent-encoded values."""
        return destination(url, self._values) if CLOSE in url else url


def _put_in(tokens: Sequence[Token], values: _Values) -> None:
    """Each text is filled once, so that what looks like a placeholder in a value stays text."""
    pending = list(tokens)
    while pending:
        token = pending.pop()
        pending += token.children or ()
        token.content = values.text(token.content)
        token.info = PLACEHOLDER.sub("", token.info)
        for name, value in token.attrs.items():
            if isinstance(value, str):
                token.attrs[name] = values.destination(value) if name in _DESTINATIONS else values.text(value)
