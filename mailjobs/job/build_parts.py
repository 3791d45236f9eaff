"""What a message holds: bodies, attachments, or the whole of it ready made."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from mailjobs import model
from mailjobs.job.encodings import codec
from mailjobs.job.node import JobPath, Node, place
from mailjobs.job.problems import Problems
from mailjobs.job.template import HOLES, file_template, template
from mailjobs.job.values import plain

HEAD = 256 * 1024  # octets of a ready-made message that are looked at
# Python's codecs under the names that mail knows them by (RFC 2045 takes those of IANA).
MAIL_NAMES = {
    "ascii": "us-ascii", "utf-8": "utf-8", "iso2022_jp": "iso-2022-jp", "iso2022_kr": "iso-2022-kr", "gb2312": "gb2312",
    "euc_jp": "euc-jp", "euc_kr": "euc-kr", "shift_jis": "shift_jis", "big5": "big5", "gbk": "gbk",
    "gb18030": "gb18030", "koi8-r": "koi8-r", "koi8-u": "koi8-u", "tis-620": "tis-620", "viscii": "viscii",
}  # fmt: skip


def charset_of(node: Node, path: JobPath, problems: Problems) -> str:
    """The charset of a message under the name that mail has for it."""
    named = node.get("charset")
    if named is None:
        return "utf-8"
    try:
        return mail_charset(named.value)
    except LookupError:
        hint = "such as utf-8, iso-8859-1, iso-2022-jp or koi8-r"
        words = f"no charset that mail can have is called {named.value!r:.80}"
        problems.at(named, (*path, "charset"), words, hint=hint)
        return "utf-8"


def mail_charset(name: str) -> str:
    """The name that IANA has for one of Python's codecs, of those in which ASCII is ASCII. Raises LookupError."""
    found = codec(name)
    if found in MAIL_NAMES:
        return MAIL_NAMES[found]
    for prefix, known in (("iso8859-", "iso-8859-"), ("cp125", "windows-125")):
        if found.startswith(prefix):
            return known + found.removeprefix(prefix)
    raise LookupError(name)


def build_body(node: Node, path: JobPath, key: str, problems: Problems) -> model.Template | None:
    """The template at `text`, `html`, `markdown` or `content`: inline, or of a file."""
    found = node.get(key)
    if found is None or found.value is False:
        return None
    if isinstance(found.value, str):
        return template(found, (*path, key))
    inner = found.get("content")
    if inner is not None:
        return template(inner, (*path, key, "content"))
    return file_template(found, (*path, key), problems)


def build_attachments(
    node: Node, path: JobPath, folders: Sequence[Path], problems: Problems
) -> tuple[model.Attachment, ...]:
    """The attachments: one, or those of a list."""
    found = node.get("attachments")
    if found is None:
        return ()
    path = (*path, "attachments")
    if isinstance(found.value, list):
        return tuple(_attachment(entry, (*path, index), folders, problems) for index, entry in enumerate(found.value))
    return (_attachment(found, path, folders, problems),)


def _attachment(node: Node, path: JobPath, folders: Sequence[Path], problems: Problems) -> model.Attachment:
    if isinstance(node.value, str):
        return model.Attachment(place(node, path), file=_path(node, path, folders))
    file, content_id = node.get("file"), _text(node, path, "content_id")
    made = model.Attachment(
        place=place(node, path),
        file=_path(file, (*path, "file"), folders) if file else None,
        content=build_body(node, path, "content", problems),
        name=_text(node, path, "name"),
        type=plain(node.get("type")),
        inline=plain(node.get("inline"), False) or content_id is not None,
        content_id=content_id,
        method=plain(node.get("method")),
    )
    if made.content is not None and made.name is None and not made.inline:
        problems.at(node, path, "an attachment with `content` needs a `name`")
    return made


def _text(node: Node, path: JobPath, key: str) -> model.Template | None:
    found = node.get(key)
    return template(found, (*path, key)) if found else None


def _path(node: Node, path: JobPath, folders: Sequence[Path]) -> model.FilePath:
    """A relative path starts in the folder of the file that has it, then in those of the others of the chain."""
    return model.FilePath(template(node, path), tuple(dict.fromkeys((node.source.folder, *folders))))


def build_raw(node: Node, path: JobPath, folders: Sequence[Path], problems: Problems) -> model.Raw | None:
    """A ready-made message."""
    found = node.get("raw")
    if found is None:
        return None
    path = (*path, "raw")
    if isinstance(found.value, str):
        _warn_of_bcc(found, path, found.value.encode(), problems)
        return model.Raw(place(found, path), text=template(found, path))
    file, content = found.get("file"), found.get("content")
    if content is not None:
        _warn_of_bcc(content, (*path, "content"), content.value.encode(), problems)
    elif file is not None and not HOLES.search(file.value):
        _warn_of_bcc(file, (*path, "file"), _begin(file.source.folder / file.value), problems)
    return model.Raw(
        place=place(found, path),
        file=_path(file, (*path, "file"), folders) if file else None,
        text=template(content, (*path, "content")) if content else None,
        line_endings=plain(found.get("line_endings"), "crlf"),
    )


def _warn_of_bcc(node: Node, path: JobPath, message: bytes, problems: Problems) -> None:
    """The bytes go out as they are: who stands in Bcc is seen by all."""
    head = re.split(rb"\r?\n\r?\n", message, maxsplit=1)[0]
    if re.search(rb"^bcc[ \t]*:", head, re.IGNORECASE | re.MULTILINE):
        hint = "take the field out, and name the recipients in `bcc`"
        problems.warn(node, path, "the message has a Bcc field, which all recipients see", hint=hint)


def _begin(path: Path) -> bytes:
    """The first octets of a file; none where it cannot be read, which is told later."""
    try:
        with path.open("rb") as file:
            return file.read(HEAD)
    except (OSError, ValueError):
        return b""
