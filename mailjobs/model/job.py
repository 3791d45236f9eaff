"""The whole job."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from mailjobs.errors import Place
from mailjobs.frozen import frozen
from mailjobs.model.guards import Guards
from mailjobs.model.message import Message
from mailjobs.model.server import Server
from mailjobs.model.step import Step

Kind = Literal["csv", "jsonl", "json", "yaml", "sqlite", "command"]


@frozen
class Source:
    """Rows of a file, or of what a program prints; `path` is the file, or the folder that the program runs in.

    `delimiter` None: found out from the first lines; `quote` stands around cells, and doubled within them. `items`
    names the list within a JSON file ("" for the whole of it), `query` asks an SQLite database, `words` are a program
    with its arguments, whose output has `format`. `label` is what errors call the file, where that is not its path;
    `within` is where the source stands in the job, where that is not `data.NAME`.
    """

    name: str
    path: Path
    place: Place
    kind: Kind = "csv"
    key: str | None = None
    encoding: str = "utf-8"
    delimiter: str | None = None
    quote: str = '"'
    items: str = ""
    query: str = ""
    words: tuple[str, ...] = ()
    format: Literal["csv", "jsonl"] = "jsonl"
    label: str = ""
    within: str = ""

    @property
    def path_in_job(self) -> str:
        """Where the source stands in the job, for errors."""
        return self.within or f"data.{self.name}"

    @property
    def shown(self) -> str:
        """What errors call the file."""
        return self.label or str(self.path)


@frozen
class Job:
    """A checked job. `files` is the job file and those it extends, nearest first; `vars` are resolved values.

    `folders` are those of `files`, without repeats: where templates may come from.
    """

    name: str
    files: tuple[Path, ...]
    folders: tuple[Path, ...]
    vars: Mapping[str, Any]
    data: Mapping[str, Source]
    servers: Mapping[str, Server]
    messages: Mapping[str, Message]
    steps: tuple[Step, ...]
    guards: Guards = Guards()
