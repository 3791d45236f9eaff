"""Steps: what a job does, in order."""

from __future__ import annotations

from dataclasses import field
from pathlib import Path
from typing import Literal

from mailjobs.errors import Place
from mailjobs.frozen import frozen
from mailjobs.model.template import Template

RecipientKind = Literal["to", "cc", "bcc"]


@frozen
class Retry:
    """How often to try what failed for a while; delays in seconds, doubled up to `max_delay`. 0 attempts: no limit."""

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
class Rate:
    """So many a second, messages or recipients."""

    per_second: float
    unit: Literal["messages", "recipients"] = "messages"


@frozen
class Exclude:
    """A CSV file of addresses that get nothing; `column` None: its only one, or `email`."""

    csv: Path
    column: str | None = None
    encoding: str = "utf-8"
    place: Place | None = None


@frozen
class Send:
    """Send a message: once, or for each row of a data source. All but the first three keys are for the latter.

    Without a limit, `limit`, `messages_per_connection`, `recipients_per_message` and `max_failures` are None.
    `processes` 0 is one for each core. `place` is that of the mapping.
    """

    kind = "send"
    message: str
    for_each: str | None = None
    stop_on: tuple[RecipientKind, ...] = ()
    where: Template | None = None
    limit: int | None = None
    exclude: Exclude | None = None
    rate: Rate | None = None
    rate_per_domain: Rate | None = None
    connections: int = 4
    in_flight: int = 1
    messages_per_connection: int | None = None
    recipients_per_message: int | None = None
    on_error: Literal["continue", "stop"] = "continue"
    max_failures: int | None = None
    preflight: Literal["full", "sample", "off"] = "full"
    on_bad_row: Literal["refuse", "skip"] = "refuse"
    duplicates: Literal["warn", "error", "skip"] = "warn"
    on_unknown: Literal["hold", "resend"] = "hold"
    once_per: Template | None = None
    again: bool = False
    processes: int = 1
    place: Place | None = field(default=None, compare=False)


@frozen
class Queue(Send):
    """Put a message into a directory instead of sending it: once, or for each row. `dir` None: give its text back."""

    kind = "queue"
    dir: Path | None = None


@frozen
class ProcessQueue:
    """Send what is queued in a directory. `max_age` in seconds.

    `on_failure` is the address that is told of what has failed, None where nobody is. `place` is that of the mapping.
    """

    kind = "process_queue"
    dir: Path
    keep: bool = False
    max_age: float = 432000
    limit: int | None = None
    rate: Rate | None = None
    rate_per_domain: Rate | None = None
    connections: int = 4
    in_flight: int = 1
    messages_per_connection: int | None = None
    recipients_per_message: int | None = None
    on_unknown: Literal["hold", "resend"] = "hold"
    on_failure: str | None = None
    watch: bool = False
    place: Place | None = field(default=None, compare=False)


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


Action = Connect | Disconnect | Send | Queue | ProcessQueue | Verify | Expand | Command


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
