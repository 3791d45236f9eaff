"""What a message holds, from bodies and attachments to one entity (RFC 2046, RFC 2387).

mixed
  related                     where html shows images
    alternative               the same said several times, the best last
      text/plain
      text/html
      text/calendar           an invitation
    image …
  attachment …
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from mailjobs.errors import Problem
from mailjobs.message.attachments import Attached, AttachmentField
from mailjobs.message.bodies import HtmlBody, MarkdownBody, TextBody, encoded
from mailjobs.message.complaints import attempt
from mailjobs.message.straight_content import StraightContent, straight_content
from mailjobs.mime import EMPTY, Entity, multipart
from mailjobs.model import Message
from mailjobs.templates import Templates

Scope = Mapping[str, Any]


class Content:
    """The content of a message, compiled. One without any is empty: headers only."""

    __slots__ = ("_attachments", "_constant", "_html", "_message", "_text", "_text_source")

    def __init__(self, message: Message, templates: Templates, problems: list[Problem]) -> None:
        self._message = message
        text = message.text
        self._text = attempt(problems, partial(TextBody, text, message, templates)) if text else None
        self._html = _html(message, templates, problems)
        self._text_source = message.html or message.markdown
        made = [attempt(problems, partial(AttachmentField, one, templates)) for one in message.attachments]
        self._attachments = [field for field in made if field is not None]
        parts = [part for part in (self._text, self._html) if part is not None]
        constant = all(part.constant is not None for part in (*parts, *self._attachments))
        self._constant = self._filled({}) if constant and not problems else None

    def fill(self, scope: Scope) -> Entity:
        """The content for one scope. Raises DataError (JobError without a row) with the template's line, FileError."""
        return self._constant if self._constant is not None else self._filled(scope)

    def straight(self) -> StraightContent | None:
        """The straight way, where a text and an html are all that there is."""
        message, html = self._message, self._html
        made = message.inline_css or (message.html and message.text is None and message.text_from_html)
        if made or self._attachments or isinstance(html, MarkdownBody):
            return None
        bodies = [(part.rendering, kind) for part, kind in ((self._text, "plain"), (html, "html")) if part is not None]
        return straight_content(message, bodies)

    def _filled(self, scope: Scope) -> Entity:
        alternatives = [self._text.fill(scope)] if self._text is not None else []
        images: tuple[Entity, ...] = ()
        if self._html is not None:
            html = self._html.fill(scope)
            if html.text is not None and self._text is None and self._text_source is not None:
                alternatives.append(encoded("text", html.text, "plain", self._message, self._text_source))
            alternatives.append(html.part)
            images = html.images
        if not self._attachments:
            return _body(alternatives, images)
        return self._with_attachments(alternatives, images, scope)

    def _with_attachments(self, alternatives: list[Entity], images: tuple[Entity, ...], scope: Scope) -> Entity:
        attached: list[Attached] = []
        for field in self._attachments:
            attached += field.constant if field.constant is not None else field.fill(scope)
        alternatives += [one.alternative for one in attached if one.alternative is not None]
        inline = self._html is not None
        related = (*images, *[one.part for one in attached if one.inline and inline])
        others = [one.part for one in attached if not (one.inline and inline)]
        body = _body(alternatives, related)
        if not others:
            return body
        return multipart("mixed", [body, *others] if body is not EMPTY else others)


def _body(alternatives: Sequence[Entity], related: Sequence[Entity]) -> Entity:
    if not alternatives:
        return EMPTY
    shown = alternatives[0] if len(alternatives) == 1 else multipart("alternative", alternatives)
    if not related:
        return shown
    kind = shown.fields[0].value.partition(";")[0]
    return multipart("related", [shown, *related], {"type": kind})


def _html(message: Message, templates: Templates, problems: list[Problem]) -> HtmlBody | MarkdownBody | None:
    if message.markdown is not None:
        return attempt(problems, partial(MarkdownBody, message.markdown, message, templates))
    if message.html is None:
        return None
    with_text = message.text is None and message.text_from_html
    return attempt(problems, partial(HtmlBody, message.html, message, templates, with_text))
