"""A plan as a person reads it, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from mailjobs.message import Recipient
from mailjobs.model import Rate
from mailjobs.report.changes import change_lines, moment
from mailjobs.report.console import Style, plain
from mailjobs.report.visible import visible, visible_json
from mailjobs.run.plan import BatchPlan, Example, Pace, Plan, ServerPlan, StepPlan

PEOPLE = 10  # recipients of one message that are shown
WIDE = 66  # columns of a terminal that are left behind a label
TLS = {
    "implicit": "TLS from the start",
    "starttls": "STARTTLS required",
    "opportunistic": "STARTTLS where offered",
    "none": "no TLS",
}
# Of what is known from before: the state, and what it means.
KNOWN = {
    "kept": "delivered by earlier runs",
    "accepted": "accepted",
    "rejected": "rejected",
    "deferred": "deferred",
    "unknown": "unknown",
}
NOT_DUE = {"yes": "", "no": "", "unknown": "perhaps: "}


def as_json(plans: Sequence[Plan]) -> str:
    """One plan, or a list of them where there are several jobs."""
    found = [plan.as_dict() for plan in plans]
    shown = found[0] if len(found) == 1 else found
    return visible_json(json.dumps(shown, indent=2, ensure_ascii=False, default=str)) + "\n"


def as_text(plan: Plan, style: Style = plain) -> str:
    """All of it, with a line break at its end."""
    return "".join(f"{line}\n" for line in _lines(plan, style))


def _lines(plan: Plan, style: Style) -> Iterator[str]:
    yield visible(f"{plan.job} ({plan.file})")
    yield from _decision(plan, style)
    if plan.changes is not None:
        yield from change_lines(plan.changes, style)
    for step in plan.steps:
        yield ""
        yield from _step(step, plan.refused, style)
    for index, line in enumerate(_totals(plan, style)):
        yield from [line] if index else ["", line]


def _decision(plan: Plan, style: Style) -> Iterator[str]:
    decision, error = plan.decision, plan.error
    if plan.active is not None:
        words = f"a run is active (process {plan.active}), and until it has ended another one is refused"
        yield style(visible(words), "yellow")
    if error is not None and plan.refused:
        yield f"{style('would be refused:', 'red')} {visible(error.message)}"
        if error.hint:
            yield visible(f"hint: {error.hint}")
    else:
        yield f"{style(decision.words, 'green')}{f' of {moment(decision.started)}' if decision.started else ''}"
    if decision.run is not None:
        yield visible(f"run: {decision.run}")


# --- steps


def _step(step: StepPlan, refused: bool, style: Style) -> Iterator[str]:
    name = f"{step.index + 1}. {step.name}"
    colour = "red" if step.error else "green" if step.due == "yes" and not refused else "yellow"
    yield f"{visible(name)}{' ' if name.endswith('?') else ': '}{style(visible(NOT_DUE[step.due] + step.does), colour)}"
    if step.condition is not None:
        yield _labelled("if", step.condition)
    if step.server is not None:
        yield _labelled("server", _server(step.server))
    if step.batch is not None:
        yield from _batch(step.batch, style)
    if step.message is not None and step.error is None and step.due != "no" and not refused:
        yield _labelled("to send", _to_send(step))
    if step.batch is not None and step.batch.pace is not None and step.server is not None:
        yield _labelled("how", _pace(step.batch.pace, step.recipients))
    for index, example in enumerate(step.examples):
        if step.batch is None:
            yield from _message(example)
        else:
            yield from _example(example, "" if index else "such as" if refused else "first")
    for problem in step.warnings:
        yield _labelled("warning", str(problem), style, "yellow")
    if step.error is not None:
        for told in step.error.problems or (step.error,):
            yield _labelled("error", str(told), style, "red")


def _labelled(label: str, text: str, style: Style = plain, colour: str = "") -> str:
    return f"   {style(f'{label:<11}', colour)}{visible(text)}"


def _server(server: ServerPlan) -> str:
    host = f"[{server.host}]" if ":" in server.host else server.host
    user = f"as {server.user}" if server.user is not None else "no login"
    return f"{host}:{server.port}, {TLS.get(server.tls, server.tls)}, {user}"


def _batch(batch: BatchPlan, style: Style) -> Iterator[str]:
    limit = f" (limit: {batch.limit})" if batch.limit is not None else ""
    yield _labelled("rows", f"{batch.read:,} read, {batch.selected:,} selected{limit}")
    left_out = {"suppressed": batch.excluded, "bad": batch.bad, "with an address of another row": batch.repeated}
    told = [f"{count:,} {what}" for what, count in left_out.items() if count]
    if told:
        yield _labelled("", ", ".join(told))
    if batch.pace is None:
        return
    yield _labelled("messages", f"{batch.messages:,}, to {amount(batch.recipients, 'recipient')}")
    known = [f"{batch.known[state]:,} {words}" for state, words in KNOWN.items() if batch.known.get(state)]
    if known:
        yield _labelled("before", ", ".join(known))
    if batch.before:
        words = "had its message in the last run, and gets one more"
        several = "had their message in the last run, and get one more"
        yield _labelled(
            "again", f"{amount(batch.before, 'row')} {words if batch.before == 1 else several}", style, "yellow"
        )


def _to_send(step: StepPlan) -> str:
    if step.batch is None and not step.examples:
        return "to whom is known when it is run"
    return f"to {amount(step.recipients, 'recipient')}" if step.recipients else "nothing"


def _pace(pace: Pace, recipients: int) -> str:
    parts = [f"at most {amount(pace.connections, 'connection')}"]
    if pace.processes > 1:
        parts.append(f"over {pace.processes} processes")
    parts += [_rate(pace.rate)] if pace.rate else []
    parts += [f"{_rate(pace.rate_per_domain)} to each domain"] if pace.rate_per_domain else []
    if pace.seconds and recipients:
        parts.append(f"{duration(pace.seconds)} at least")
    return ", ".join(parts)


def _rate(rate: Rate) -> str:
    for unit, seconds in (("second", 1), ("minute", 60), ("hour", 3600)):
        if rate.per_second * seconds > 1:
            return f"{rate.per_second * seconds:,.4g} {rate.unit} a {unit}"
    return f"{rate.per_second * 86400:.3g} {rate.unit} a day"


def duration(seconds: int) -> str:
    """Such as `5 h 33 min`."""
    units = (("d", seconds // 86400), ("h", seconds // 3600 % 24), ("min", seconds // 60 % 60), ("s", seconds % 60))
    told = [f"{count} {unit}" for unit, count in units if count]
    return " ".join(told[:2]) or "0 s"


def _message(message: Example) -> Iterator[str]:
    for person in message.recipients[:PEOPLE]:
        yield _labelled(person.kind, _person(person))
    if len(message.recipients) > PEOPLE:
        yield _labelled("", f"and {len(message.recipients) - PEOPLE:,} more")
    yield _labelled("subject", f'"{message.subject}"')


def _person(person: Recipient) -> str:
    return f"{person.name} <{person.address}>" if person.name else person.address


def _example(example: Example, label: str) -> Iterator[str]:
    more = len(example.recipients) - 1
    people = f"{_person(example.recipients[0])}{f' and {more} more' if more > 0 else ''}"
    subject = f'"{example.subject}"'
    if len(people) + len(subject) + 2 <= WIDE:
        yield _labelled(label, f"{people}  {subject}")
    else:
        yield _labelled(label, people)
        yield _labelled("", f"  {subject}")


# --- all of it


def _totals(plan: Plan, style: Style) -> Iterator[str]:
    perhaps = any(step.due == "unknown" and step.recipients for step in plan.steps)
    total = f"{'at most ' if perhaps else ''}{amount(plan.recipients, 'recipient')}"
    if any(step.message is not None for step in plan.steps):
        yield "total: nothing would be sent" if plan.refused else f"total: {total}"
    guards = plan.guards
    told = [f"at most {guards.max_recipients:,} recipients"] if guards.max_recipients is not None else []
    told += [f"only {', '.join(guards.allow_domains)}"] if guards.allow_domains else []
    told += [f"everything goes to {guards.redirect_to}"] if guards.redirect_to else []
    if guards.confirm_above is not None:
        asks = "somebody has to confirm it (--yes)" if guards.asks else "nobody is asked"
        told.append(f"{asks} (confirm_above: {guards.confirm_above:,})")
    for one in told:
        yield visible(f"guard: {one}")
    if plan.exit_status:
        yield style(f"run would end with exit status {plan.exit_status}", "red")


def amount(count: int, word: str) -> str:
    """A number with its word, such as `1 row` or `1,200 rows`."""
    return f"{count:,} {word}{'' if count == 1 else 's'}"
