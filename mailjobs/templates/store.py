"""All templates of a job: each source is compiled once for each use."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import jinja2
from jinja2 import nodes
from jinja2.parser import Parser

from mailjobs.model import Template
from mailjobs.templates.failures import COMPILE_FAILURES, compile_failure
from mailjobs.templates.holes import MARKS
from mailjobs.templates.loader import FolderLoader
from mailjobs.templates.references import Reference, find_references, literal_names, named
from mailjobs.templates.rendering import Expression, HoleRendering, Rendering
from mailjobs.templates.sandbox import Kind, Sandbox
from mailjobs.templates.simple import Simple

Compiled = tuple[jinja2.Template | None, str | None, Simple | None]

_MARKS = re.compile(rf"\{{[{{%#]|[{''.join(MARKS)}]")  # what begins anything but text, or has to be refused
_LINE_ENDS = re.compile(r"\r\n|\r")  # which Jinja makes newlines


class Templates:
    """Compiles templates. Includes, imports and parents come from `folders` alone, the first that has them.

    Every method raises JobError with the template's line for a template that cannot be compiled.
    """

    def __init__(self, folders: Sequence[Path]) -> None:
        self._loader = FolderLoader(folders)
        self._sandboxes: dict[Kind, Sandbox] = {}
        self._compiled: dict[tuple[str, str], Compiled] = {}

    def text(self, template: Template) -> Rendering:
        """A plain text: nothing is escaped."""
        return Rendering(template, *self._compile(template, "text"))

    def html(self, template: Template) -> Rendering:
        """HTML: values are escaped."""
        return Rendering(template, *self._compile(template, "html"))

    def traced(self, template: Template) -> Rendering:
        """HTML as `html` gives it, with each value between two marks (see `holes`)."""
        return Rendering(template, *self._compile(template, "traced"))

    def markdown(self, template: Template) -> HoleRendering:
        """Markdown: values are kept apart from the text, and may have several lines."""
        return HoleRendering(template, *self._compile(template, "markdown"))

    def header(self, template: Template) -> Rendering:
        """A header's value: a value with CR, LF or NUL is refused."""
        return Rendering(template, *self._compile(template, "header"))

    def holes(self, template: Template) -> HoleRendering:
        """An address field: values are kept apart from the text. CR, LF and NUL in them are refused."""
        return HoleRendering(template, *self._compile(template, "holes"))

    def expression(self, template: Template) -> Expression:
        """An expression, whose braces may be left out, with its native value."""
        known = ("expression", template.source)
        if known not in self._compiled:
            sandbox = self._sandbox("text")
            try:
                body = nodes.Assign(nodes.Name("result", "store", lineno=1), self._parse_expression(template), lineno=1)
                tree = nodes.Template([body], lineno=1)
                tree.set_environment(sandbox)
                self._compiled[known] = (sandbox.from_string(tree), None, None)
            except COMPILE_FAILURES as error:
                raise self._failure(error, template, sandbox) from error
        compiled = self._compiled[known][0]
        assert compiled is not None, "an expression is always compiled"
        return Expression(template, compiled)

    def references(self, template: Template, expression: bool = False) -> frozenset[Reference]:
        """The names that `template`, and what it includes by a literal name, takes from its scope.

        Local names are left out, and so are those guarded by `is defined` or `default`.
        """
        if not expression and not _MARKS.search(template.source):
            return frozenset()
        sandbox = self._sandbox("text")
        try:
            if expression:
                found = self._parse_expression(template)
                tree = nodes.Template([nodes.Output([found], lineno=found.lineno)], lineno=1)
            else:
                tree = sandbox.parse(template.source)
            return find_references(tree, template, sandbox)
        except COMPILE_FAILURES as error:
            raise self._failure(error, template, sandbox) from error

    def included(self, texts: Iterable[Template]) -> dict[str, str]:
        """Names and texts of the templates that may come into `texts`, and of those that came into any since
        `forget_included`.
        """
        sandbox = self._sandbox("text")
        waiting = {name for one in self._sandboxes.values() for name in one.brought_in}
        waiting |= {name for text in texts if "{%" in text.source for name in named(sandbox.parse(text.source))}
        found: dict[str, str] = {}
        while waiting:
            name = waiting.pop()
            with suppress(jinja2.TemplateError):
                found[name] = self._loader.get_source(sandbox, name)[0]
                waiting |= named(sandbox.parse(found[name])) - found.keys()
        return found

    def forget_included(self) -> None:
        """Begin to note anew which templates others bring in."""
        for sandbox in self._sandboxes.values():
            sandbox.brought_in.clear()

    def words(self, template: Template) -> str:
        """An expression as its words, however they are set."""
        found = [
            word
            for _, kind, word in self._sandbox("text").lex(f"{{{{ {_without_braces(template.source)} }}}}")
            if kind != "whitespace"
        ]
        return " ".join(found[1:-1])

    def _sandbox(self, kind: Kind) -> Sandbox:
        if kind not in self._sandboxes:
            self._sandboxes[kind] = Sandbox(kind, self._loader)
        return self._sandboxes[kind]

    def _compile(self, template: Template, kind: Kind) -> Compiled:
        """The code; where nothing is to be filled in, the constant text; and what is simple in it."""
        known = (kind, template.source)
        if known not in self._compiled and not _MARKS.search(template.source):
            self._compiled[known] = (None, _LINE_ENDS.sub("\n", template.source), None)
        if known not in self._compiled:
            sandbox = self._sandbox(kind)
            try:
                tree = sandbox.parse(template.source)
                constant, simple = _constant(tree), Simple.of(tree, kind)
                names = literal_names(tree)
                compiled = sandbox.from_string(tree)
                self._load(sandbox, names, set())
                self._compiled[known] = (compiled, constant, simple)
            except COMPILE_FAILURES as error:
                raise self._failure(error, template, sandbox) from error
        return self._compiled[known]

    def _load(
        self, sandbox: Sandbox, names: Sequence[tuple[str, int]], seen: set[str], file: str | None = None
    ) -> None:
        """Compile what is included, so that what is wrong in it, or missing, is known now."""
        for name, line in names:
            if name in seen:
                continue
            seen.add(name)
            try:
                sandbox.get_template(name)
                source, path, _ = self._loader.get_source(sandbox, name)
            except jinja2.TemplateSyntaxError:
                raise
            except jinja2.TemplateError as error:
                raise jinja2.TemplateSyntaxError(error.message or name, line, name, file) from error
            self._load(sandbox, literal_names(sandbox.parse(source)), seen, path)

    def _parse_expression(self, template: Template) -> nodes.Expr:
        """The tree of an expression."""
        source = _without_braces(template.source)
        parser = Parser(self._sandbox("text"), source, state="variable")
        if _at_end(parser):
            raise jinja2.TemplateSyntaxError("an expression is expected", 1)
        found = parser.parse_expression()
        if not _at_end(parser):
            line = parser.stream.current.lineno
            raise jinja2.TemplateSyntaxError("one expression is expected, and there is more", line)
        found.set_environment(self._sandbox("text"))
        return found

    def _failure(self, error: BaseException, template: Template, sandbox: Sandbox) -> Exception:
        return compile_failure(error, template, {"filter": sandbox.filters, "test": sandbox.tests})


def _without_braces(source: str) -> str:
    """Braces around an expression become blanks, so that lines stay what they are."""
    inner = source.strip()
    if inner.startswith("{{") and inner.endswith("}}"):
        source = source.replace("{{", "  ", 1)
        at = source.rindex("}}")
        source = source[:at] + source[at + 2 :]
    return source


def _at_end(parser: Parser) -> bool:
    return parser.stream.eos


def _constant(tree: nodes.Template) -> str | None:
    """The text of a template that has nothing but text, else None."""
    parts = []
    for output in tree.body:
        if not isinstance(output, nodes.Output):
            return None
        for part in output.nodes:
            if not isinstance(part, nodes.TemplateData):
                return None
            parts.append(part.data)
    return "".join(parts)
