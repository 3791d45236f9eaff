"""The whole job."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mailjobs.errors import Place
from mailjobs.frozen import frozen
from mailjobs.model.message import Message
from mailjobs.model.server import Server
from mailjobs.model.step import Step


@frozen
class CsvSource:
    """Rows of a CSV file. `delimiter` None: found out from the first lines."""

    name: str
    path: Path
    place: Place
    key: str | None = None
    encoding: str = "utf-8"
    delimiter: str | None = None


@frozen
class Job:
    """A checked job. `files` is the job file and those it extends, nearest first; `vars` are resolved values.

    `folders` are those of `files`, without repeats: where templates may come from.
    """

    name: str
    files: tuple[Path, ...]
    folders: tuple[Path, ...]
    vars: Mapping[str, Any]
    data: Mapping[str, CsvSource]
    servers: Mapping[str, Server]
    messages: Mapping[str, Message]
    steps: tuple[Step, ...]
