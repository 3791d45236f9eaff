"""Addresses of a message: an entry for each that the job writes."""

from __future__ import annotations

from mailjobs import model
from mailjobs.job.node import JobPath, Node
from mailjobs.job.template import template
from mailjobs.job.values import plain


def address_entries(node: Node, path: JobPath, key: str) -> tuple[model.AddressEntry, ...]:
    """The entries at a key: one, or those of a list."""
    found = node.get(key)
    if found is not None and isinstance(found.value, list):
        entries = [address_entry(entry, (*path, key, index)) for index, entry in enumerate(found.value)]
    else:
        entries = [address_entry(found, (*path, key))]
    return tuple(entry for entry in entries if entry is not None)


def address_entry(node: Node | None, path: JobPath) -> model.AddressEntry | None:
    """One entry: a text, or a mapping."""
    if node is None:
        return None
    if isinstance(node.value, str):
        return model.AddressEntry(text=template(node, path))
    dsn = node.get("dsn")
    notify = plain(dsn.get("notify")) if dsn else None
    return model.AddressEntry(
        address=_text(node, path, "address"),
        name=_text(node, path, "name"),
        notify=tuple(notify) if notify is not None else None,
        orcpt=_text(dsn, (*path, "dsn"), "orcpt") if dsn else None,
        options=_text(node, path, "options"),
    )


def _text(node: Node, path: JobPath, key: str) -> model.Template | None:
    found = node.get(key)
    return template(found, (*path, key)) if found else None
