"""Short forms -> full forms, before anything is merged or checked.

Each rule takes the node at one place of the job and gives the node that means the same in full. What a rule does not
know it leaves alone: the schema says later what is wrong with it. Expanding twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from mailjobs.job.node import JobPath, Node
from mailjobs.job.problems import Problems
from mailjobs.job.proxy_url import expand_proxy
from mailjobs.job.url import server_url

Rule = Callable[[Node, JobPath, Problems], Node]
TEMPLATE = "{{"


def expand(root: Node, problems: Problems) -> Node:
    """The job with every short form written out."""
    return _within(root, (), problems, JOB)


def _within(node: Node, path: JobPath, problems: Problems, rules: dict[str, Rule]) -> Node:
    """A mapping with `rules` applied to its entries ("*" is every entry)."""
    if not isinstance(node.value, dict):
        return node
    changed = dict(node.value)
    for key, child in node.value.items():
        rule = rules.get(key) or rules.get("*")
        if rule:
            changed[key] = rule(child, (*path, key), problems)
    return replace(node, value=changed)


def _mapping(rules: dict[str, Rule]) -> Rule:
    return lambda node, path, problems: _within(node, path, problems, rules)


def _wrap(key: str, *kinds: type) -> Rule:
    """`value` -> `{key: value}` where the value is of one of `kinds`."""

    def rule(node: Node, path: JobPath, problems: Problems) -> Node:
        return node.like({key: bare(node)}) if type(node.value) in kinds else node

    return rule


def bare(node: Node) -> Node:
    """The node without its key, for a value that goes below a key which nobody wrote."""
    return replace(node, key_line=0, key_column=0)


def _server(node: Node, path: JobPath, problems: Problems) -> Node:
    if isinstance(node.value, str) and TEMPLATE not in node.value:
        node = server_url(node, path, problems)
    return _within(node, path, problems, SERVER)


def _tls(node: Node, path: JobPath, problems: Problems) -> Node:
    if isinstance(node.value, bool):
        mode = node.like("auto" if node.value else "none")
        return node.like({"mode": bare(mode)})
    if isinstance(node.value, str):
        return node.like({"mode": bare(node)})
    return _within(node, path, problems, TLS)


def _version(node: Node, path: JobPath, problems: Problems) -> Node:
    return node.like(f"{node.value:.1f}") if type(node.value) in (int, float) else node


def _listed(node: Node, path: JobPath, problems: Problems) -> Node:
    return node.like([bare(node)]) if isinstance(node.value, str | dict) else node


def _proxy(node: Node, path: JobPath, problems: Problems) -> Node:
    return _within(expand_proxy(node, path, problems), path, problems, PROXY)


def _steps(node: Node, path: JobPath, problems: Problems) -> Node:
    entries = [_within(step, (*path, index), problems, STEP) for index, step in enumerate(node.entries())]
    return replace(node, value=entries) if isinstance(node.value, list) else node


def _send(node: Node, path: JobPath, problems: Problems) -> Node:
    return _within(_wrap("message", str)(node, path, problems), path, problems, SEND)


def _certificate(node: Node, path: JobPath, problems: Problems) -> Node:
    return _within(_wrap("file", str)(node, path, problems), path, problems, {"key": _wrap("file", str)})


TLS: dict[str, Rule] = {
    "min_version": _version,
    "max_version": _version,
    "ciphers": _listed,
    "groups": _listed,
    "signature_algorithms": _listed,
    "ca": _listed,
    "certificate": _certificate,
    "accept": _listed,
    "allow": _listed,
    "revocation": _mapping({"crl_files": _listed}),
}
PROXY: dict[str, Rule] = {"ca": _listed}
SERVER: dict[str, Rule] = {"tls": _tls, "timeout": _wrap("idle", int, float, str), "proxy": _proxy}
SEND: dict[str, Rule] = {"exclude": _wrap("csv", str)}
STEP: dict[str, Rule] = {
    "send": _send,
    "queue": _mapping({"exclude": _wrap("csv", str)}),
    "process_queue": _wrap("dir", str),
    "verify": _wrap("address", str),
    "expand": _wrap("list", str),
    "command": _wrap("line", str),
    "retry": _wrap("attempts", int),
}
JOB: dict[str, Rule] = {"server": _server, "servers": _mapping({"*": _server}), "steps": _steps}
