"""What happens, as frozen values. Public: `schemas/event.schema.json` describes each as JSON.

Rooms call `publish(event)`; whoever draws, traces or records only listens. A sink is a callable that takes a
`Stamped` event. `publish.wants(kind)` tells the hot path whether anybody hears.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from threading import Lock
from typing import Any, ClassVar, Literal

from mailjobs import clock
from mailjobs.frozen import frozen


@frozen
class Event:
    """The root of all events."""

    def as_dict(self) -> dict[str, Any]:
        """The event's own fields, by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


@frozen
class ConnectionStatus(Event):
    """A connection was made, secured, or ended. `status_code` is 0 where all is well."""

    event: str
    status_code: int = 0
    description: str = ""


@frozen
class StartTransfer(Event):
    """Content begins to go out. `part` is 0 for the message, then counts attachments."""

    direction: Literal["client", "server"] = "client"
    part: int = 0


@frozen
class Transfer(Event):
    """`bytes` so far of one part; `percent` is -1 where the whole is unknown."""

    direction: Literal["client", "server"]
    bytes: int
    percent: int = -1


@frozen
class EndTransfer(Event):
    """Content was written, which does not say that it was accepted."""

    direction: Literal["client", "server"] = "client"
    part: int = 0


@frozen
class Error(Event):
    """Something failed that does not end the step, such as a refused Bcc."""

    code: int | None
    description: str
    recipient: str | None = None
    reply: str | None = None


@frozen
class Expand(Event):
    """One member of an expanded list."""

    address: str
    name: str = ""


@frozen
class Trace(Event):
    """One line of the conversation. Content is never shown, and secrets are masked where they are made."""

    direction: Literal["client", "server", "info"]
    line: str


@frozen
class TLSStatus(Event):
    """Progress of a handshake."""

    message: str


@frozen
class ServerCertificate(Event):
    """The server's certificate and what was found of it. `status` is "OK", what `tls.allow` takes of it, or all reasons
    against it. `chain` is PEM as it was sent. None is shown where a session is resumed.
    """

    pem: str
    subject: str
    issuer: str
    status: str
    accept: bool
    chain: Sequence[str]


@frozen
class RunStarted(Event):
    """A job begins. `job` is its name; `resumed`: an earlier run goes on."""

    job: str
    resumed: bool = False


@frozen
class Preflight(Event):
    """The rows of a batch are checked, before its run is known: so many were read. `finished` with the last of them."""

    read: int
    finished: bool = False


@frozen
class StepStarted(Event):
    """A step begins. `action` is its kind: send, verify, …"""

    action: str
    name: str


@frozen
class StepFinished(Event):
    """A step ended. `status` is ok, failed or skipped; `elapsed` is in seconds; `error` as in the report."""

    action: str
    name: str
    status: str
    elapsed: float
    summary: str = ""
    error: Mapping[str, Any] | None = None


@frozen
class MessageSettled(Event):
    """What became of one recipient of one message. `row` counts from 1 in a batch, else None."""

    row: int | None
    recipient: str
    state: str
    reply: str | None = None


@frozen
class BatchProgress(Event):
    """How far a batch is, a few times a second. `states` counts recipients; `rate` is recipients a second of late;
    `remaining` is seconds, None where that cannot be said yet."""

    done: int
    total: int
    states: Mapping[str, int]
    rate: float
    remaining: float | None = None


@frozen
class RunFinished(Event):
    """A job ended with this exit status."""

    exit_status: int
    elapsed: float


KINDS: tuple[type[Event], ...] = (
    ConnectionStatus, StartTransfer, Transfer, EndTransfer, Error, Expand, Trace, TLSStatus, ServerCertificate,
    Preflight, RunStarted, StepStarted, StepFinished, MessageSettled, BatchProgress, RunFinished,
)  # fmt: skip


@frozen
class Stamped:
    """An event with its time and where it belongs: run id, step id, server name (None where there is none)."""

    time: datetime
    run: str | None
    step: str | None
    server: str | None
    event: Event

    def as_dict(self) -> dict[str, Any]:
        """One flat mapping; `kind` is the event's name, `time` ISO 8601 in UTC."""
        stamp = {"kind": type(self.event).__name__, "time": self.time.isoformat(timespec="milliseconds")}
        return {**stamp, "run": self.run, "step": self.step, "server": self.server, **self.event.as_dict()}


class Sink:
    """A listener: `hears` names the kinds it wants (None: all).

    `follows_batches` says whether it wants the conversation of a batch as well: four lines and more a message.
    """

    hears: ClassVar[frozenset[type[Event]] | None] = None
    follows_batches: ClassVar[bool] = False

    def __call__(self, stamped: Stamped) -> None:
        """Take one event. Must not raise for what the event says."""
        raise NotImplementedError


class Publish:
    """Passes events to sinks, stamped. `bind` gives a publisher for a narrower place (a step, a server).

    For any number of threads: a sink takes one event at a time.
    """

    def __init__(
        self,
        sinks: Sequence[Sink] = (),
        place: Mapping[str, str | None] | None = None,
        lock: Lock | None = None,
        in_batch: bool = False,
    ) -> None:
        self._sinks = tuple(sinks)
        self._lock = lock or Lock()
        self._in_batch = in_batch
        self._place = {"run": None, "step": None, "server": None, **(place or {})}
        self._wanted = {kind: self._listeners(kind) for kind in KINDS}

    def in_batch(self) -> Publish:
        """For the conversations of a batch: they are told to those alone who follow them."""
        return Publish(self._sinks, self._place, self._lock, in_batch=True)

    def _listeners(self, kind: type[Event]) -> tuple[Sink, ...]:
        found = tuple(sink for sink in self._sinks if sink.hears is None or kind in sink.hears)
        return tuple(sink for sink in found if sink.follows_batches) if self._in_batch and kind is Trace else found

    def wants(self, kind: type[Event]) -> bool:
        """Whether anybody hears events of this kind."""
        return bool(self._wanted[kind])

    def bind(self, **place: str | None) -> Publish:
        """The same sinks, with any of run, step and server set."""
        return Publish(self._sinks, {**self._place, **place}, self._lock, self._in_batch)

    @property
    def heard(self) -> frozenset[type[Event]]:
        """The kinds that anybody hears."""
        return frozenset(kind for kind in KINDS if self._wanted[kind])

    def to(self, sinks: Sequence[Sink]) -> Publish:
        """A publisher for the same place, to other sinks."""
        return Publish(sinks, self._place)

    def pass_on(self, stamped: Stamped) -> None:
        """Give an event of another process to the sinks as it is."""
        with self._lock:
            for listener in self._wanted[type(stamped.event)]:
                listener(stamped)

    def __call__(self, event: Event) -> None:
        if self._wanted[type(event)]:
            self.together((event,))

    def together(self, events: Sequence[Event]) -> None:
        """Publish several events of the same moment."""
        now, place, wanted = clock.now(), self._place, self._wanted
        run, step, server = place["run"], place["step"], place["server"]
        with self._lock:
            for event in events:
                listeners = wanted[type(event)]
                if listeners:
                    stamped = Stamped(now, run, step, server, event)
                    for listener in listeners:
                        listener(stamped)
