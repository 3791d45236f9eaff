"""One message of the job, as the model has it."""

from __future__ import annotations

from mailjobs import model
from mailjobs.job.node import JobPath, Node, key_place
from mailjobs.job.problems import Problems
from mailjobs.job.template import file_template, template

# Header fields that the message computes, each with the key that sets it.
COMPUTED = {
    "from": "`from`", "to": "`to`", "cc": "`cc`", "bcc": "`bcc`", "reply-to": "`reply_to`", "subject": "`subject`",
    "return-path": "`return_path`", "sender": None, "date": None, "message-id": None, "mime-version": None,
    "content-type": None, "content-transfer-encoding": None, "content-disposition": None,
}  # fmt: skip


def build_message(node: Node, path: JobPath, name: str, problems: Problems) -> model.Message:
    """The message; what a send of it would lack is checked there."""
    sender = node.get("from")
    return model.Message(
        name=name,
        place=key_place(node, path),
        from_=_entry(sender, (*path, "from")) if sender else None,
        to=_entries(node, path, "to"),
        cc=_entries(node, path, "cc"),
        bcc=_entries(node, path, "bcc"),
        reply_to=_entries(node, path, "reply_to"),
        return_path=_text(node, path, "return_path"),
        subject=_text(node, path, "subject"),
        headers=_headers(node.get("headers"), (*path, "headers"), problems),
        text=_body(node, path, "text", problems),
        html=_body(node, path, "html", problems),
    )


def _text(node: Node, path: JobPath, key: str) -> model.Template | None:
    found = node.get(key)
    return template(found, (*path, key)) if found else None


def _entries(node: Node, path: JobPath, key: str) -> tuple[model.AddressEntry, ...]:
    found = node.get(key)
    if found is None:
        return ()
    if isinstance(found.value, list):
        return tuple(_entry(entry, (*path, key, index)) for index, entry in enumerate(found.value))
    return (_entry(found, (*path, key)),)


def _entry(node: Node, path: JobPath) -> model.AddressEntry:
    if isinstance(node.value, str):
        return model.AddressEntry(text=template(node, path))
    return model.AddressEntry(address=_text(node, path, "address"), name=_text(node, path, "name"))


def _body(node: Node, path: JobPath, key: str, problems: Problems) -> model.Template | None:
    found = node.get(key)
    if found is None or isinstance(found.value, str):
        return _text(node, path, key)
    return file_template(found, (*path, key), problems)


def _headers(node: Node | None, path: JobPath, problems: Problems) -> tuple[model.Header, ...]:
    if node is None:
        return ()
    headers = []
    for index, entry in enumerate(node.entries()):
        name = entry.value["name"]
        _check_name(name, name.value, (*path, index, "name"), problems)
        headers.append(model.Header(name.value, template(entry.value["value"], (*path, index, "value"))))
    for key, value in node.items():
        _check_name(value, key, (*path, key), problems)
        headers.append(model.Header(key, template(value, (*path, key))))
    return tuple(headers)


def _check_name(node: Node, name: str, path: JobPath, problems: Problems) -> None:
    if name.lower() in COMPUTED:
        key = COMPUTED[name.lower()]
        hint = f"use the key {key} of the message" if key else None
        problems.at_key(node, path, f"the header field {name} is made by the message itself", hint=hint)
