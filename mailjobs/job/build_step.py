"""One step of the job, as the model has it, with what it refers to."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Final

from mailjobs import model
from mailjobs.frozen import frozen
from mailjobs.job.build_queue import build_process_queue, build_queue
from mailjobs.job.build_send import build_send, condition
from mailjobs.job.masking import without_password
from mailjobs.job.nearest import did_you_mean
from mailjobs.job.node import JobPath, Node, place
from mailjobs.job.problems import Problems
from mailjobs.job.template import template
from mailjobs.job.values import plain, seconds


@frozen
class Names:
    """What steps may refer to."""

    servers: Collection[str]
    messages: Collection[str]
    data: Collection[str]


@frozen
class _Site:
    """Where an action stands: its value, its path, and what it may refer to."""

    node: Node
    path: JobPath
    names: Names
    problems: Problems

    def template(self, key: str) -> model.Template:
        return template(self.node.value[key], (*self.path, key))


def _send(site: _Site) -> model.Send:
    _refer_of_send(site)
    return build_send(site.node, site.path, site.problems)


def _queue(site: _Site) -> model.Queue:
    _refer_of_send(site)
    return build_queue(site.node, site.path, site.problems)


def _refer_of_send(site: _Site) -> None:
    node = site.node
    _refer(node.get("message"), (*site.path, "message"), "message", site.names.messages, site.problems)
    _refer(node.get("for_each"), (*site.path, "for_each"), "data source", site.names.data, site.problems)


ONCE: Final = model.Retry()
PATIENT: Final = model.Retry(0, 300, 14400)  # of a queue, which goes on until `max_age`

ACTIONS: dict[str, Callable[[_Site], model.Action]] = {
    "connect": lambda site: model.Connect(),
    "send": _send,
    "queue": _queue,
    "process_queue": lambda site: build_process_queue(site.node, site.path, site.problems),
    "verify": lambda site: model.Verify(site.template("address")),
    "expand": lambda site: model.Expand(site.template("list")),
    "command": lambda site: model.Command(site.template("line")),
    "disconnect": lambda site: model.Disconnect(),
}


def build_step(node: Node, index: int, names: Names, problems: Problems) -> model.Step:
    """The step, which the schema has passed."""
    path: JobPath = ("steps", index)
    kind = next(key for key in node.value if key in ACTIONS)
    action = ACTIONS[kind](_Site(node.value[kind], (*path, kind), names, problems))
    return model.Step(
        action=action,
        place=place(node, path),
        index=index,
        name=plain(node.get("name")) or _title(action),
        id=plain(node.get("id")),
        if_=condition(node.get("if"), (*path, "if")),
        server=_server(node, path, names, problems, needed=kind != "queue"),
        continue_on_error=plain(node.get("continue_on_error"), False),
        retry=_retry(node.get("retry"), (*path, "retry"), problems, PATIENT if kind == "process_queue" else ONCE),
        timeout=seconds(node.get("timeout"), (*path, "timeout"), problems, 0),
        expect=_expectation(node.get("expect"), (*path, "expect"), action, problems),
    )


def _title(action: model.Action) -> str:
    """What a step without a name is called: `send invoice`, `verify a@example.com`."""
    match action:
        case model.Queue():
            return f"queue {action.message}"
        case model.ProcessQueue():
            return f"process_queue {action.dir.name}"
        case model.Send():
            return f"send {action.message}"
        case model.Verify():
            return f"verify {action.address.source}"
        case model.Expand():
            return f"expand {action.list.source}"
        case model.Command():
            return f"command {action.line.source}"
    return action.kind


def _server(node: Node, path: JobPath, names: Names, problems: Problems, needed: bool) -> str | None:
    named = node.get("server")
    if not needed:
        if named is not None:
            problems.at_key(named, (*path, "server"), "queueing needs no server", hint="process_queue has one")
        return None
    if named is not None:
        _refer(named, (*path, "server"), "server", names.servers, problems)
        return str(named.value)
    if len(names.servers) > 1:
        hint = f"servers: {', '.join(names.servers)}"
        problems.at(node, path, "the job has several servers, and the step names none", hint=hint)
    return next(iter(names.servers), None)


def _refer(node: Node | None, path: JobPath, noun: str, names: Collection[str], problems: Problems) -> None:
    if node is not None and node.value not in names:
        words = f"no {noun} is called {without_password(node.value)!r:.80}"
        problems.at(node, path, words, hint=did_you_mean(node.value, names, f"{noun}s"))


def _retry(node: Node | None, path: JobPath, problems: Problems, default: model.Retry) -> model.Retry:
    if node is None:
        return default
    return model.Retry(
        attempts=int(plain(node.get("attempts"), default.attempts)),
        delay=seconds(node.get("delay"), (*path, "delay"), problems, default.delay),
        max_delay=seconds(node.get("max_delay"), (*path, "max_delay"), problems, default.max_delay),
    )


def _expectation(
    node: Node | None, path: JobPath, action: model.Action, problems: Problems
) -> model.Expectation | None:
    if node is None:
        return None
    if isinstance(action, model.Send) and action.for_each is not None:
        problems.at_key(node, path, "a batch has many replies: `expect` judges one")
    codes = node.plain() if isinstance(node.value, list) else [node.value]
    return model.Expectation(tuple(str(int(code)) if not isinstance(code, str) else code for code in codes))
