"""Texts with holes, and the files that hold some of them."""

from __future__ import annotations

import re
from functools import partial

from mailjobs import model
from mailjobs.errors import FileError, JobError, Place
from mailjobs.job.encodings import codec
from mailjobs.job.files import check_file, decoded, read_bytes
from mailjobs.job.masking import shown_line
from mailjobs.job.node import JobPath, Node, place, written
from mailjobs.job.problems import Problems

HOLES = re.compile(r"\{\{|\{%|\{#")


def template(node: Node, path: JobPath) -> model.Template:
    """The text at a place of the job. A block scalar's first line stands below its `|`."""
    spot = place(node, path)
    start = Place(spot.file, spot.line + 1, 1, spot.path) if node.block and spot.line else spot
    return model.Template(node.value, spot, start, partial(shown_line, node.source.text, spot.line))


def file_template(node: Node, path: JobPath, problems: Problems) -> model.Template | None:
    """What `{file, encoding}` names, read now; None where it cannot be."""
    name = node.value["file"]
    path_of_name = (*path, "file")
    if HOLES.search(name.value):
        problems.at(name, path_of_name, "the name of a template's file is literal: it has no holes")
        return None
    encoding = encoding_of(node, path, problems)
    file = name.source.folder / name.value
    try:
        text = decoded(read_bytes(file), encoding, file)
    except (FileError, JobError) as error:
        problems.at(name, path_of_name, error.message, hint=error.hint, code=error.code)
        return None
    return model.Template(text, place(name, path_of_name), Place(str(file), 1, 1, written(path_of_name)))


def check_named(node: Node, path: JobPath, problems: Problems, code: int | None = None) -> None:
    """Adds a problem where the file that a node names cannot be read; `code` in the place of its usual number."""
    if problems.stands_in(node.value):
        return
    try:
        check_file(node.source.folder / node.value)
    except FileError as error:
        problems.at(node, path, error.message, code=code or error.code)


def encoding_of(node: Node, path: JobPath, problems: Problems) -> str:
    """The codec that a mapping's `encoding` names; UTF-8 where it names none."""
    named = node.get("encoding")
    if named is None:
        return "utf-8"
    try:
        return codec(named.value)
    except LookupError:
        hint = "a Python codec such as cp1252, or a code page such as 1252"
        problems.at(named, (*path, "encoding"), f"no encoding is called {named.value!r:.80}", hint=hint)
        return "utf-8"
