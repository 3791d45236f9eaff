"""What a batch says that is allowed, and seldom meant."""

from __future__ import annotations

import pytest

BATCH = """\
version: 1
server: smtp://relay.example.com
data: {{people: {{command: ["true"]}}}}
messages: {{m: {{from: a@example.com, to: b@example.com, subject: Hi}}}}
steps:
  - send: {{message: m, for_each: people, {said}}}
"""


@pytest.mark.parametrize("said", ["processes: 4", "processes: auto, connections: 1", "processes: 2, connections: 2"])
def test_processes_that_have_a_connection_each_are_fine(load, said: str) -> None:
    assert load(head=BATCH.format(said=said)).warnings == ()


@pytest.mark.parametrize(("said", "most"), [("processes: 5", 4), ("connections: 2, processes: 3", 2)])
def test_more_processes_than_connections_are_warned_about(load, said: str, most: int) -> None:
    text = BATCH.format(said=said)
    (warning,) = load(head=text).warnings
    assert f"processes have a connection each, more than `connections` allows: {most}" in warning.message
    column = text.splitlines()[5].index("processes: ") + len("processes: ") + 1
    assert str(warning).startswith(f"-:6:{column}: steps[0].send.processes: ")
