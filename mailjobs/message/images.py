"""Images that html names by a relative path go with the message, and html refers to them by Content-ID (RFC 2392)."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from mailjobs.errors import FileError, Place
from mailjobs.message.complaints import complaint
from mailjobs.message.files import LARGE, file_part, read
from mailjobs.message.paths import PathRefused, files_at
from mailjobs.mime import Disposition, Entity
from mailjobs.model import Template
from mailjobs.templates.holes import CLOSE, OPEN, trace, unmarked

Scope = Mapping[str, Any]

REFERRING = (b"src", b"background", b"url(")  # one of these stands before each reference
_MARK = re.compile(f"{OPEN}[^{CLOSE}]*{CLOSE}")


class Images:
    """Embeds the images of one html body. Values choose no file outside the folder that the template's text names."""

    def __init__(self, field: str, template: Template, folders: Sequence[Path]) -> None:
        self._field = field
        self._template = template
        own = [Path(template.start.file).parent] if template.start.file != template.place.file else []
        self._folders = tuple(dict.fromkeys([*own, *folders]))

    def embed(self, html: str, traced: Callable[[], str], scope: Scope) -> tuple[str, tuple[Entity, ...]]:
        """The html with `cid:` for each image, and the images, each once. `traced` renders it with values marked.

        Raises DataError (JobError without a row) for what a value chose wrongly, FileError for what the text did.
        """
        if not may_refer(html):
            return html, ()
        from mailjobs.markup import references, replace

        found = references(html)
        if not found:
            return html, ()
        written = _written(traced(), references)
        parts: dict[str, Entity] = {}
        changes: list[str] = []
        for reference in found:
            path = self._path(reference.url, written.get(reference.url), scope)
            name = _content_id(path, self._template.place)
            if name not in parts:
                parts[name] = self._part(path, name, scope)
            changes.append(f"cid:{name}")
        return replace(html, found, changes), tuple(parts.values())

    def _path(self, url: str, written: str | None, scope: Scope) -> Path:
        plain = unquote(re.split("[?#]", url, maxsplit=1)[0])
        text, values = (plain, []) if written == url else _holes(plain, written)
        try:
            return files_at(text, values, self._folders)[0]
        except PathRefused as error:
            words = f"{self._field}: image {url[:80]!r}: {error}"
            if error.chosen_by_value:
                raise complaint(words, self._template, scope, code=error.code) from None
            raise FileError(words, place=self._template.place) from None

    def _part(self, path: Path, name: str, scope: Scope) -> Entity:
        try:
            part = file_part(path, Disposition("inline", path.name, name), None, self._template.place)
        except ValueError as error:
            raise complaint(f"{self._field}: image '{path}': {error}", self._template, scope) from None
        if not part.fields[0].value.startswith("image/"):
            raise complaint(f"{self._field}: '{path}' is no image", self._template, scope)
        return part


def may_refer(html: str) -> bool:
    """Whether html has what any reference needs. Most has not, and is not looked at further."""
    if "=" not in html and "(" not in html:
        return False
    return names_a_reference(html)


def names_a_reference(html: str) -> bool:
    """Whether one of REFERRING stands in html, whatever the case of its letters."""
    if html.isascii():  # nearly always, and then the cheapest
        letters = html.lower()
        return "src" in letters or "background" in letters or "url(" in letters
    lower = html.encode("utf-8", "surrogatepass").lower()  # of octets a fraction of what letters cost
    return True in [word in lower for word in REFERRING]


def _written(traced: str, references: Callable[[str], Sequence[Any]]) -> dict[str, str]:
    """Each url as it came out -> as it was written, with marks around values; where two differ, the more marked one."""
    found: dict[str, str] = {}
    for reference in references(traced):
        marked = _unquoted_marks(reference.url)
        if traced.count(OPEN, 0, reference.start) > traced.count(CLOSE, 0, reference.start):
            marked = trace(marked)  # within a value that is markup, such as what a macro writes
        plain = unmarked(marked)
        if plain not in found or len(marked) > len(found[plain]):
            found[plain] = marked
    return found


def _unquoted_marks(url: str) -> str:
    """Marks that were percent-encoded on their way through Markdown."""
    for mark in (OPEN, CLOSE):
        url = url.replace("".join(f"%{octet:02X}" for octet in mark.encode()), mark)
    return url


def _holes(plain: str, written: str | None) -> tuple[str, list[str]]:
    """A path as text with placeholders, and the values. What nobody can account for is a value from end to end."""
    if written is None:
        return f"{OPEN}0{CLOSE}", [plain]
    marked = unquote(re.split("[?#]", written, maxsplit=1)[0])
    values = [unmarked(value) for value in _MARK.findall(marked)]
    numbers = iter(range(len(values)))
    text = _MARK.sub(lambda _: f"{OPEN}{next(numbers)}{CLOSE}", marked)
    if any(mark in _PLACEHOLDERS.sub("", text) for mark in (OPEN, CLOSE)):
        return f"{OPEN}0{CLOSE}", [plain]
    return text, values


_PLACEHOLDERS = re.compile(f"{OPEN}[0-9]+{CLOSE}")


def _content_id(path: Path, place: Place) -> str:
    """The same for the same file on every machine: made of its name, its size and its first octets."""
    digest = blake2b(os.fsencode(path.name), digest_size=12)
    digest.update(b"\0%d\0" % path.stat().st_size + read(path, LARGE, place))
    return f"{digest.hexdigest()}@mailjobs"
