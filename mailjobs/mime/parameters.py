"""Header fields with parameters: `application/pdf; name="a b.pdf"` (RFC 2045 section 5.1, RFC 2231)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from mailjobs.mime.entity import Field

MAX_LINE = 76

_TOKEN = re.compile(r"[!#$&+\-.0-9A-Z^_`a-z{|}~]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_QUOTABLE = re.compile(r"[\x20-\x7e]*")
# RFC 2231 section 7: attribute characters are those of a token but for * ' %
_BARE = frozenset(b"!#$&+-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ^_`abcdefghijklmnopqrstuvwxyz{|}~")


def field(name: str, value: str, parameters: Mapping[str, str] | None = None) -> Field:
    """A structured field. Values in any script and of any length travel as RFC 2231 says, in pieces where long.

    Raises ValueError for a control character in a value, UnicodeEncodeError for half a character.
    """
    parts = [value]
    for key, text in (parameters or {}).items():
        parts += _parameter(key, text)
    return Field(name, "; ".join(parts), _folded(name, parts))


def _folded(name: str, parts: list[str]) -> str:
    lines = [f"{name}: {parts[0]}"]
    for part in parts[1:]:
        if len(lines[-1]) + 2 + len(part) < MAX_LINE:
            lines[-1] += f"; {part}"
        else:
            lines[-1] += ";"
            lines.append(f" {part}")
    return "\r\n".join(lines) + "\r\n"


def _parameter(key: str, text: str) -> Iterator[str]:
    if _CONTROL.search(text):
        raise ValueError(f"{text[:60]!r} has a control character")
    plain = text if _TOKEN.fullmatch(text) else _quoted(text) if _QUOTABLE.fullmatch(text) else None
    if plain is not None and len(key) + len(plain) + 3 < MAX_LINE:
        yield f"{key}={plain}"
        return
    yield from _extended(key, text)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _extended(key: str, text: str) -> Iterator[str]:
    """`key*=utf-8''…`, or `key*0*=`, `key*1*=` … where one line does not hold it."""
    coded = [chr(octet) if octet in _BARE else f"%{octet:02X}" for octet in text.encode()]
    if len(key) + 9 + sum(map(len, coded)) < MAX_LINE - 1:
        yield f"{key}*=utf-8''{''.join(coded)}"
        return
    room = MAX_LINE - len(key) - 8
    current, number = "utf-8''", 0
    for unit in coded:
        if len(current) + len(unit) > room:
            yield f"{key}*{number}*={current}"
            current, number = "", number + 1
        current += unit
    yield f"{key}*{number}*={current}"
