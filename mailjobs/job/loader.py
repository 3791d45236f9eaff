"""YAML text -> a tree of nodes, within bounds.

The tree is built from parse events, one by one: the parser itself keeps no stack of ours, so that depth and number
are counted before anything is built (libyaml's own composer ends the process on 100 kB of `[`). Scalars are those of
the core schema of YAML 1.2.2 (section 10.3.2): `no`, `on`, `12:30`, `0o14` and dates among the texts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import yaml

from mailjobs.errors import JobError, Place
from mailjobs.job.masking import LINE_BREAK
from mailjobs.job.node import Node, Source
from mailjobs.job.problems import Problems
from mailjobs.job.scalars import scalar

MAX_DEPTH = 64
MAX_NODES = 200_000
TOO_DEEP = f"nested more than {MAX_DEPTH} levels deep"
BARE_TEMPLATE = "{{"

Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
OWN_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("str", "map", "seq", "int", "float", "bool", "null", "merge")}


def parse(source: Source, problems: Problems) -> Node | None:
    """The document in `source`, or None where it has none. Raises JobError where there is nothing to go on with."""
    events = _events(source)
    reader = _Reader(source, problems)
    root: Node | None = None
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            if root is not None:
                raise reader.stop(event, "a second document begins here; a job is one document", "remove the `---`")
            root = reader.node(next(events), events)
    return root


def _events(source: Source) -> Iterator[Any]:
    try:
        yield from yaml.parse(source.text, Loader=Loader)
    except yaml.MarkedYAMLError as error:
        raise _syntax(source, error) from error
    except yaml.reader.ReaderError as error:
        before = LINE_BREAK.split(source.text[: error.position])
        spot = Place(source.label, len(before), len(before[-1]) + 1)
        raise _refusal(source, spot, f"the character U+{ord_of(error.character):04X} is not allowed in YAML") from error
    except UnicodeError as error:
        raise _refusal(source, Place(source.label, 1, 1), "the text is not valid Unicode") from error


def ord_of(character: int | str | bytes) -> int:
    """The number of a character that PyYAML reports as a number, as text or as a byte."""
    return character if isinstance(character, int) else ord(character)


def _syntax(source: Source, error: yaml.MarkedYAMLError) -> JobError:
    mark = error.problem_mark or error.context_mark
    spot = Place(source.label, mark.line + 1, mark.column + 1) if mark else Place(source.label, 1, 1)
    if "nesting depth" in (error.problem or ""):  # libyaml's own bound, which its look-ahead meets before ours
        return _refusal(source, spot, TOO_DEEP)
    said = " ".join(part for part in (error.problem, error.context) if part)
    lines = LINE_BREAK.split(source.text)
    near = [lines[number] for number in range(spot.line - 2, spot.line) if 0 <= number < len(lines)]
    hint = 'put a value that begins with {{ in quotes: "{{ … }}"' if any(": {{" in line for line in near) else None
    return _refusal(source, spot, f"not valid YAML: {said}", hint)


def _refusal(source: Source, spot: Place, message: str, hint: str | None = None) -> JobError:
    problems = Problems()
    problems.put(spot, source, message, hint=hint)
    return JobError.of(problems.errors)


@dataclass(slots=True)
class _Reader:
    source: Source
    problems: Problems
    anchors: dict[str, Node | None] = field(default_factory=dict)
    count: int = 0

    def node(self, event: Any, events: Iterator[Any], depth: int = 1) -> Node:
        """The node that `event` begins."""
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event, depth)
        self.within_bounds(event, 1, depth)
        if event.anchor:
            self.anchors[event.anchor] = None
        self.check_tag(event)
        if isinstance(event, yaml.ScalarEvent):
            found = self.scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            found = self.make(event, self.sequence(events, depth))
        else:
            found = self.make(event, self.mapping(events, depth))
            if found.value.get(BARE_TEMPLATE):  # a problem already; as text it causes no other
                found = found.like("template")
        if event.anchor:
            self.anchors[event.anchor] = found
        return found

    def make(self, event: Any, value: Any) -> Node:
        mark = event.start_mark
        return Node(value, self.source, mark.line + 1, mark.column + 1)

    def scalar(self, event: Any) -> Node:
        plain = event.style in (None, "") and event.implicit[0] and event.tag != "!"
        tag = "" if plain else event.tag or ""
        node = self.make(event, scalar(event.value, tag, plain))
        return replace(node, raw=event.value if plain else "", block=event.style in ("|", ">"))

    def sequence(self, events: Iterator[Any], depth: int) -> list[Node]:
        found = []
        while not isinstance(event := next(events), yaml.SequenceEndEvent):
            found.append(self.node(event, events, depth + 1))
        return found

    def mapping(self, events: Iterator[Any], depth: int) -> dict[str, Node]:
        found: dict[str, Node] = {}
        merged: list[Node] = []
        while not isinstance(event := next(events), yaml.MappingEndEvent):
            key = self.node(event, events, depth + 1)
            value = self.node(next(events), events, depth + 1)
            if key.raw == "<<":
                merged += self.merge_sources(key, value)
            elif isinstance(key.value, dict):
                found[BARE_TEMPLATE] = key
                self.key_is_good(key, found)
            elif self.key_is_good(key, found):
                found[key.value] = replace(value, key_line=key.line, key_column=key.column)
        for mapping in merged:
            for name, node in mapping.items():
                found.setdefault(name, node)
        return found

    def key_is_good(self, key: Node, found: dict[str, Node]) -> bool:
        if isinstance(key.value, str):
            first = found.get(key.value)
            if first is not None:
                where = f"line {first.key_line}, column {first.key_column}"
                self.problems.at(key, (), f"the key '{key.value[:80]}' stands here a second time; first at {where}")
            return first is None
        if isinstance(key.value, dict):
            hint = 'a value with a template needs quotes: "{{ … }}"'
            self.problems.at(key, (), "a mapping cannot be a key, and `{{` begins one", hint=hint)
        elif isinstance(key.value, list):
            self.problems.at(key, (), "a list cannot be a key")
        else:
            kind = "nothing" if key.value is None else "true or false" if isinstance(key.value, bool) else "a number"
            self.problems.at(key, (), f"a key must be text, found {kind}", hint="put it in quotes")
        return False

    def merge_sources(self, key: Node, value: Node) -> list[Node]:
        wanted = value.value if isinstance(value.value, list) else [value]
        if not all(isinstance(node.value, dict) for node in wanted):
            self.problems.at(key, (), "`<<` takes a mapping, or a list of mappings")
        return [node for node in wanted if isinstance(node.value, dict)]

    def alias(self, event: Any, depth: int) -> Node:
        if event.anchor not in self.anchors:
            raise self.stop(event, "nothing above has the anchor of this alias", "text that begins with * needs quotes")
        anchored = self.anchors[event.anchor]
        if anchored is None:
            raise self.stop(event, "this alias stands within the very value that it names")
        nodes, levels = _size(anchored)
        self.within_bounds(event, nodes, depth + levels - 1)
        return anchored

    def within_bounds(self, event: Any, more: int, depth: int) -> None:
        self.count += more
        if depth > MAX_DEPTH:
            raise self.stop(event, TOO_DEEP)
        if self.count > MAX_NODES:
            raise self.stop(event, f"more than {MAX_NODES} values (aliases count with all that they repeat)")

    def check_tag(self, event: Any) -> None:
        if not event.tag or event.tag == "!" or event.tag in OWN_TAGS:
            return
        mark = event.start_mark
        spot = Place(self.source.label, mark.line + 1, mark.column + 1)
        kind = event.tag.removeprefix("tag:yaml.org,2002:")
        if kind != event.tag:
            self.problems.put(spot, self.source, f"the tag !!{kind[:80]} means nothing here", hint="remove it")
        else:  # not by name: it may well be a password
            self.problems.put(
                spot, self.source, "a tag means nothing here", hint="text that begins with ! needs quotes"
            )

    def stop(self, event: Any, message: str, hint: str | None = None) -> JobError:
        mark = event.start_mark
        return _refusal(self.source, Place(self.source.label, mark.line + 1, mark.column + 1), message, hint)


def _size(node: Node) -> tuple[int, int]:
    """How many nodes a tree has, itself included, and how many levels."""
    below = list(node.value.values()) if isinstance(node.value, dict) else node.entries()
    sizes = [_size(child) for child in below]
    return 1 + sum(count for count, _ in sizes), 1 + max((levels for _, levels in sizes), default=0)
