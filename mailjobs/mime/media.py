"""What a file is: its media type, from its name and its first octets; the same on every machine."""

from __future__ import annotations

import mimetypes
from functools import lru_cache

BINARY = "application/octet-stream"
HEAD = 4096  # octets that are looked at

# First octets that no other common format has. For names that say nothing, or not the truth.
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"PK\x03\x04", "application/zip"),
    (b"PK\x05\x06", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"OggS", "audio/ogg"),
    (b"BEGIN:VCALENDAR", "text/calendar"),
    (b"BEGIN:VCARD", "text/vcard"),
    (b"{\\rtf", "text/rtf"),
)
_MORE = {
    ".7z": "application/x-7z-compressed", ".csv": "text/csv", ".eml": "message/rfc822", ".gz": "application/gzip",
    ".ics": "text/calendar", ".md": "text/markdown", ".vcf": "text/vcard", ".webp": "image/webp",
    ".yaml": "application/yaml", ".yml": "application/yaml", ".log": "text/plain", ".rtf": "text/rtf",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".odt": "application/vnd.oasis.opendocument.text", ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".svg": "image/svg+xml", ".js": "text/javascript", ".bz2": "application/x-bzip2", ".xz": "application/x-xz",
}  # fmt: skip


def media_type(name: str, head: bytes) -> str:
    """The media type of a file called `name` that begins with `head` (as much as there is, up to 4096 octets).

    The name decides, unless the content cannot be that: a `.txt` that is no text. Where the name says nothing, the
    content does. Text is `text/plain` where it is UTF-8.
    """
    named = _by_name(name)
    if named is not None and (named.partition("/")[0] != "text" or is_text(head)):
        return named
    found = next((kind for signature, kind in _SIGNATURES if head.startswith(signature)), None)
    if found is None and head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        found = "image/webp"
    if found is None and named is None and head and is_text(head):
        found = "text/plain"
    return found or BINARY


def is_text(head: bytes) -> bool:
    """Whether the first octets of a file are UTF-8 without NUL; a character may be cut at the end."""
    if b"\0" in head:
        return False
    try:
        head.decode()
    except UnicodeDecodeError as error:
        return len(head) >= HEAD and error.start > len(head) - 4 and error.reason == "unexpected end of data"
    return True


@lru_cache(maxsize=256)
def _by_name(name: str) -> str | None:
    lower = name.lower()
    suffix = lower[lower.rfind(".") :] if "." in lower else ""
    if suffix in _MORE:
        return _MORE[suffix]
    kind, coding = _table().guess_type(f"file{suffix}", strict=True)
    return None if coding else kind


@lru_cache(maxsize=1)
def _table() -> mimetypes.MimeTypes:
    """Python's own table, without the files of this machine, which differ from one to the next."""
    return mimetypes.MimeTypes()
