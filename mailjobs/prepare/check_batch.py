"""What can be known of a batch before its rows are read."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from mailjobs.errors import Problem
from mailjobs.model import Job, Send, Template
from mailjobs.prepare.caught import caught
from mailjobs.prepare.check_certificates import cautions_of_certificates
from mailjobs.prepare.check_guards import cautions_of_guards
from mailjobs.prepare.names import RUN_NAMES, Names, unknown_names
from mailjobs.rows.suppression import column_of
from mailjobs.templates import Templates


def check_batch(action: Send, templates: Templates, names: Names) -> list[Problem]:
    """What is wrong with the keys of a batch. `names` are those of its message.

    Rows are selected before the first step, so no result of a step is seen here.
    """
    seen: Names = {"vars": names["vars"], "row": names["row"], "run": RUN_NAMES}
    problems = _text(action.where, templates, seen, expression=True)
    problems += _text(action.once_per, templates, seen, expression=False)
    if action.exclude is not None:
        problems += caught(partial(column_of, action.exclude))
    return problems


def _text(text: Template | None, templates: Templates, names: Names, expression: bool) -> list[Problem]:
    if text is None:
        return []
    compiling = templates.expression if expression else templates.text
    return [*caught(partial(compiling, text)), *unknown_names(templates, text, names, expression)]


def cautions(job: Job) -> list[Problem]:
    """Warnings, for those who ask: what a job may say, and is seldom meant."""
    found = [*cautions_of_guards(job), *cautions_of_certificates(job)]
    nameless: set[tuple[str, str]] = set()
    for step in job.steps:
        if isinstance(step.action, Send):
            found += _together(step.action)
            found += _again(step.action)
            if step.id is None:
                found += _alike(step.action, nameless)
    return found


def _alike(action: Send, nameless: set[tuple[str, str]]) -> Iterator[Problem]:
    """Batches that nothing but their order tells apart."""
    if action.for_each is None:
        return
    if (action.message, action.for_each) in nameless:
        words = (
            f"another batch sends {action.message} to {action.for_each}, too, and runs tell them apart by their order"
        )
        yield _caution(words, action, "give each step an id, so that they may move")
    nameless.add((action.message, action.for_each))


def _together(action: Send) -> Iterator[Problem]:
    """Keys that cancel one another."""
    if not action.stop_on:
        return
    if action.recipients_per_message is not None:
        words = (
            "a message that one refusal stops (`stop_on`) is not split, so `recipients_per_message` does nothing for it"
        )
        yield _caution(words, action, "leave one of them out")
    if action.in_flight > 1:
        words = "a message that one refusal stops (`stop_on`) waits for the replies, so `in_flight` does nothing for it"
        yield _caution(words, action, "leave one of them out")


def _again(action: Send) -> Iterator[Problem]:
    if action.for_each is not None and not action.again and action.once_per is None:
        words = "a finished run is not sent again by itself: the next one with the same rows and texts is refused"
        hint = "again: true says that it is meant to recur, once_per: '{{ … }}' what must not arrive twice"
        yield _caution(words, action, hint)


def _caution(words: str, action: Send, hint: str) -> Problem:
    return Problem(words, action.place, hint=hint, severity="warning")
