"""Which names a template takes from its scope, so that those that cannot exist are found before anything runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import jinja2
from jinja2 import nodes

from mailjobs.errors import Place
from mailjobs.model import Template
from mailjobs.templates.failures import at_line
from mailjobs.templates.guards import Path, asserted, path_of

_SPECIAL = frozenset({"loop", "self", "super", "caller", "varargs", "kwargs"})


_Other = nodes.Include | nodes.Import | nodes.FromImport | nodes.Extends


class Reference(NamedTuple):
    """A name from the scope. `row.x` and `row['x']` have root `row` and attribute `x`; a name used whole (a bare one,
    or `row` in `row[column]`) has an empty attribute. `line` counts from 1 in the template that has it."""

    root: str
    attribute: str
    line: int
    place: Place
    source: str | None = None


def literal_names(tree: nodes.Node) -> list[tuple[str, int]]:
    """Names of included, imported and extended templates that stand literally and have to exist, with their lines."""
    found: list[tuple[str, int]] = []
    for node in tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)):
        if not getattr(node, "ignore_missing", False):
            found.extend((name, node.lineno) for name in _names(node))
    return found


def named(tree: nodes.Node) -> set[str]:
    """All that may be the name of a template that is brought in: in a list, or one of two, it need not exist."""
    kinds = (nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)
    given = [node.template for kind in kinds for node in tree.find_all(kind)]  # type: ignore[attr-defined]
    found = [inner for one in given for inner in (one, *one.find_all(nodes.Const)) if isinstance(inner, nodes.Const)]
    return {inner.value for inner in found if isinstance(inner.value, str)}


def find_references(tree: nodes.Template, template: Template, environment: jinja2.Environment) -> frozenset[Reference]:
    """All references of `tree` and of what it includes. Raises jinja2's TemplateError where an include is missing."""
    walk = _Walk(environment, template)
    walk.block(tree.body, set(), frozenset())
    return frozenset(walk.found)


class _Walk:
    """One walk over a template and those that it includes.

    `local` is the set of names bound so far, which statements add to; `safe` are the paths known to be defined.
    """

    def __init__(self, environment: jinja2.Environment, template: Template) -> None:
        self.found: set[Reference] = set()
        self._environment = environment
        self._template = template
        self._file: Template = template
        self._seen: set[str] = set()

    def block(self, body: list[nodes.Node], local: set[str], safe: frozenset[Path]) -> None:
        """Statements in order."""
        for node in body:
            self.visit(node, local, safe)

    def visit(self, node: nodes.Node, local: set[str], safe: frozenset[Path]) -> None:
        """One statement or expression."""
        _VISITORS.get(type(node), _Walk._children)(self, node, local, safe)

    def _children(self, node: nodes.Node, local: set[str], safe: frozenset[Path]) -> None:
        for child in node.iter_child_nodes():
            self.visit(child, local, safe)

    def _add(self, path: Path, line: int, safe: frozenset[Path]) -> None:
        if path in safe or path[0] in self._environment.globals:
            return
        place, source = at_line(self._file, line)
        self.found.add(Reference(path[0], path[1], line, place, source))

    def _name(self, node: nodes.Name, local: set[str], safe: frozenset[Path]) -> None:
        if node.ctx != "load":
            local.add(node.name)
        elif node.name not in local and node.name not in _SPECIAL:
            self._add((node.name, ""), node.lineno, safe)

    def _getattr(self, node: nodes.Getattr | nodes.Getitem, local: set[str], safe: frozenset[Path]) -> None:
        path = path_of(node)
        if path is None:
            self._children(node, local, safe)
        elif path[0] not in local and path[0] not in _SPECIAL:
            self._add(path, node.lineno, safe)

    def _filter(self, node: nodes.Filter, local: set[str], safe: frozenset[Path]) -> None:
        if node.name in ("default", "d") and node.node is not None:
            self._guarded(node.node, local, safe)
            for arg in [*node.args, *node.kwargs]:
                self.visit(arg, local, safe)
        else:
            self._children(node, local, safe)

    def _test(self, node: nodes.Test, local: set[str], safe: frozenset[Path]) -> None:
        if node.name in ("defined", "undefined"):
            self._guarded(node.node, local, safe)
        else:
            self._children(node, local, safe)

    def _guarded(self, node: nodes.Node, local: set[str], safe: frozenset[Path]) -> None:
        """The operand of a guard: it may be missing itself, but not what it is taken from."""
        if path_of(node) is None and not isinstance(node, nodes.Name):
            self._children(node, local, safe)

    def _and(self, node: nodes.And, local: set[str], safe: frozenset[Path]) -> None:
        self.visit(node.left, local, safe)
        self.visit(node.right, local, safe | asserted(node.left, True))

    def _or(self, node: nodes.Or, local: set[str], safe: frozenset[Path]) -> None:
        self.visit(node.left, local, safe)
        self.visit(node.right, local, safe | asserted(node.left, False))

    def _condexpr(self, node: nodes.CondExpr, local: set[str], safe: frozenset[Path]) -> None:
        self.visit(node.test, local, safe)
        self.visit(node.expr1, local, safe | asserted(node.test, True))
        if node.expr2 is not None:
            self.visit(node.expr2, local, safe | asserted(node.test, False))

    def _if(self, node: nodes.If, local: set[str], safe: frozenset[Path]) -> None:
        """Names set in a branch live on behind it: Jinja's `if` has no scope of its own."""
        self.visit(node.test, local, safe)
        self.block(node.body, local, safe | asserted(node.test, True))
        safe = safe | asserted(node.test, False)
        for branch in node.elif_:
            self.visit(branch.test, local, safe)
            self.block(branch.body, local, safe | asserted(branch.test, True))
            safe = safe | asserted(branch.test, False)
        self.block(node.else_, local, safe)

    def _for(self, node: nodes.For, local: set[str], safe: frozenset[Path]) -> None:
        self.visit(node.iter, local, safe)
        inner = set(local)
        self.visit(node.target, inner, safe)
        if node.test is not None:
            self.visit(node.test, inner, safe)
            safe_inside = safe | asserted(node.test, True)
        else:
            safe_inside = safe
        self.block(node.body, inner, safe_inside)
        self.block(node.else_, set(local), safe)

    def _assign(self, node: nodes.Assign, local: set[str], safe: frozenset[Path]) -> None:
        self.visit(node.node, local, safe)
        self.visit(node.target, local, safe)

    def _assignblock(self, node: nodes.AssignBlock, local: set[str], safe: frozenset[Path]) -> None:
        self.block(node.body, set(local), safe)
        self.visit(node.target, local, safe)

    def _with(self, node: nodes.With, local: set[str], safe: frozenset[Path]) -> None:
        inner = set(local)
        for value in node.values:
            self.visit(value, local, safe)
        for target in node.targets:
            self.visit(target, inner, safe)
        self.block(node.body, inner, safe)

    def _macro(self, node: nodes.Macro | nodes.CallBlock, local: set[str], safe: frozenset[Path]) -> None:
        if isinstance(node, nodes.Macro):
            local.add(node.name)
        else:
            self.visit(node.call, local, safe)
        for default in node.defaults:
            self.visit(default, local, safe)
        self.block(node.body, local | {arg.name for arg in node.args}, safe)

    def _block(self, node: nodes.Block, local: set[str], safe: frozenset[Path]) -> None:
        self.block(node.body, set(local), safe)

    def _import(self, node: nodes.Import, local: set[str], safe: frozenset[Path]) -> None:
        self._enter(node, set(), safe)
        local.add(node.target)

    def _fromimport(self, node: nodes.FromImport, local: set[str], safe: frozenset[Path]) -> None:
        self._enter(node, set(), safe)
        local.update(name if isinstance(name, str) else name[1] for name in node.names)

    def _include(self, node: nodes.Include, local: set[str], safe: frozenset[Path]) -> None:
        self._enter(node, set(local), safe)

    def _extends(self, node: nodes.Extends, local: set[str], safe: frozenset[Path]) -> None:
        self._enter(node, set(local), safe)

    def _enter(self, node: _Other, local: set[str], safe: frozenset[Path]) -> None:
        """Walk over another template where its name is literal, each one once."""
        for name in _names(node):
            if name in self._seen:
                continue
            self._seen.add(name)
            included = self._load(node, name)
            if included is not None:
                outer, self._file = self._file, included
                self.block(self._environment.parse(included.source, name, included.start.file).body, local, safe)
                self._file = outer
        if not isinstance(node.template, nodes.Const):
            self.visit(node.template, local, safe)

    def _load(self, node: nodes.Node, name: str) -> Template | None:
        loader = self._environment.loader
        if loader is None:
            return None
        try:
            source, filename, _ = loader.get_source(self._environment, name)
        except jinja2.TemplateError as error:
            if getattr(node, "ignore_missing", False) and isinstance(error, jinja2.TemplateNotFound):
                return None
            file = None if self._file is self._template else self._file.start.file
            raise jinja2.TemplateSyntaxError(error.message or name, node.lineno, name, file) from error
        return Template(source, self._template.place, Place(filename or name, 1, 1, self._template.place.path))


_VISITORS: dict[type[nodes.Node], Callable[..., None]] = {
    nodes.And: _Walk._and,
    nodes.Assign: _Walk._assign,
    nodes.AssignBlock: _Walk._assignblock,
    nodes.Block: _Walk._block,
    nodes.CallBlock: _Walk._macro,
    nodes.CondExpr: _Walk._condexpr,
    nodes.Extends: _Walk._extends,
    nodes.Filter: _Walk._filter,
    nodes.For: _Walk._for,
    nodes.FromImport: _Walk._fromimport,
    nodes.Getattr: _Walk._getattr,
    nodes.Getitem: _Walk._getattr,
    nodes.If: _Walk._if,
    nodes.Import: _Walk._import,
    nodes.Include: _Walk._include,
    nodes.Macro: _Walk._macro,
    nodes.Name: _Walk._name,
    nodes.Or: _Walk._or,
    nodes.Test: _Walk._test,
    nodes.With: _Walk._with,
}


def _names(node: nodes.Node) -> Iterator[str]:
    """The name of the template that `node` brings in, where it is literal."""
    name = getattr(node, "template", None)
    if isinstance(name, nodes.Const) and isinstance(name.value, str):
        yield name.value
