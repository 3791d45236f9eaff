"""Compiled templates, ready to be filled for each row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jinja2
from jinja2.nodes import EvalContext
from jinja2.runtime import Undefined

from mailjobs.model import Template
from mailjobs.templates import bounds
from mailjobs.templates.failures import RENDER_FAILURES, render_failure
from mailjobs.templates.holes import Holes
from mailjobs.templates.sandbox import collector
from mailjobs.templates.simple import Simple


class Rendering:
    """One template. `constant` is its text where it has no holes, else None. For any number of threads."""

    __slots__ = ("_blocks", "_compiled", "_context", "_globals", "_names", "_root", "constant", "simple", "template")

    def __init__(
        self, template: Template, compiled: jinja2.Template | None, constant: str | None, simple: Simple | None
    ) -> None:
        """`compiled` is None only where there is a `constant`."""
        self.template = template
        self.constant = constant
        self.simple = simple
        if compiled is not None:
            self._keep(compiled)

    def _keep(self, compiled: jinja2.Template) -> None:
        self._compiled = compiled
        self._globals = dict(compiled.globals)
        self._names = set(self._globals)
        self._context = compiled.environment.context_class
        self._blocks = [(name, block) for name, block in compiled.blocks.items()]
        self._root = compiled.root_render_func

    def render(self, scope: Mapping[str, Any]) -> str:
        """The text. Raises DataError where `row` is in `scope`, else JobError, naming the variable and the line."""
        if self.constant is not None:
            return self.constant
        if self.simple is not None:
            text = self.simple.render(scope)
            if text is not None:
                return text
        return self._rendered(scope)

    def _rendered(self, scope: Mapping[str, Any]) -> str:
        try:
            return self._run({**self._globals, **scope})
        except RENDER_FAILURES as error:
            raise render_failure(error, self.template, self._compiled, scope) from error

    def _run(self, names: dict[str, Any]) -> str:
        bounds.open_account()
        environment, name = self._compiled.environment, self._compiled.name
        # As jinja2's own `new_context` makes it, in a third of the time: there are several for each row of a batch.
        context = self._context.__new__(self._context)
        context.parent = names
        context.vars = {}
        context.environment = environment
        context.eval_ctx = EvalContext(environment, name)
        context.exported_vars = set()
        context.name = name
        context.globals_keys = self._names
        context.blocks = {key: [block] for key, block in self._blocks} if self._blocks else {}
        return bounds.join_output(self._root(context))


class HoleRendering(Rendering):
    """A template of an address field: text with placeholders, and the values apart."""

    __slots__ = ()

    def holes(self, scope: Mapping[str, Any]) -> Holes:
        """The text with placeholders and what they stand for. Raises as `render` does."""
        if self.constant is not None:
            return Holes(self.constant, ())
        values = collector.begin()
        return Holes(self._rendered(scope), values)


class Expression:
    """A compiled expression. Calling it gives its native value."""

    __slots__ = ("_compiled", "template")

    def __init__(self, template: Template, compiled: jinja2.Template) -> None:
        self.template = template
        self._compiled = compiled

    def __call__(self, scope: Mapping[str, Any]) -> Any:
        """The value. Raises as `Rendering.render` does; an undefined value is an error too."""
        try:
            bounds.open_account()
            context = self._compiled.new_context(dict(scope))
            for _ in self._compiled.root_render_func(context):
                pass
            value = context.vars["result"]
            return str(value) if isinstance(value, Undefined) else value
        except RENDER_FAILURES as error:
            raise render_failure(error, self.template, self._compiled, scope) from error
