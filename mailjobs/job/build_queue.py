"""`queue` and `process_queue`, as the model has them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

from mailjobs import model
from mailjobs.job.build_send import check_alone, condition, exclude, rate, text
from mailjobs.job.node import JobPath, Node, place
from mailjobs.job.problems import Problems
from mailjobs.job.template import HOLES
from mailjobs.job.values import plain, seconds

ALONE: Final = ("message", "dir", "for_each", "stop_on")
FIVE_DAYS: Final = 432000.0
TEXT: Final = "*"  # in the place of a directory: give the text back
# Keys whose value is taken as it stands.
QUEUE: Final = ("limit", "preflight", "on_bad_row", "duplicates", "on_unknown", "again")
PROCESS: Final = (
    "keep", "limit", "connections", "in_flight", "messages_per_connection", "recipients_per_message", "on_unknown",
    "watch",
)  # fmt: skip


def build_queue(node: Node, path: JobPath, problems: Problems) -> model.Queue:
    """The action, which the schema has passed."""
    if node.get("for_each") is None:
        check_alone(node, path, problems, ALONE)
    elif node.value["dir"].value == TEXT:
        problems.at(node.value["dir"], (*path, "dir"), "a batch has no one text to give back", hint="name a directory")
    return model.Queue(
        message=node.value["message"].value,
        for_each=plain(node.get("for_each")),
        stop_on=tuple(plain(node.get("stop_on"), ())),
        where=condition(node.get("where"), (*path, "where")),
        exclude=exclude(node.get("exclude"), (*path, "exclude"), problems),
        once_per=text(node, path, "once_per"),
        dir=None if node.value["dir"].value == TEXT else _directory(node, path, problems),
        place=place(node, path),
        **_given(node, QUEUE),
    )


def build_process_queue(node: Node, path: JobPath, problems: Problems) -> model.ProcessQueue:
    """The action, which the schema has passed."""
    told = node.get("on_failure")
    limit, watch = node.get("limit"), node.get("watch")
    if limit is not None and watch is not None and watch.value:
        problems.at_key(limit, (*path, "limit"), "a queue that is watched has no limit", hint="leave out one of them")
    return model.ProcessQueue(
        dir=_directory(node, path, problems),
        max_age=seconds(node.get("max_age"), (*path, "max_age"), problems, FIVE_DAYS),
        rate=rate(node.get("rate"), (*path, "rate"), problems),
        rate_per_domain=rate(node.get("rate_per_domain"), (*path, "rate_per_domain"), problems),
        on_failure=str(told.value["notify"].value) if told is not None else None,
        place=place(node, path),
        **_given(node, PROCESS),
    )


def _directory(node: Node, path: JobPath, problems: Problems) -> Path:
    """Whether it is there is asked when the job runs, which may be elsewhere."""
    named = node.value["dir"]
    if HOLES.search(named.value):
        problems.at(named, (*path, "dir"), "the name of a queue is literal: it has no holes")
    folder = Path(named.source.folder / named.value)
    if _others_can_write(folder):
        words = f"others can write into '{named.value}', and so send what they like in your name"
        problems.warn(named, (*path, "dir"), words, hint=f"chmod 700 {named.value}")
    return folder


def _others_can_write(folder: Path) -> bool:
    try:
        return os.name == "posix" and bool(folder.stat().st_mode & 0o022)
    except (OSError, ValueError):
        return False


def _given(node: Node, keys: tuple[str, ...]) -> dict[str, Any]:
    return {key: plain(node.get(key)) for key in keys if node.get(key) is not None}
