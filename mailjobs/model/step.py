"""Steps: what a job does, in order."""

from __future__ import annotations

from typing import Literal

from mailjobs.errors import Place
from mailjobs.frozen import frozen
from mailjobs.model.template import Template

RecipientKind = Literal["to", "cc", "bcc"]


@frozen
class Retry:
    """How often to try what failed for a while; delays in seconds, doubled up to `max_delay`."""

    attempts: int = 1
    delay: float = 1
    max_delay: float = 60


@frozen
class Expectation:
    """Reply codes that count as success: codes ("250"), classes ("2xx"), or "any"."""

    codes: tuple[str, ...]


@frozen
class Connect:
    """Open the connection, secure it, log in."""

    kind = "connect"


@frozen
class Disconnect:
    """Say QUIT."""

    kind = "disconnect"


@frozen
class Send:
    """Send a message: once, or for each row of a data source."""

    kind = "send"
    message: str
    for_each: str | None = None
    stop_on: tuple[RecipientKind, ...] = ()


@frozen
class Verify:
    """Ask the server about an address (VRFY)."""

    kind = "verify"
    address: Template


@frozen
class Expand:
    """Ask the server for the members of a list (EXPN)."""

    kind = "expand"
    list: Template


@frozen
class Command:
    """Say one line as it stands."""

    kind = "command"
    line: Template


Action = Connect | Disconnect | Send | Verify | Expand | Command


@frozen
class Step:
    """One action and the keys that every step may have. `server` is the name of one of the job's servers."""

    action: Action
    place: Place
    index: int
    name: str
    id: str | None = None
    if_: Template | None = None
    server: str | None = None
    continue_on_error: bool = False
    retry: Retry = Retry()
    timeout: float = 0
    expect: Expectation | None = None
