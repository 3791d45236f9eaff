"""Addresses of a message: an entry for each that the job writes."""

from __future__ import annotations

from mailjobs import model
from mailjobs.job.node import JobPath, Node
from mailjobs.job.problems import Problems
from mailjobs.job.template import template


def address_entries(node: Node, path: JobPath, key: str, problems: Problems) -> tuple[model.AddressEntry, ...]:
    """The entries at a key: one, or those of a list."""
    found = node.get(key)
    if found is not None and isinstance(found.value, list):
        entries = [address_entry(entry, (*path, key, index), problems) for index, entry in enumerate(found.value)]
    else:
        entries = [address_entry(found, (*path, key), problems)]
    return tuple(entry for entry in entries if entry is not None)


def address_entry(node: Node | None, path: JobPath, problems: Problems) -> model.AddressEntry | None:
    """One entry: a text, or a mapping."""
    if node is None:
        return None
    if isinstance(node.value, str):
        return model.AddressEntry(text=template(node, path))
    dsn = node.get("dsn")
    return model.AddressEntry(
        address=_text(node, path, "address"),
        name=_text(node, path, "name"),
        notify=notify_of(dsn, (*path, "dsn"), problems) if dsn else None,
        orcpt=_text(dsn, (*path, "dsn"), "orcpt") if dsn else None,
        options=_text(node, path, "options"),
    )


def notify_of(dsn: Node, path: JobPath, problems: Problems) -> tuple[model.Notify, ...] | None:
    """When reports are wanted. `never` stands alone (RFC 3461 section 4.1)."""
    node = dsn.get("notify")
    if node is None:
        return None
    words = tuple(node.plain())
    if "never" in words and len(words) > 1:
        problems.at(node, (*path, "notify"), "`never` stands alone")
    return words


def _text(node: Node, path: JobPath, key: str) -> model.Template | None:
    found = node.get(key)
    return template(found, (*path, key)) if found else None
