"""What YAML text becomes: a tree whose every value knows where it stands.

Expansion, merging and settings all work on this tree, so that places follow the values they belong to, into other
shapes and across files. Only validation looks at plain data, and finds its way back through paths.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from mailjobs.errors import Place
from mailjobs.frozen import frozen

JobPath = tuple[str | int, ...]


@frozen
class Source:
    """A text that holds a part of the job. `label` is its path as the user wrote it, `folder` where its paths start.

    `path` is None for text that has no file: standard input, or a flag of the command line.
    """

    label: str
    folder: Path
    text: str = ""
    path: Path | None = None


@frozen
class Node:
    """A value: None, bool, int, float, str, a list of nodes, or a mapping of text to nodes.

    Lines and columns count from 1; 0 is "nowhere". `key_line` and `key_column` are those of the key, where there is
    one. `raw` is a plain scalar as it was typed, `block` says that it is a block scalar (`|` or `>`).
    """

    value: Any
    source: Source
    line: int = 0
    column: int = 0
    key_line: int = 0
    key_column: int = 0
    block: bool = False
    raw: str = ""

    def like(self, value: Any) -> Node:
        """Another value at this place."""
        return replace(self, value=value, block=False, raw="")

    def items(self) -> Iterator[tuple[str, Node]]:
        """The entries of a mapping; nothing for any other value."""
        return iter(self.value.items()) if isinstance(self.value, dict) else iter(())

    def get(self, key: str) -> Node | None:
        """The entry of a mapping, or None where there is none (or no mapping)."""
        return self.value.get(key) if isinstance(self.value, dict) else None

    def entries(self) -> list[Node]:
        """The entries of a list; nothing for any other value."""
        return self.value if isinstance(self.value, list) else []

    def plain(self) -> Any:
        """The value without its places."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value

    def at(self, path: JobPath) -> Node | None:
        """The node at `path` below this one."""
        node: Node | None = self
        for step in path:
            if node is None:
                return None
            if isinstance(step, int):
                listed = node.entries()
                node = listed[step] if step < len(listed) else None
            else:
                node = node.get(step)
        return node

    def replaced(self, path: JobPath, new: Node) -> Node:
        """This tree with `new` in the place of what `path` leads to; only the last step may be a new key."""
        if not path:
            return new
        step, rest = path[0], path[1:]
        if isinstance(step, int):
            listed = list(self.entries())
            listed[step] = listed[step].replaced(rest, new)
            return replace(self, value=listed)
        mapping = dict(self.items())
        mapping[step] = mapping[step].replaced(rest, new) if rest else new
        return replace(self, value=mapping)


def place(node: Node, path: JobPath = ()) -> Place:
    """Where the value of `node` stands."""
    return Place(node.source.label, node.line, node.column, written(path))


def key_place(node: Node, path: JobPath = ()) -> Place:
    """Where the key of `node` stands, or its value where it has no key of its own."""
    if not node.key_line:
        return place(node, path)
    return Place(node.source.label, node.key_line, node.key_column, written(path))


def written(path: JobPath) -> str:
    """A path as users write it: `steps[2].send.message`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif PLAIN_KEY.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f"[{step!r}]"
    return text


PLAIN_KEY = re.compile(r"[^\s.\[\]'\"=]{1,80}")
