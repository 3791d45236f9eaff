"""Values of the model as text that a person reads and compares: like YAML, without what says where it was written."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from mailjobs.errors import Place
from mailjobs.model import FilePath, Template, Timeouts
from mailjobs.secret import MASK, Secret

# Fields that say where something was written, or how something is done.
LEFT_OUT: Final = {
    "place", "folders", "path", "start", "line", "label", "timeout",
    "log", "key_log_file", "session_reuse",
    "address_family", "bind", "socket", "max_transfer_rate", "rset", "proxy",
}  # fmt: skip
LONGEST_TEXT: Final = 1 << 18  # characters of one text
LONGEST: Final = 1 << 20  # characters of an outline
_NUMBER = r"[+-]?\.?\d[\d_]*(\.\d*)?([eE][+-]?\d+)?"
_ODD = re.compile(rf"|true|false|null|~|{_NUMBER}|[\s\"'|>&*!%@`#{{\[-].*|.*\s", re.DOTALL)


def outline(value: Any) -> str:
    """Lines, each with its end; what is as it is by default is left out, and long texts are cut.

    A secret is `***`, whatever it is. Of what is empty there are no lines.
    """
    reduced = _reduced(value)
    if reduced in ({}, [], None):
        return ""
    return bounded("".join(f"{line}\n" for line in _lines(reduced)), LONGEST)


def bounded(text: str, longest: int) -> str:
    """`text`, or its beginning and a last line that stands for the rest: another rest is another line."""
    if len(text) <= longest:
        return text
    rest = blake2b(text[longest:].encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return f"{text[:longest]}\n… {len(text) - longest} more characters ({rest})\n"


def _reduced(value: Any) -> Any:
    """`value` made of mappings, lists and scalars."""
    match value:
        case Template():
            return value.source
        case FilePath():
            return value.text.source
        case Secret():
            return MASK
        case Place() | Timeouts():
            return None
        case Path():
            return value.name
        case Mapping():
            return {str(key): _reduced(inner) for key, inner in sorted(value.items(), key=lambda item: str(item[0]))}
        case list() | tuple() | set() | frozenset():
            return [_reduced(inner) for inner in value]
    if is_dataclass(value) and not isinstance(value, type):
        said = {field.name.rstrip("_"): _reduced(getattr(value, field.name)) for field in _said(value)}
        return said["text"] if said.keys() == {"text"} else said
    return value


def _said(value: Any) -> Iterator[Field[Any]]:
    """The fields of a dataclass that are not as they are by default."""
    for field in fields(value):
        default = field.default if field.default_factory is MISSING else field.default_factory()
        if field.name not in LEFT_OUT and getattr(value, field.name) != default:
            yield field


def _lines(value: Any) -> Iterator[str]:
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from _entry(f"{_scalar(key)}:", inner)
    elif isinstance(value, list) and value:
        for inner in value:
            first, *rest = _lines(inner)
            yield f"- {first}"
            yield from (f"  {line}" for line in rest)
    elif isinstance(value, str) and "\n" in value:
        yield "|" if value.endswith("\n") else "|-"
        yield from (f"  {line}" for line in bounded(value, LONGEST_TEXT).removesuffix("\n").split("\n"))
    else:
        yield _scalar(value)


def _entry(head: str, value: Any) -> Iterator[str]:
    first, *rest = _lines(value)
    if value and isinstance(value, dict | list):
        yield head
        yield from (f"  {line}" for line in (first, *rest))
    else:
        yield f"{head} {first}"
        yield from rest


def _scalar(value: Any) -> str:
    """On one line, so that "1" and 1 differ."""
    if isinstance(value, str):
        text = bounded(value, LONGEST_TEXT)
        return json.dumps(text, ensure_ascii=False) if _ODD.fullmatch(text) or not text.isprintable() else text
    if isinstance(value, bytes):
        return bounded(value.hex(), LONGEST_TEXT)
    if value is None or isinstance(value, bool | int | float | dict | list):
        return json.dumps(value)
    return str(value)
