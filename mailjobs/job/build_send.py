"""`send`, and all that a batch may say, as the model has it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from mailjobs import model
from mailjobs.job.node import JobPath, Node, place
from mailjobs.job.problems import Problems
from mailjobs.job.template import check_named, encoding_of, template
from mailjobs.job.values import per_second, plain

# What a send of one message may say; all other keys are for batches.
ALONE = ("message", "for_each", "stop_on", "recipients_per_message")
# Keys whose value is taken as it stands.
PLAIN = (
    "limit", "connections", "in_flight", "messages_per_connection", "recipients_per_message", "on_error",
    "max_failures", "preflight", "on_bad_row", "duplicates", "on_unknown", "again",
)  # fmt: skip


def build_send(node: Node, path: JobPath, problems: Problems) -> model.Send:
    """The action, which the schema has passed."""
    if node.get("for_each") is None:
        check_alone(node, path, problems)
    given: dict[str, Any] = {key: plain(node.get(key)) for key in PLAIN if node.get(key) is not None}
    processes = plain(node.get("processes"), 1)
    action = model.Send(
        message=node.value["message"].value,
        for_each=plain(node.get("for_each")),
        stop_on=tuple(plain(node.get("stop_on"), ())),
        where=condition(node.get("where"), (*path, "where")),
        exclude=exclude(node.get("exclude"), (*path, "exclude"), problems),
        rate=rate(node.get("rate"), (*path, "rate"), problems),
        rate_per_domain=rate(node.get("rate_per_domain"), (*path, "rate_per_domain"), problems),
        once_per=text(node, path, "once_per"),
        processes=0 if processes == "auto" else processes,
        place=place(node, path),
        **given,
    )
    if action.processes > action.connections:
        words = f"{action.processes} processes have a connection each, more than `connections` allows"
        hint = f"connections: {action.processes}, or fewer processes"
        problems.warn(node.value["processes"], (*path, "processes"), f"{words}: {action.connections}", hint=hint)
    return action


def condition(node: Node | None, path: JobPath) -> model.Template | None:
    """An expression; `true` and `false` are some too."""
    if node is None:
        return None
    return template(node.like(str(node.value).lower()) if isinstance(node.value, bool) else node, path)


def check_alone(node: Node, path: JobPath, problems: Problems, alone: Collection[str] = ALONE) -> None:
    """Add a problem for each key that means something for a batch alone."""
    for key, value in node.items():
        if key not in alone:
            problems.at_key(value, (*path, key), f"`{key}` is for a batch", hint="a batch has `for_each`")


def text(node: Node, path: JobPath, key: str) -> model.Template | None:
    """The template at a key, where there is one."""
    found = node.get(key)
    return template(found, (*path, key)) if found else None


def rate(node: Node | None, path: JobPath, problems: Problems) -> model.Rate | None:
    """So many messages, or recipients, in a time."""
    if node is None:
        return None
    if isinstance(node.value, dict):
        unit, inner = next(iter(node.items()))
        found = per_second(inner, (*path, unit), problems)
        return model.Rate(found, "recipients" if unit == "recipients" else "messages")
    return model.Rate(per_second(node, path, problems))


def exclude(node: Node | None, path: JobPath, problems: Problems) -> model.Exclude | None:
    """A list of addresses that get nothing."""
    if node is None:
        return None
    file = node.value["csv"]
    check_named(file, (*path, "csv"), problems)
    return model.Exclude(
        csv=file.source.folder / file.value,
        column=plain(node.get("column")),
        encoding=encoding_of(node, path, problems),
        place=place(file, (*path, "csv")),
    )
