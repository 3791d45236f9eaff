"""A job and the files that it extends -> one tree; and `defaults` under every message."""

from __future__ import annotations

import os.path
from dataclasses import dataclass, field, replace
from pathlib import Path

from mailjobs.errors import FileError, JobError
from mailjobs.job.expand import expand
from mailjobs.job.files import job_text, read_bytes
from mailjobs.job.loader import parse
from mailjobs.job.node import JobPath, Node, Source
from mailjobs.job.problems import Problems

MAX_FILES = 64
REMOVED = object()
# Mappings that are one value: mixing the entries of two would make a third that nobody wrote.
MESSAGE_WHOLES = (
    "from", "to", "cc", "bcc", "reply_to", "read_receipt_to", "delivery_notification_to", "message_id", "text", "html",
    "markdown", "raw",
)  # fmt: skip
WHOLE: tuple[JobPath, ...] = (
    ("vars", "*"),
    ("server", "auth", "password"),
    ("servers", "*", "auth", "password"),
    *((*top, key) for top in (("defaults",), ("messages", "*")) for key in MESSAGE_WHOLES),
)


@dataclass(slots=True)
class Chain:
    """Loads a file and what it extends.

    `sources` are the files, nearest and strongest first; `broken` says that one of them could not be used at all.
    """

    problems: Problems
    sources: list[Source] = field(default_factory=list)
    broken: bool = False
    _done: dict[str, Node | None] = field(default_factory=dict)
    _open: list[tuple[str, str]] = field(default_factory=list)

    def load(self, source: Source) -> Node | None:
        """The merged job, or None where the file is no mapping."""
        self.sources.append(source)
        own = self._top(source)
        if own is None:
            self.broken = True
            return None
        self._open.append((os.path.realpath(source.label) if source.path else "", source.label))
        merged = own
        for path, node in reversed(_bases(own)):
            base = self._base(node, path)
            if base is None:
                self.broken = True
            else:
                merged = overlay(base, merged)
        self._open.pop()
        return merged

    def _top(self, source: Source) -> Node | None:
        try:
            root = parse(source, self.problems)
        except JobError as error:
            self.problems.errors += error.problems
            return None
        if root is None or (root.value is None and not root.raw):
            nowhere = Node(None, source, 1, 1)
            self.problems.at(root or nowhere, (), "the file is empty", hint="a job begins with `version: 1`")
            return None
        if not isinstance(root.value, dict):
            kind = "a list" if isinstance(root.value, list) else "a single value"
            self.problems.at(root, (), f"a job is a mapping, found {kind}", hint="a job begins with `version: 1`")
            return None
        return expand(root, self.problems)

    def _base(self, node: Node, path: JobPath) -> Node | None:
        label = os.path.normpath(node.source.folder / node.value)
        if "\0" in label:
            self.problems.at(node, path, "a file name cannot hold a NUL")
            return None
        identity = os.path.realpath(label)
        if any(identity == opened for opened, _ in self._open):
            way = " -> ".join([*(name for _, name in self._open), label])
            self.problems.at(node, path, f"goes round in a circle: {way}")
            return None
        if identity not in self._done:
            self._done[identity] = self._read(node, path, label)
        return self._done[identity]

    def _read(self, node: Node, path: JobPath, label: str) -> Node | None:
        if len(self.sources) >= MAX_FILES:
            self.problems.at(node, path, f"more than {MAX_FILES} files extend one another")
            return None
        file = Path(label)
        try:
            text = job_text(read_bytes(file), label)
            return self.load(Source(label, file.parent, text, file))
        except (FileError, JobError) as error:
            self.problems.take(error, node, path)
            return None


def _bases(root: Node) -> list[tuple[JobPath, Node]]:
    extends = root.get("extends")
    if extends is None:
        return []
    if isinstance(extends.value, str):
        return [(("extends",), extends)] if extends.value else []
    entries = enumerate(extends.entries())
    return [(("extends", index), node) for index, node in entries if isinstance(node.value, str) and node.value]


def overlay(base: Node, over: Node, path: JobPath = ()) -> Node:
    """`over` merged on `base`: mappings key by key, everything else as a whole; null removes."""
    if not (isinstance(base.value, dict) and isinstance(over.value, dict)) or _is_whole(path):
        return over
    merged = dict(base.value)
    for key, node in over.items():
        below = merged.get(key)
        if below is None:
            merged[key] = node
        elif node.value is None:
            _remove(merged, key, node, path)
        else:
            merged[key] = overlay(below, node, (*path, key))
    return replace(over, value=merged)


def _remove(merged: dict[str, Node], key: str, node: Node, path: JobPath) -> None:
    if len(path) == 2 and path[0] == "messages":  # what a message removes, `defaults` must not bring back
        merged[key] = node.like(REMOVED)
    else:
        del merged[key]


def _is_whole(path: JobPath) -> bool:
    return any(
        len(pattern) == len(path) and all(want in ("*", have) for want, have in zip(pattern, path, strict=True))
        for pattern in WHOLE
    )


def with_defaults(root: Node) -> Node:
    """The job with `defaults` under every message, and without what null removed."""
    messages, defaults = root.get("messages"), root.get("defaults")
    if messages is None or not isinstance(messages.value, dict):
        return root
    base = defaults if defaults is not None and isinstance(defaults.value, dict) else Node({}, root.source)
    changed = {name: _message(base, node, name) for name, node in messages.items()}
    return root.replaced(("messages",), replace(messages, value=changed))


def _message(defaults: Node, message: Node, name: str) -> Node:
    if not isinstance(message.value, dict):
        return message
    merged = overlay(defaults, message, ("messages", name))
    kept = {key: node for key, node in merged.items() if node.value is not REMOVED}
    return replace(merged, value=kept)
