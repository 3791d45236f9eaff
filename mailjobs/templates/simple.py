"""Templates that only put values between their text, as most headers and many bodies do: filled without Jinja.

What such a template makes of texts and whole numbers is known without running it. Anything else (a name that does not
exist, a list, a value that a header may not have) is left to Jinja, which renders it or has the words for the error.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, Final

from jinja2 import nodes
from markupsafe import escape

from mailjobs.templates.row_scope import RowScope

MOST = 1024 * 1024  # characters of all values together; more is for Jinja, whose output is bounded
MOST_HOLES = 1000  # of a template that is filled without a further look; a plain row has short values
LONG = 64  # bits of a number, likewise
_TEXTS: Final = {str}
_TO_ESCAPE = re.compile("[&<>'\"]")
_NEVER_IN_HEADERS = re.compile(r"[\r\n\0]")


class Simple:
    """Texts around holes; `names` are the mapping and the key of each hole, such as ("row", "name"). `pattern` has them
    as `%` fills them.
    """

    __slots__ = ("_holder", "_html", "_keys", "_of_rows", "_one_line", "_pick", "names", "pattern", "texts")

    def __init__(self, texts: list[str], names: list[tuple[str, str]], kind: str) -> None:
        self.texts = tuple(texts)
        self.names = tuple(names)
        self._keys = tuple([key for _, key in names])
        holders = {holder for holder, _ in names}
        self._holder = holders.pop() if len(holders) == 1 else ""  # that of all, where it is the same
        self._of_rows = self._holder == "row" and len(names) <= MOST_HOLES
        self._pick = _picker(self._keys)
        self.pattern = "%s".join([text.replace("%", "%%") for text in texts])
        self._html = kind == "html"
        self._one_line = kind in ("header", "holes")

    @classmethod
    def of(cls, tree: nodes.Template, kind: str) -> Simple | None:
        """What is simple in a template for output of a kind; None where it is not."""
        if kind not in ("text", "html", "header", "holes"):
            return None
        texts, names = [""], []
        for output in tree.body:
            if not isinstance(output, nodes.Output):
                return None
            for part in output.nodes:
                if isinstance(part, nodes.TemplateData):
                    texts[-1] += part.data
                elif (name := _value(part)) is not None:
                    names.append(name)
                    texts.append("")
                else:
                    return None
        return cls(texts, names, kind) if names else None

    def plain(self, scope: Mapping[str, Any]) -> tuple[str, ...] | None:
        """The values, where all are of a row that is plain."""
        if self._of_rows and type(scope) is RowScope and scope.plain >= 0:
            try:
                return self._pick(scope["row"])
            except KeyError:
                return None
        return None

    def values(self, scope: Mapping[str, Any]) -> Sequence[str] | None:
        """The values as text; None where Jinja has to look at them."""
        return self.plain(scope) or self.looked_at(scope)

    def looked_at(self, scope: Mapping[str, Any]) -> list[str] | None:
        """As `values`, where nothing is known of the row."""
        held = scope.get(self._holder)
        if type(held) is dict:
            texts: list[Any] = list(map(held.get, self._keys))
            if set(map(type, texts)) == _TEXTS:
                return texts if self._fit(texts) else None
        return self._one_by_one(scope)

    def _fit(self, texts: list[Any]) -> bool:
        together = "".join(texts)
        return len(together) <= MOST and not (self._one_line and _NEVER_IN_HEADERS.search(together))

    def _one_by_one(self, scope: Mapping[str, Any]) -> list[str] | None:
        found = []
        for holder, key in self.names:
            held = scope.get(holder)
            value = held.get(key) if type(held) is dict else None
            if type(value) is not str:
                if type(value) is not int or value.bit_length() > LONG:
                    return None
                value = str(value)
            found.append(value)
        return found if self._fit(found) else None

    def render(self, scope: Mapping[str, Any]) -> str | None:
        """The whole text; None where Jinja has to make it."""
        plain = self.plain(scope)
        if plain is not None:
            return self.pattern % plain
        values = self.looked_at(scope)
        if values is None:
            return None
        if self._html and _TO_ESCAPE.search("".join(values)):
            return self.pattern % tuple(map(escape, values))
        return self.pattern % tuple(values)


def _picker(keys: tuple[str, ...]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    """What takes the values of these keys from a mapping. It raises KeyError."""
    pick = itemgetter(*keys)
    return pick if len(keys) > 1 else lambda held: (pick(held),)


def _value(part: nodes.Node) -> tuple[str, str] | None:
    """The names of `{{ row.name }}` or `{{ row['name'] }}`."""
    if isinstance(part, nodes.Getattr) and isinstance(part.node, nodes.Name):
        return part.node.name, part.attr
    if isinstance(part, nodes.Getitem) and isinstance(part.node, nodes.Name) and isinstance(part.arg, nodes.Const):
        return (part.node.name, part.arg.value) if isinstance(part.arg.value, str) else None
    return None
