"""What `validate` finds beyond the schema: templates that do not compile, and names that cannot exist."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from mailjobs.errors import FileError, JobError, Problem
from mailjobs.model import Job, Send, Step, Template
from mailjobs.prepare.preparation import Preparation, RunFacts
from mailjobs.prepare.questions import check_literal
from mailjobs.prepare.texts import message_texts, step_texts
from mailjobs.rows import columns
from mailjobs.templates import Reference, Templates

RUN_NAMES = ("id", "started", "failed")
Names = Mapping[str, tuple[str, ...] | None]


def check_job(job: Job) -> list[Problem]:
    """Everything that can be known to be wrong without a server, in the order of the job."""
    preparation = Preparation(job, RunFacts.new())
    problems: list[Problem] = []
    for name in job.messages:
        problems += _caught(partial(preparation.compiled, name))
    problems += _steps(job, preparation.templates)
    return list(dict.fromkeys(problems))


def _caught(action: Callable[[], object]) -> list[Problem]:
    try:
        action()
    except JobError as error:
        return list(error.problems)
    except FileError as error:
        return [Problem(error.message, error.place, hint=error.hint, code=error.code)]
    return []


def _steps(job: Job, templates: Templates) -> list[Problem]:
    problems: list[Problem] = []
    sent: set[str] = set()
    earlier: list[str] = []
    for step in job.steps:
        names = _names(job, step, earlier, problems)
        for text in step_texts(step):
            compiling = templates.expression if text is step.if_ else templates.text
            problems += _caught(partial(compiling, text))
            problems += _unknown(templates, text, {**names, "row": ()}, text is step.if_)
        problems += _caught(partial(check_literal, step))
        if isinstance(step.action, Send):
            sent.add(step.action.message)
            problems += _message_texts(job, step.action.message, templates, names)
        if step.id:
            earlier.append(step.id)
    anything: Names = {"vars": tuple(job.vars), "row": None, "steps": None, "run": RUN_NAMES}
    for name in job.messages:
        problems += [] if name in sent else _message_texts(job, name, templates, anything)
    return problems


def _names(job: Job, step: Step, earlier: list[str], problems: list[Problem]) -> Names:
    row: tuple[str, ...] | None = ()
    if isinstance(step.action, Send) and step.action.for_each:
        source = job.data[step.action.for_each]
        found: list[tuple[str, ...] | None] = []
        problems += _caught(lambda: found.append(columns(source)))
        row = found[0] if found else None
    return {"vars": tuple(job.vars), "row": row, "steps": tuple(earlier), "run": RUN_NAMES}


def _message_texts(job: Job, name: str, templates: Templates, names: Names) -> list[Problem]:
    problems: list[Problem] = []
    for text in message_texts(job.messages[name]):
        problems += _unknown(templates, text, names)
    return problems


def _unknown(templates: Templates, text: Template, names: Names, expression: bool = False) -> Iterator[Problem]:
    try:
        references = templates.references(text, expression)
    except JobError:
        return  # told by the compiler already
    for reference in sorted(references, key=lambda reference: (reference.line, reference.root, reference.attribute)):
        problem = _problem(reference, names)
        if problem is not None:
            yield problem


def _problem(reference: Reference, names: Names) -> Problem | None:
    root, attribute = reference.root, reference.attribute
    if root not in names:
        close = difflib.get_close_matches(root, names, 1)
        hint = f"did you mean '{close[0]}'?" if close else "templates see vars, row, steps and run"
        return Problem(f"'{root}' is undefined", reference.place, reference.source, hint)
    known = names[root]
    if not attribute or known is None or attribute in known:
        return None
    hint = _nearest(root, attribute, known)
    return Problem(f"'{root}.{attribute}' is undefined", reference.place, reference.source, hint)


def _nearest(root: str, attribute: str, known: tuple[str, ...]) -> str:
    close = difflib.get_close_matches(attribute, known, 1)
    if close:
        return f"did you mean '{root}.{close[0]}'?"
    if root == "row" and not known:
        return "rows exist where a send has for_each"
    if root == "steps":
        return f"earlier steps with an id: {', '.join(known) or 'none'}"
    return f"there are: {', '.join(known) or 'none'}"
