"""A checked tree -> the model, and the references within it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mailjobs import model
from mailjobs.job.build_guards import build_guards
from mailjobs.job.build_message import build_message
from mailjobs.job.build_server import NO_HOST, build_server
from mailjobs.job.build_source import build_source
from mailjobs.job.build_step import Names, build_step
from mailjobs.job.node import JobPath, Node, Source, written
from mailjobs.job.problems import Problems
from mailjobs.job.template import HOLES
from mailjobs.job.values import plain

NO_SENDER, NO_RECIPIENT = 164, 165


def build(root: Node, sources: list[Source], found: Mapping[str, Any], problems: Problems) -> model.Job:
    """The job. Only good for use where `problems` has no errors; parts that the schema refuses are left out."""
    nodes = _server_nodes(root, problems)
    servers = {
        name: built
        for name, (node, path) in nodes.items()
        if not problems.touches(path) and (built := build_server(node, path, name, problems))
    }
    data = {name: build_source(node, path, name, problems) for name, node, path in _named(root, "data", problems)}
    messages = {
        name: build_message(node, path, name, folders_of(sources), problems)
        for name, node, path in _named(root, "messages", problems)
    }
    steps = _steps(root, Names(list(nodes), _names(root, "messages"), _names(root, "data")), problems)
    _check_sent(root, steps, messages, problems)
    _check_bound(root, steps, servers, problems)
    files = tuple(source.path for source in sources if source.path)
    name = "" if problems.touches(("name",)) else plain(root.get("name"))
    return model.Job(
        name=name or (files[0].stem if sources[0].path else "job"),
        files=files,
        folders=folders_of(sources),
        vars=found,
        data=data,
        servers=servers,
        messages=messages,
        steps=steps,
        guards=build_guards(root.get("guards"), problems),
    )


def folders_of(sources: list[Source]) -> tuple[Path, ...]:
    """The folders of the job's files, without repeats: where templates may come from."""
    return tuple(dict.fromkeys(source.folder for source in sources))


def _names(root: Node, key: str) -> list[str]:
    node = root.get(key)
    return [name for name, _ in node.items()] if node else []


def _named(root: Node, key: str, problems: Problems) -> list[tuple[str, Node, JobPath]]:
    node = root.get(key)
    entries = [(name, inner, (key, name)) for name, inner in (node.items() if node else ())]
    return [(name, inner, path) for name, inner, path in entries if not problems.touches(path)]


def _server_nodes(root: Node, problems: Problems) -> dict[str, tuple[Node, JobPath]]:
    single, several = root.get("server"), root.get("servers")
    nodes: dict[str, tuple[Node, JobPath]] = {}
    for name, node in several.items() if several else ():
        nodes[name] = (node, ("servers", name))
    if single is not None and several is not None:
        problems.at_key(single, ("server",), "a job has `server` or `servers`, not both", hint="name it in `servers`")
    if single is not None:
        nodes["server"] = (single, ("server",))
    return nodes


def _steps(root: Node, names: Names, problems: Problems) -> tuple[model.Step, ...]:
    steps = root.get("steps")
    if steps is None:
        problems.at(root, (), "missing key 'steps'", hint="what the job does, such as `steps: [{connect: true}]`")
        return ()
    needing = [node for node in steps.entries() if not (isinstance(node.value, dict) and "queue" in node.value)]
    if needing and not names.servers and not problems.touches(("servers",)):
        hint = "write `server: smtp://host`"
        problems.at_key(steps, ("steps",), "the steps need a server, and the job names none", hint=hint, code=NO_HOST)
    ids: dict[str, JobPath] = {}
    built = []
    for index, node in enumerate(steps.entries()):
        _check_id(node, ("steps", index), ids, problems)
        if not problems.touches(("steps", index)):
            built.append(build_step(node, index, names, problems))
    return tuple(built)


def _check_id(step: Node, path: JobPath, ids: dict[str, JobPath], problems: Problems) -> None:
    node = step.get("id")
    if node is None or not isinstance(node.value, str):
        return
    if node.value in ids:
        problems.at(node, (*path, "id"), f"the id '{node.value[:80]}' is that of {written(ids[node.value])} already")
    ids.setdefault(node.value, path)


def _check_bound(
    root: Node, steps: tuple[model.Step, ...], servers: Mapping[str, model.Server], problems: Problems
) -> None:
    """One port of ours bears one connection to a server."""
    for step in steps:
        action, server = step.action, servers.get(step.server or "")
        if not isinstance(action, model.Send) or not action.for_each or server is None or not server.bind.port:
            continue
        if action.connections > 1:
            path = ("steps", step.index, "send")
            node = root.at((*path, "connections")) or root.at(path)
            assert node is not None, "the step was built from it"
            words = f"{action.connections} connections cannot all come from `bind.port` {server.bind.port}"
            problems.at_key(node, path, words, hint="connections: 1, or no bind.port")


def _check_sent(
    root: Node, steps: tuple[model.Step, ...], messages: Mapping[str, model.Message], problems: Problems
) -> None:
    sent = {step.action.message for step in steps if isinstance(step.action, model.Send)}
    for name in sorted(sent & messages.keys()):
        node = root.value["messages"].value[name]
        path, message = ("messages", name), messages[name]
        if message.from_ is None:
            problems.at_key(node, path, f"the message '{name}' has no `from`", code=NO_SENDER)
        if not (message.to or (message.allow_empty_to and (message.cc or message.bcc))):
            hint = "or `allow_empty_to: true`" if message.cc or message.bcc else None
            problems.at_key(node, path, f"the message '{name}' has no `to`", hint=hint, code=NO_RECIPIENT)
        batch = any(isinstance(s.action, model.Send) and s.action.message == name and s.action.for_each for s in steps)
        literal = message.message_id.text
        if batch and literal is not None and not HOLES.search(literal.source):
            words = "a batch needs a Message-ID of its own for each row"
            problems.at(node.value["message_id"], (*path, "message_id"), words, hint="write `auto`, or use `row`")
        if message.subject is None and message.raw is None:
            problems.warn(node, path, f"the message '{name}' has no `subject`")
