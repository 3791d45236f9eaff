"""Letters as a Python program would make them without mailjobs: Jinja2 for the texts, EmailMessage for the message."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.utils import formataddr, formatdate, make_msgid
from pathlib import Path

import jinja2


def rows_of(folder: Path) -> Iterator[dict[str, str]]:
    """The rows, read one at a time."""
    with (folder / "rows.csv").open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def maker(folder: Path) -> Callable[[dict[str, str]], EmailMessage]:
    """A function from a row to its message; the templates are compiled once."""
    letter = json.loads((folder / "letter.json").read_text(encoding="utf-8"))
    plain = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    rich = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True, autoescape=True)
    subject, text = plain.from_string(letter["subject"]), plain.from_string(letter["text"])
    html = rich.from_string(letter["html"])
    sender = formataddr(letter["from"])

    def make(row: dict[str, str]) -> EmailMessage:
        message = EmailMessage()
        message["From"] = sender
        message["To"] = formataddr((row["name"], row["email"]))
        message["Subject"] = subject.render(row=row)
        message["Date"] = formatdate()
        message["Message-ID"] = make_msgid(domain="example.com")
        message.set_content(text.render(row=row))
        message.add_alternative(html.render(row=row), subtype="html")
        return message

    return make
