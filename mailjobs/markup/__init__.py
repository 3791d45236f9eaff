"""From markup to markup: Markdown to HTML, HTML to text, style sheets to style attributes, image references.

Pure functions from text to text. Nothing here opens a file or a socket. What needs an optional package imports it
when it is first called, and raises SetupError where it is not installed.
"""

from mailjobs.markup.css import inline_css
from mailjobs.markup.images import Reference, references, replace
from mailjobs.markup.markdown import render_markdown, to_html
from mailjobs.markup.text import html_to_text

__all__ = ["Reference", "html_to_text", "inline_css", "references", "render_markdown", "replace", "to_html"]
