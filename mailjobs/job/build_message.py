"""One message of the job, as the model has it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mailjobs import model
from mailjobs.job.build_address import address_entries, address_entry, notify_of
from mailjobs.job.build_headers import build_headers, build_marks, build_stamp
from mailjobs.job.build_parts import build_attachments, build_body, build_raw, charset_of
from mailjobs.job.build_sign import build_sign
from mailjobs.job.node import JobPath, Node, key_place, place
from mailjobs.job.problems import Problems
from mailjobs.job.template import template
from mailjobs.job.values import plain

BODIES = ("text", "html", "markdown", "attachments")


def build_message(node: Node, path: JobPath, name: str, folders: Sequence[Path], problems: Problems) -> model.Message:
    """The message; what a send of it would lack is checked there. `folders` are those of the job's files."""
    headers, replace_all = build_headers(node.get("headers"), (*path, "headers"), problems)
    text = node.get("text")
    _check_bodies(node, path, problems)
    return model.Message(
        name=name,
        place=key_place(node, path),
        from_=address_entry(node.get("from"), (*path, "from"), problems),
        to=address_entries(node, path, "to", problems),
        cc=address_entries(node, path, "cc", problems),
        bcc=address_entries(node, path, "bcc", problems),
        reply_to=address_entries(node, path, "reply_to", problems),
        allow_empty_to=plain(node.get("allow_empty_to"), False),
        return_path=text_of(node, path, "return_path"),
        subject=text_of(node, path, "subject"),
        date=build_stamp(node.get("date"), (*path, "date")),
        message_id=build_stamp(node.get("message_id"), (*path, "message_id")),
        marks=build_marks(node, path, headers, problems),
        read_receipt_to=address_entry(node.get("read_receipt_to"), (*path, "read_receipt_to"), problems),
        delivery_notification_to=address_entry(
            node.get("delivery_notification_to"), (*path, "delivery_notification_to"), problems
        ),
        thread=text_of(node, path, "thread"),
        unsubscribe=_unsubscribe(node.get("unsubscribe"), (*path, "unsubscribe"), problems),
        dsn=_dsn(node.get("dsn"), (*path, "dsn"), problems),
        headers=headers,
        replace_all=replace_all,
        charset=charset_of(node, path, problems),
        max_header_length=plain(node.get("max_header_length"), 78),
        text=build_body(node, path, "text", problems),
        html=build_body(node, path, "html", problems),
        markdown=build_body(node, path, "markdown", problems),
        inline_css=any(_inlines_css(node.get(key)) for key in ("html", "markdown")),
        text_from_html=text is None or text.value is not False,
        attachments=build_attachments(node, path, folders, problems),
        raw=build_raw(node, path, folders, problems),
        sign=build_sign(node.get("sign"), (*path, "sign"), problems),
        folders=tuple(folders),
    )


def text_of(node: Node, path: JobPath, key: str) -> model.Template | None:
    """The template at a key, where there is one."""
    found = node.get(key)
    return template(found, (*path, key)) if found else None


def _inlines_css(body: Node | None) -> bool:
    found = body.get("inline_css") if body is not None and isinstance(body.value, dict) else None
    return bool(plain(found, False))


def _check_bodies(node: Node, path: JobPath, problems: Problems) -> None:
    """A message is raw or made of parts, and its html comes from one place."""
    if node.get("raw") is not None:
        for key in (*BODIES, "headers", "subject", "reply_to", "thread", "unsubscribe"):
            if node.get(key) is not None:
                words = f"`raw` is the whole message: it cannot have `{key}` as well"
                problems.at_key(_at(node, key), (*path, key), words)
    sign = node.get("sign")
    for key in ("smime", "pgp") if node.get("raw") is not None and sign is not None else ():
        found = sign.get(key) if sign is not None else None
        if found is not None:
            words = "a `raw` message is sealed already, or not at all; DKIM can be added"
            problems.at_key(found, (*path, "sign", key), words)
    if node.get("html") is not None and node.get("markdown") is not None:
        words = "`markdown` makes the html part: give one of the two"
        problems.at_key(_at(node, "markdown"), (*path, "markdown"), words)


def _at(node: Node, key: str) -> Node:
    found = node.get(key)
    assert found is not None
    return found


def _dsn(node: Node | None, path: JobPath, problems: Problems) -> model.Dsn:
    if node is None:
        return model.Dsn()
    name: Any = text_of(node, path, "envelope_id")
    return model.Dsn(
        notify=notify_of(node, path, problems),
        returned=plain(node.get("return")),
        envelope_id="auto" if name is not None and name.source == "auto" else name,
    )


def _unsubscribe(node: Node | None, path: JobPath, problems: Problems) -> model.Unsubscribe | None:
    if node is None:
        return None
    url = text_of(node, path, "url")
    one_click = plain(node.get("one_click"), False)
    if one_click and (url is None or not url.source.startswith("https://")):
        words = "one_click needs a `url` that begins with https:// (RFC 8058)"
        problems.at_key(_at(node, "one_click"), (*path, "one_click"), words)
    return model.Unsubscribe(place(node, path), url, text_of(node, path, "mailto"), one_click)
