"""Header fields of a message: those that the job writes itself, and those with a key of their own."""

from __future__ import annotations

from collections.abc import Sequence

from mailjobs import model
from mailjobs.job.node import JobPath, Node
from mailjobs.job.problems import Problems
from mailjobs.job.template import template
from mailjobs.job.values import plain

# Header fields that the message computes, each with the key that sets it.
COMPUTED = {
    "from": "`from`", "to": "`to`", "cc": "`cc`", "bcc": "`bcc`", "reply-to": "`reply_to`", "subject": "`subject`",
    "return-path": "`return_path`", "date": "`date`", "message-id": "`message_id`", "resent-bcc": "`bcc`",
    "mime-version": None, "content-type": None, "content-transfer-encoding": None, "content-disposition": None,
}  # fmt: skip
# Keys whose value goes into a field as it is, or as the field has it.
MARKS = {
    "importance": "Importance",
    "priority": "Priority",
    "sensitivity": "Sensitivity",
    "auto_submitted": "Auto-Submitted",
}
# Fields that a key makes, and the job may write itself where it does not use the key.
KEYED = {
    **{header.lower(): key for key, header in MARKS.items()},
    "disposition-notification-to": "read_receipt_to", "return-receipt-to": "delivery_notification_to",
    "references": "thread", "in-reply-to": "thread", "list-unsubscribe": "unsubscribe",
    "list-unsubscribe-post": "unsubscribe",
}  # fmt: skip
SENSITIVITY = {"personal": "Personal", "private": "Private", "company-confidential": "Company-Confidential"}


def build_headers(node: Node | None, path: JobPath, problems: Problems) -> tuple[tuple[model.Header, ...], bool]:
    """The job's own fields in order, and whether they are the only ones."""
    if node is None:
        return (), False
    alone = node.get("replace_all") if isinstance(node.value, dict) else None
    if alone is not None and isinstance(alone.value, list):
        return _listed(alone, (*path, "replace_all")), True
    headers = list(_listed(node, path))
    for index, entry in enumerate(node.entries()):
        name = entry.value["name"]
        _check_name(name, name.value, (*path, index, "name"), problems)
    for key, value in node.items():
        _check_name(value, key, (*path, key), problems)
        headers.append(model.Header(key, template(value, (*path, key))))
    return tuple(headers), False


def _listed(node: Node, path: JobPath) -> tuple[model.Header, ...]:
    return tuple(
        model.Header(entry.value["name"].value, template(entry.value["value"], (*path, index, "value")))
        for index, entry in enumerate(node.entries())
    )


def _check_name(node: Node, name: str, path: JobPath, problems: Problems) -> None:
    if name.lower() in COMPUTED:
        key = COMPUTED[name.lower()]
        hint = f"use the key {key} of the message" if key else None
        problems.at_key(node, path, f"the header field {name} is made by the message itself", hint=hint)


def build_marks(
    node: Node, path: JobPath, headers: Sequence[model.Header], problems: Problems
) -> tuple[tuple[str, str], ...]:
    """Fields with a fixed value: name and value. Whatever a key makes may not be among `headers` too."""
    for header in headers:
        key = KEYED.get(header.name.lower())
        if key is not None and node.get(key) is not None:
            own = node.value[key]
            problems.at_key(own, (*path, key), f"`{key}` makes the field {header.name}, which `headers` has too")
    found = [(key, plain(node.get(key))) for key in MARKS]
    return tuple((MARKS[key], SENSITIVITY.get(value, value)) for key, value in found if value is not None)


def build_stamp(node: Node | None, path: JobPath) -> model.Stamp:
    """`auto`, `omit`, a text, or `{algorithm}`."""
    if node is None or node.value == "auto":
        return model.Stamp()
    if isinstance(node.value, dict):
        return model.Stamp(digest=plain(node.get("algorithm"), "sha256"))
    if node.value == "omit":
        return model.Stamp("omit")
    return model.Stamp("text", template(node, path))
