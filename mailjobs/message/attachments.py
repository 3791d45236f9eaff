"""Attachments, compiled: what needs no value is a finished part; the rest is made for each row."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from mailjobs.errors import FileError, JobError
from mailjobs.message.complaints import complaint, named
from mailjobs.message.files import MAX_MESSAGE, content_part, file_part, read
from mailjobs.message.noted import note
from mailjobs.message.paths import PathRefused, files_at
from mailjobs.message.texts import checked, one_line
from mailjobs.mime import Disposition, Entity, media_type
from mailjobs.mime.entity import entity
from mailjobs.model import Attachment, Template
from mailjobs.templates import Holes, Rendering, Templates

Scope = Mapping[str, Any]

FIELD = "attachments"
CALENDAR = "text/calendar"


class Attached(NamedTuple):
    """A part, and where it belongs: beside the message, within its html, or among the alternatives."""

    part: Entity
    inline: bool = False
    alternative: Entity | None = None


class AttachmentField:
    """One entry of `attachments`. `constant` are its parts where no value is needed, else None.

    Raises FileError when made, for a literal path that is no file; JobError for what no row can mend.
    """

    def __init__(self, source: Attachment, templates: Templates) -> None:
        self._source = source
        self._file = templates.holes(one_line(source.file.text)) if source.file else None
        self._content = templates.text(source.content) if source.content else None
        self._name = _header(source.name, templates)
        self._content_id = _header(source.content_id, templates)
        texts = (self._file, self._content, self._name, self._content_id)
        constant = all(text is None or text.constant is not None for text in texts)
        self.constant = self.fill({}) if constant else None

    def fill(self, scope: Scope) -> tuple[Attached, ...]:
        """The parts for one scope. Raises DataError (JobError without a row), FileError."""
        if self._content is not None:
            return (self._from_content(self._content, scope),)
        assert self._file is not None, "an attachment has a file or content"
        template = self._file.template
        try:
            holes = self._file.holes(scope)
        except JobError as error:
            raise named(FIELD, error) from error
        paths = self._paths(holes, template, scope)
        return tuple([self._from_file(path, len(paths) > 1, template, scope) for path in paths])

    def _paths(self, holes: Holes, template: Template, scope: Scope) -> tuple[Path, ...]:
        assert self._source.file is not None
        try:
            return files_at(holes.text, [str(value) for value in holes.values], self._source.file.folders)
        except PathRefused as error:
            if error.chosen_by_value:
                raise complaint(f"{FIELD}: {error}", template, scope, code=error.code) from None
            raise FileError(f"{FIELD}: {error}", place=template.place) from None

    def _from_file(self, path: Path, several: bool, template: Template, scope: Scope) -> Attached:
        name = path.name if several or self._name is None else self._text(self._name, scope)
        shown = self._disposition(name, scope)
        try:
            if self._source.method:
                content = read(path, MAX_MESSAGE, template.place)
                note(path, len(content), content)
                return self._invitation(content, name, shown)
            return Attached(file_part(path, shown, self._source.type, template.place), self._source.inline)
        except ValueError as error:
            raise complaint(f"{FIELD}: '{path}': {error}", template, scope) from None

    def _from_content(self, rendering: Rendering, scope: Scope) -> Attached:
        try:
            text = rendering.render(scope)
        except JobError as error:
            raise named(FIELD, error) from error
        name = self._text(self._name, scope) if self._name else ""
        shown = self._disposition(name, scope)
        try:
            content = text.encode()
            if self._source.method:
                return self._invitation(content, name, shown)
            media = self._source.type or media_type(name, content[:4096])
            if media.startswith("text/"):
                shown = Disposition(shown.kind, shown.name, shown.content_id, {"charset": "utf-8"})
            return Attached(content_part(content, shown, media), self._source.inline)
        except ValueError as error:
            raise complaint(f"{FIELD}: {error}", rendering.template, scope) from None

    def _invitation(self, content: bytes, name: str, shown: Disposition) -> Attached:
        """As an alternative, where mail programs look for what can be answered, and beside it to be kept (RFC 6047)."""
        content.decode()
        parameters = {"charset": "utf-8", "method": str(self._source.method)}
        media = self._source.type or CALENDAR
        alternative = content_part(content, Disposition("inline", "", "", parameters), media)
        return Attached(content_part(content, shown, "application/ics"), False, _undisposed(alternative))

    def _disposition(self, name: str, scope: Scope) -> Disposition:
        content_id = self._text(self._content_id, scope) if self._content_id else ""
        if content_id and (not content_id.isascii() or any(c in content_id for c in '<> \t"()')):
            template = self._content_id.template if self._content_id else None
            assert template is not None
            raise complaint(f"content_id: {content_id[:60]!r} has characters that no Content-ID has", template, scope)
        return Disposition("inline" if self._source.inline else "attachment", name, content_id)

    def _text(self, rendering: Rendering, scope: Scope) -> str:
        text = checked(FIELD, rendering, scope).strip()
        if rendering is self._name and (not text or "/" in text or "\\" in text or not text.isprintable()):
            words = f"name: {text[:60]!r} is no file name"
            raise complaint(f"{FIELD}: {words}", rendering.template, scope, hint="a name without / or \\")
        return text


def _undisposed(part: Entity) -> Entity:
    """Without Content-Disposition, which an alternative does not have."""
    fields = tuple([field for field in part.fields if field.name != "Content-Disposition"])
    return entity(fields, part.body, part.eightbit)


def _header(template: Template | None, templates: Templates) -> Rendering | None:
    return templates.header(one_line(template)) if template is not None else None
