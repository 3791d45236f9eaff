"""What tells a run from any other that would send something else, part by part: as digests, and as text to compare.

The same on every machine: neither comments, nor the order of keys, nor where a file lies have a part in it, nor how
fast or how patiently is sent. Secrets have none either.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time
from decimal import Decimal
from hashlib import blake2b
from pathlib import Path
from typing import Any

from mailjobs.errors import Place
from mailjobs.frozen import frozen
from mailjobs.model import FilePath, Job, Message, Send, Server, Template, Timeouts
from mailjobs.prepare.choice import Choice
from mailjobs.prepare.guards import Gate
from mailjobs.prepare.outline import LEFT_OUT, LONGEST, bounded, outline
from mailjobs.prepare.texts import message_texts
from mailjobs.secret import Secret

CHUNK = 1 << 20
INCLUDED = re.compile(r"""\{%[-+]?\s*(?:include|import|from|extends)\s+['"]([^'"]+)['"]""")
# Of a send: what says to whom and what; all other keys say how.
MEANT = ("message", "for_each", "stop_on", "recipients_per_message")


@frozen
class Part:
    """One part of what a run is made of. `text` is what a person compares: it has no secret in it, and is bounded."""

    digest: str
    text: str = ""


def job_parts(job: Job, gate: Gate) -> dict[str, Part]:
    """The parts that all steps share: vars, guards."""
    redirect = gate.redirect.address if gate.redirect else None
    told = outline(job.guards) + outline(_given(redirect=redirect))
    return {"vars": _part(job.vars), "guards": _part([job.guards, redirect], told)}


def batch_parts(job: Job, action: Send, server: Server, choice: Choice, data: str) -> dict[str, Part]:
    """The parts of one batch; `data` is the digest of its rows, which are kept elsewhere. Raises FileError."""
    message = job.messages[action.message]
    meant = {name: getattr(action, name) for name in MEANT}
    included = dict(_included(message, job.folders))
    attached = sorted(_attached(message))
    limits = _given(limit=action.limit, with_limit=choice.limit)
    texts = {name: _text(file) for name, file in included.items()}
    return {
        "message": _part([meant, message], outline(message) + outline({"send": _given(**meant)})),
        "templates": _part(_contents(included), outline(texts)),
        "attachments": Part(_digest(attached), bounded("".join(map(_file_line, attached)), LONGEST)),
        "data": Part(data),
        "server": _part(server),
        "where": _part(action.where),
        "limit": _part([action.limit, choice.limit], outline(limits)),
        "only": _part(sorted(choice.only)),
    }


def _part(value: Any, text: str | None = None) -> Part:
    """The part that `value` makes; `text` where its outline would read badly."""
    return Part(_digest(value), outline(value) if text is None else text)


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, ())}


def file_name(line: str) -> str:
    """The name of the file that a line of the text of `attachments` is about."""
    return line.rpartition("  ")[0]


def _file_line(told: str) -> str:
    name, *what = told.split("\0")
    shown = name if name.isprintable() else json.dumps(name)
    return f"{shown}  {':'.join(what)}\n"


def _digest(value: Any) -> str:
    text = json.dumps(_plain(value), ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _plain(value: Any) -> Any:
    """`value` as JSON, without what says where it was written."""
    match value:
        case Template():
            return value.source
        case Place() | Secret() | Timeouts():
            return None
        case Path():
            return value.name
        case FilePath():
            return value.text.source
        case Mapping():
            return {str(key): _plain(inner) for key, inner in value.items()}
        case bytes():
            return value.hex()
        case datetime() | date() | time() | Decimal():
            return str(value)
        case list() | tuple() | set() | frozenset():
            return [_plain(inner) for inner in value]
    if is_dataclass(value) and not isinstance(value, type):
        kept = [field.name for field in fields(value) if field.name not in LEFT_OUT]
        return {"": type(value).__name__, **{name: _plain(getattr(value, name)) for name in kept}}
    return value


def _included(message: Message, folders: Iterable[Path]) -> Iterable[tuple[str, Path]]:
    """Names and files of what the message's templates include, and these in turn, where the names are literal."""
    waiting = [name for text in message_texts(message) for name in INCLUDED.findall(text.source)]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        file = next((folder / name for folder in folders if (folder / name).is_file()), None)
        if name not in seen and file is not None:
            seen.add(name)
            yield name, file
            waiting += INCLUDED.findall(_text(file))


def _contents(files: Mapping[str, Path]) -> list[str]:
    return sorted(f"{name}\0{_content(file)}" for name, file in files.items())


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace")
    except OSError:
        return ""  # which rendering tells as the error that it is


def _attached(message: Message) -> Iterable[str]:
    """Names and contents of the files whose paths are literal; of others what is in the folder that they name."""
    paths = [one.file for one in message.attachments if one.file is not None]
    if message.raw is not None and message.raw.file is not None:
        paths.append(message.raw.file)
    for path in paths:
        source = path.text.source
        told = _listed if "{" in source else _literal
        for folder in path.folders:
            yield from told(folder, source)


def _literal(folder: Path, source: str) -> Iterable[str]:
    try:
        found = [folder / source] if (folder / source).is_file() else sorted(folder.glob(source))
    except (NotImplementedError, ValueError):
        return
    for file in found:
        if file.is_file():
            yield f"{file.name}\0{_content(file)}"


def _listed(folder: Path, source: str) -> Iterable[str]:
    named = folder / os.path.dirname(source.partition("{")[0])
    if not named.is_dir():
        return
    with os.scandir(named) as entries:
        for entry in entries:
            if entry.is_file():
                status = entry.stat()
                yield f"{entry.name}\0{status.st_size}\0{status.st_mtime_ns}"


def _content(path: Path) -> str:
    made = blake2b(digest_size=16)
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                made.update(chunk)
    except OSError:
        return "unreadable"  # which rendering tells as the error that it is
    return made.hexdigest()
