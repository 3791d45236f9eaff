"""The Jinja environments: sandboxed, strict, within bounds. One class, a few kinds of output."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Literal

from jinja2 import Template, nodes
from jinja2.defaults import DEFAULT_NAMESPACE
from jinja2.exceptions import SecurityError, TemplateSyntaxError
from jinja2.loaders import BaseLoader
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import pass_context
from markupsafe import Markup, escape

from mailjobs.templates import bounds
from mailjobs.templates.filters import CONCAT, EACH, OURS, AddressList
from mailjobs.templates.holes import MARKS, Collector, trace
from mailjobs.templates.undefined import Missing

Kind = Literal["text", "html", "traced", "header", "holes", "markdown"]

_GLOBALS = ("range", "dict", "namespace")
_OPERATORS = {"+": bounds.add, "*": bounds.multiply, "**": bounds.power, "%": bounds.remainder}
_BUILTINS = (types.BuiltinMethodType, types.MethodType)
_WIDTH_METHODS = frozenset({"center", "expandtabs", "ljust", "rjust", "to_bytes", "zfill"})
_REFUSED_METHODS = frozenset({"translate", "maketrans"})
# Their output can be used as a value again, or is written without being looked at.
_UNMARKED: dict[type[nodes.Node], str] = {
    nodes.AssignBlock: "a block of {% set %}", nodes.Block: "{% block %}", nodes.CallBlock: "{% call %}",
    nodes.Extends: "{% extends %}", nodes.FilterBlock: "{% filter %}", nodes.FromImport: "{% from %}",
    nodes.Import: "{% import %}", nodes.Macro: "{% macro %}",
}  # fmt: skip
# These rewrite what was written, marks and all.
_REWRITTEN: dict[type[nodes.Node], str] = {
    kind: _UNMARKED[kind] for kind in (nodes.AssignBlock, nodes.CallBlock, nodes.FilterBlock)
}
_FORBIDDEN = {"\r": "a carriage return", "\n": "a line break", "\0": "a NUL character"}

collector = Collector()


def _plain(value: Any) -> Any:
    """Output into a body: only what is not text is looked at, for its size."""
    if not isinstance(value, str):
        bounds.measure(value)
    return value


@pass_context
def _one_line(_: Context, value: Any) -> str:
    """Output into a header: one line."""
    text = str(_plain(value))
    if "\n" in text or "\r" in text or "\0" in text:
        found = next(character for character in text if character in _FORBIDDEN)
        raise ValueError(f"the value {text[:60]!r} has {_FORBIDDEN[found]}, which no header or address may have")
    return text


@pass_context
def _hole(context: Context, value: Any) -> str:
    """Output into an address field: the value is kept apart."""
    several = isinstance(value, AddressList)
    text = _one_line(context, value)
    return collector.add(value if several else text, several)


@pass_context
def _block_hole(_: Context, value: Any) -> str:
    """Output into Markdown: the value is kept apart, whatever lines it has."""
    return collector.add(str(_plain(value)), False)


@pass_context
def _traced(_: Context, value: Any) -> Markup:
    """Output into HTML, escaped as ever, between marks that tell it from the template's own text."""
    return Markup(trace(str(escape(_plain(value)))))  # noqa: S704 escaped just now


# Finalizing with a context keeps Jinja from working out constants early, so that they are holes as well.
_FINALIZE: dict[Kind, Callable[..., Any]] = {
    "text": _plain,
    "html": _plain,
    "traced": _traced,
    "header": _one_line,
    "holes": _hole,
    "markdown": _block_hole,
}


class Sandbox(ImmutableSandboxedEnvironment):
    """An environment for templates of one kind. Templates see `range`, `dict` and `namespace`, nothing else of ours.

    `brought_in` are the names of templates that others have included, imported or extended.
    """

    intercepted_binops = frozenset(_OPERATORS)
    concat = staticmethod(bounds.join_output)

    def __init__(self, kind: Kind, loader: BaseLoader) -> None:
        super().__init__(
            loader=loader,
            autoescape=kind in ("html", "traced"),
            finalize=_FINALIZE[kind],
            undefined=Missing,
            keep_trailing_newline=True,
            auto_reload=False,
            cache_size=-1,
        )
        self.kind = kind
        self.brought_in: set[str] = set()
        self.filters = dict(OURS)
        self.globals = {"range": self.globals["range"], "dict": dict, "namespace": DEFAULT_NAMESPACE["namespace"]}

    def _generate(
        self, source: nodes.Template, name: str | None, filename: str | None, defer_init: bool = False
    ) -> str:
        """Jinja's hook for changing the tree before it becomes code."""
        if self.kind == "holes":
            _refuse_unmarked_output(source, _UNMARKED, "an address")
        elif self.kind == "markdown":
            _refuse_unmarked_output(source, _REWRITTEN, "Markdown")
        _keep_in_bounds(source)
        return super()._generate(source, name, filename, defer_init)

    def _load_template(self, name: str, globals: MutableMapping[str, Any] | None) -> Template:
        """Jinja's hook for every template that another one brings in, each time that it does."""
        self.brought_in.add(name)
        return super()._load_template(name, globals)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """An item of a mapping before its methods: a column may be called `items`."""
        if type(obj) is dict or isinstance(obj, Mapping):
            try:
                return obj[attribute]
            except LookupError:
                pass
        return super().getattr(obj, attribute)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """The operators that can make much of little."""
        return _OPERATORS[operator](left, right)

    def call(self, context: Context, obj: Any, /, *args: Any, **kwargs: Any) -> Any:
        """Methods of text and numbers that can make much of little."""
        if isinstance(obj, _BUILTINS) and isinstance(getattr(obj, "__self__", None), (str, bytes, int)):
            _check_method(obj.__self__, obj.__name__, (*args, *kwargs.values()))
        return super().call(context, obj, *args, **kwargs)

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        """`str.format`, with its pattern looked at first."""
        inner = super().wrap_str_format(value)
        if inner is None:
            return None

        def wrapper(*args: Any, **kwargs: Any) -> str:
            bounds.check_format(str(value.__self__), (*args, *kwargs.values()))
            return inner(*args, **kwargs)

        return wrapper


def _check_method(owner: Any, name: str, args: tuple[Any, ...]) -> None:
    if name in _REFUSED_METHODS:
        raise SecurityError(f"the method {name!r} may not be called")
    if name in _WIDTH_METHODS:
        for arg in args:
            bounds.check_width(arg)
        # Each tab may become as many blanks.
        if name == "expandtabs" and args:
            bounds.charge(len(owner) + owner.count("\t" if isinstance(owner, str) else b"\t") * abs(int(args[0])))
    elif name == "replace" and len(args) > 1:
        bounds.check_replace(owner, args[0], args[1])
    elif name == "join" and args and isinstance(args[0], (list, tuple, Mapping)):
        bounds.check_join(owner, args[0])


def _keep_in_bounds(tree: nodes.Template) -> None:
    """Send loops and `~` through filters that no template can name."""
    for loop in list(tree.find_all(nodes.For)):
        loop.iter = _filtered(loop.iter, EACH)
    for parent in [tree, *tree.find_all(nodes.Node)]:
        for field, value in parent.iter_fields():
            if isinstance(value, nodes.Concat):
                setattr(parent, field, _joined(value))
            elif isinstance(value, list):
                value[:] = [_joined(item) if isinstance(item, nodes.Concat) else item for item in value]


def _joined(node: nodes.Concat) -> nodes.Filter:
    return _filtered(nodes.List(node.nodes, lineno=node.lineno, environment=node.environment), CONCAT)


def _filtered(node: nodes.Node, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno, environment=node.environment)


def _refuse_unmarked_output(tree: nodes.Template, refused: Mapping[type[nodes.Node], str], where: str) -> None:
    """Where values are kept apart nothing may write one that has not been marked as such."""
    for node in tree.find_all(tuple(refused)):
        raise TemplateSyntaxError(f"{refused[type(node)]} may not be used in {where}", node.lineno)
    for data in tree.find_all(nodes.TemplateData):
        if any(mark in data.data for mark in MARKS):
            raise TemplateSyntaxError(f"{where} has a character that is none (U+FDD0 to U+FDD2)", data.lineno)
