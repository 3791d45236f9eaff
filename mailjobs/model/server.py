"""A server and how to talk to it."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Literal

from mailjobs.errors import Place
from mailjobs.frozen import frozen
from mailjobs.model.auth import Auth
from mailjobs.model.socket import AddressFamily, Bind, Socket
from mailjobs.model.tls import Tls

if TYPE_CHECKING:
    from mailjobs.model.proxy import Proxy

RsetUse = Literal["always", "after-failure", "never"]


@frozen
class Timeouts:
    """Seconds; 0 is none. `idle` restarts with each byte, `final` is for the reply to the final dot."""

    connect: float = 10
    idle: float = 60
    final: float = 600
    total: float = 0


@frozen
class Extensions:
    """`enabled` is false where HELO is to be said; `disable` names extensions to take no notice of."""

    enabled: bool = True
    disable: tuple[str, ...] = ()


@frozen
class Server:
    """One server. `tls.mode` is never "auto" here: `job` has decided it by the port and the URL.

    `max_transfer_rate` is bytes a second, over all connections; 0 is no limit.
    """

    host: str
    port: int
    name: str = "server"
    hello: str | None = None
    extensions: Extensions = field(default_factory=Extensions)
    timeout: Timeouts = field(default_factory=Timeouts)
    max_reply_line: int = 2048
    address_family: AddressFamily = "any"
    bind: Bind = field(default_factory=Bind)
    socket: Socket = field(default_factory=Socket)
    max_transfer_rate: int = 0
    rset: RsetUse = "after-failure"
    proxy: Proxy | None = None
    tls: Tls = field(default_factory=Tls)
    auth: Auth | None = None
    place: Place | None = None
