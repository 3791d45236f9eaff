"""The bodies of a message, compiled: text, html, or both from Markdown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from mailjobs.errors import JobError, SetupError
from mailjobs.message.complaints import complaint, named, unencodable
from mailjobs.message.images import Images
from mailjobs.mime import Entity, text_entity
from mailjobs.model import Message, Template
from mailjobs.templates import Rendering, Templates
from mailjobs.templates.holes import fill, trace, unmarked

Scope = Mapping[str, Any]


class Markup(NamedTuple):
    """An html body: its part, the images that it shows, and the text that says the same (None: nobody asked)."""

    part: Entity
    images: tuple[Entity, ...]
    text: str | None


class TextBody:
    """The text part. `constant` is it, where it needs no values."""

    __slots__ = ("_message", "constant", "rendering")

    def __init__(self, template: Template, message: Message, templates: Templates) -> None:
        self._message = message
        self.rendering = templates.text(template)
        constant = self.rendering.constant
        self.constant = encoded("text", constant, "plain", message, template) if constant is not None else None

    def fill(self, scope: Scope) -> Entity:
        """The part for one scope. Raises DataError (JobError without a row)."""
        if self.constant is not None:
            return self.constant
        text = rendered("text", self.rendering, scope)
        return encoded("text", text, "plain", self._message, self.rendering.template)


class HtmlBody:
    """The html part of a template, with its style sheets inlined and its images embedded."""

    def __init__(self, template: Template, message: Message, templates: Templates, with_text: bool) -> None:
        self._message = message
        self._with_text = with_text
        self.rendering = templates.html(template)
        self._templates = templates
        self._images = Images("html", template, message.folders)
        self.constant = self._filled({}) if self.rendering.constant is not None else None

    def fill(self, scope: Scope) -> Markup:
        """The part for one scope. Raises DataError (JobError without a row), FileError, SetupError."""
        return self.constant or self._filled(scope)

    def _filled(self, scope: Scope) -> Markup:
        html = rendered("html", self.rendering, scope)
        text = _as_text(html) if self._with_text else None
        return _finished("html", html, text, self._traced, self._images, self._message, self.rendering, scope)

    def _traced(self, scope: Scope) -> str:
        return self._templates.traced(self.rendering.template).render(scope)


class MarkdownBody:
    """Both parts of a Markdown template: the source is the text, and values are text in either."""

    def __init__(self, template: Template, message: Message, templates: Templates) -> None:
        self._message = message
        self._rendering = templates.markdown(template)
        self._images = Images("markdown", template, message.folders)
        self.constant = self._filled({}) if self._rendering.constant is not None else None

    def fill(self, scope: Scope) -> Markup:
        """Both parts for one scope. Raises as HtmlBody does."""
        return self.constant or self._filled(scope)

    def _filled(self, scope: Scope) -> Markup:
        from mailjobs.markup import render_markdown

        try:
            holes = self._rendering.holes(scope)
        except JobError as error:
            raise named("markdown", error) from error
        values = [unmarked(str(value)) for value in holes.values]
        try:
            html = render_markdown(holes.text, values)
        except ValueError as error:
            raise complaint(f"markdown: {error}", self._rendering.template, scope) from None
        text = fill(holes.text, values)

        def traced(_: Scope) -> str:
            return render_markdown(holes.text, [trace(value) for value in values])

        return _finished("markdown", html, text, traced, self._images, self._message, self._rendering, scope)


def _finished(
    field: str,
    html: str,
    text: str | None,
    traced: Callable[[Scope], str],
    images: Images,
    message: Message,
    rendering: Rendering,
    scope: Scope,
) -> Markup:
    if message.inline_css:
        from mailjobs.markup import inline_css

        try:
            html = inline_css(html)
        except ValueError as error:
            raise complaint(f"{field}: {error}", rendering.template, scope) from None
    html, parts = images.embed(html, lambda: traced(scope), scope)
    return Markup(encoded(field, html, "html", message, rendering.template), parts, text)


def _as_text(html: str) -> str:
    from mailjobs.markup import html_to_text

    try:
        return html_to_text(html)
    except SetupError as error:
        error.hint = f"{error.hint}; or write `text`, or `text: false` for html alone"
        raise


def rendered(field: str, rendering: Rendering, scope: Scope) -> str:
    """What a template makes of `scope`. Raises DataError (JobError without a row), naming the field."""
    try:
        return rendering.render(scope)
    except JobError as error:
        raise named(field, error) from error


def encoded(field: str, text: str, subtype: str, message: Message, template: Template) -> Entity:
    """The text part. Raises EncodingError 434 for a character that the charset lacks."""
    try:
        return text_entity(text, subtype, message.charset, message.sign.pgp is not None)
    except UnicodeEncodeError as error:
        raise unencodable(field, error, template) from None
