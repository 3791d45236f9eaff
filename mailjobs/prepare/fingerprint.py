"""What tells a batch from any other that would send something else, part by part: as digests, and as text to compare.

The same on every machine: neither comments, nor the order of keys, nor where a file lies have a part in it, nor how
fast or how patiently is sent. Secrets have none either.
"""

from __future__ import annotations

import glob
import json
import os
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time
from decimal import Decimal
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from mailjobs.errors import Place
from mailjobs.message.noted import Noted
from mailjobs.model import FilePath, Job, Message, Revocation, Send, Server, Template, Timeouts
from mailjobs.prepare.found import Found
from mailjobs.prepare.guards import Gate
from mailjobs.prepare.outline import LEFT_OUT, LONGEST, bounded, outline
from mailjobs.prepare.preparation import Preparation
from mailjobs.prepare.texts import message_texts
from mailjobs.secret import Secret

HOLES = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
# Of a send: what says to whom and what; all other keys say how.
MEANT = ("message", "for_each", "stop_on", "recipients_per_message")
# Keys that came later, by the class that has them: as they are by default they are not told, so that runs of earlier
# versions can go on.
LATER: dict[str, dict[str, Any]] = {
    "Tls": {
        "ciphers": (), "min_strength": 0, "groups": (), "signature_algorithms": (), "renegotiation": False,
        "accept": (), "allow": (), "revocation": Revocation(), "certificate": None,
    },
    "CertificateStore": {"pem": None, "data": None, "pkcs11": None, "type": "auto", "subject": None, "chain": ()},
}  # fmt: skip
SHARED = ("vars", "guards")  # parts that are the same for all batches of a run


class Part(NamedTuple):
    """One part of what a batch is made of. `text` is what a person compares: it has no secret in it, and is bounded."""

    digest: str
    text: str = ""


def job_parts(job: Job, gate: Gate) -> dict[str, Part]:
    """The parts that all steps share."""
    redirect = gate.redirect.address if gate.redirect else None
    told = outline(job.guards) + outline(_given(redirect=redirect))
    return {"vars": _part(job.vars), "guards": _part([job.guards, redirect], told)}


def batch_parts(preparation: Preparation, action: Send, server: Server | str, found: Found) -> dict[str, Part]:
    """The parts of one batch, with those that all share; `found` is what its preflight has just found. Its rows are
    kept elsewhere. `server` is the directory of a batch that is queued. Raises JobError, FileError.
    """
    job, templates, choice = preparation.job, preparation.templates, preparation.choice
    message = job.messages[action.message]
    meant = {name: getattr(action, name) for name in MEANT}
    included = templates.included(message_texts(message))
    where = templates.words(action.where) if action.where is not None else None
    limits = _given(limit=action.limit, with_limit=choice.limit)
    return {
        **job_parts(job, preparation.gate),
        "message": _part([meant, message], outline(message) + outline({"send": _given(**meant)})),
        "templates": _part(included, outline(included)),
        "attachments": _files(preparation.files(message.name), found.files, action, message),
        "data": Part(found.digest),
        "server": _part(server),
        "where": _part(where, outline(action.where)),
        "limit": _part([action.limit, choice.limit], outline(limits)),
        "only": _part(sorted(choice.only)),
        "exclude": _part(found.left_out, outline(_given(rows=found.excluded or None))),
    }


def once_part(action: Send) -> str:
    """What tells the template of once_per from others; "" without one."""
    return _digest(action.once_per) if action.once_per is not None else ""


def _part(value: Any, text: str | None = None) -> Part:
    """The part that `value` makes; `text` where its outline would read badly."""
    return Part(_digest(value), outline(value) if text is None else text)


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, ())}


def _files(same: Noted, each: Noted, action: Send, message: Message) -> Part:
    """Those that are the same for all rows, and those that each brings along, where that is known."""
    listed = [] if action.preflight == "full" else sorted(_listed(message))
    told, whole = dict(listed), True
    for noted in (same, each):
        files, all_of_them = noted.told
        told, whole = told | dict(files), whole and all_of_them
    text = "".join(_file_line(name, content) for name, content in sorted(told.items()))
    more = "" if whole else "… more files\n"
    return Part(_digest([same.digest, each.digest, listed]), bounded(text, LONGEST) + more)


def file_name(line: str) -> str:
    """The name of the file that a line of the text of `attachments` is about."""
    return line.rpartition("  ")[0]


def _file_line(name: str, content: str) -> str:
    return f"{name if name.isprintable() else json.dumps(name)}  {content}\n"


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
        later = LATER.get(type(value).__name__, {})
        told = {name: getattr(value, name) for name in kept}
        plain = {name: _plain(one) for name, one in told.items() if name not in later or one != later[name]}
        return {"": type(value).__name__, **plain}
    return value


def _listed(message: Message) -> Iterable[tuple[str, str]]:
    """Names and sizes of the files that may go along, where no row was asked which of them do."""
    paths = [one.file for one in message.attachments if one.file is not None]
    if message.raw is not None and message.raw.file is not None:
        paths.append(message.raw.file)
    for path in paths:
        pattern = "*".join(HOLES.split(path.text.source))
        if pattern == path.text.source:
            continue  # noted when the message was compiled
        for folder in path.folders:
            for name in glob.iglob(pattern, root_dir=folder, recursive=True):
                with suppress(OSError):
                    yield Path(name).name, str(os.stat(folder / name).st_size)
