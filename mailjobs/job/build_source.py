"""A data source of the job, as the model has it."""

from __future__ import annotations

from pathlib import Path

from mailjobs import model
from mailjobs.job.node import JobPath, Node, key_place
from mailjobs.job.problems import Problems
from mailjobs.job.template import check_named, encoding_of
from mailjobs.job.values import plain

# Each kind, and the keys that mean something with it besides `key`.
KINDS: dict[model.Kind, tuple[str, ...]] = {
    "csv": ("encoding", "delimiter", "quote"),
    "jsonl": ("encoding",),
    "json": ("items",),
    "yaml": (),
    "sqlite": ("query",),
    "command": ("format", "encoding", "delimiter", "quote"),
}


def build_source(node: Node, path: JobPath, name: str, problems: Problems) -> model.Source:
    """The source. Only good for use where `problems` has no errors."""
    kinds = [kind for kind in KINDS if node.get(kind) is not None]
    if len(kinds) != 1:
        found = f"; found {' and '.join(kinds)}" if kinds else ""
        words = f"a data source has exactly one of {', '.join(KINDS)}{found}"
        problems.at_key(node, path, words)
    kind = kinds[0] if kinds else "csv"
    _check_keys(node, path, kind, problems)
    origin = node.get(kind)
    return model.Source(
        name=name,
        path=_path(origin, (*path, kind), kind, problems),
        place=key_place(node, path),
        kind=kind,
        key=plain(node.get("key")),
        encoding=encoding_of(node, path, problems),
        delimiter=plain(node.get("delimiter")),
        quote=plain(node.get("quote"), '"'),
        items=plain(node.get("items"), ""),
        query=plain(node.get("query"), ""),
        words=tuple(plain(origin, [])) if kind == "command" else (),
        format=plain(node.get("format"), "jsonl"),
    )


def _path(origin: Node | None, path: JobPath, kind: str, problems: Problems) -> Path:
    """The file, which has to be there; of a command the folder that it runs in."""
    if origin is None:
        return Path()
    if kind == "command":
        return Path(origin.source.folder)
    check_named(origin, path, problems)
    file: Path = origin.source.folder / origin.value
    return file


def _check_keys(node: Node, path: JobPath, kind: model.Kind, problems: Problems) -> None:
    """Nothing is ignored: a key that means nothing here is an error."""
    for key, value in node.items():
        if key not in (*KINDS, "key", *KINDS[kind]):
            problems.at_key(value, (*path, key), f"`{key}` means nothing with `{kind}`")
    if kind == "sqlite" and node.get("query") is None:
        problems.at_key(node, path, "`sqlite` needs a `query`")
