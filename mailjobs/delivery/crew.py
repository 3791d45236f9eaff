"""Worker processes for a batch, forked from this one: each delivers shards of the rows with a pool of its own.

What they have to tell comes over a pipe, object by object; what they are told is one octet. The terminal's Ctrl-C
reaches all of them, as does a SIGTERM to their process group, so they leave both to their parent; when he is gone they
send nothing more.
"""

from __future__ import annotations

import os
import pickle
import selectors
import signal
import struct
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from typing import Any, NoReturn, Protocol

from mailjobs import clock
from mailjobs.errors import Interrupted, MailjobsError, TransportError, from_oserror
from mailjobs.frozen import frozen
from mailjobs.secret import bug_report

LENGTH = struct.Struct("!I")
STOP, INTERRUPT, CUT = b"s", b"i", b"c"
PULSE = 0.1  # seconds between two calls of `pulse`
LAST_REPLIES = 7.0  # seconds after an interruption, of which a worker waits 5 for replies
LAST_WORDS = 1.0  # seconds after the connections were cut, then a worker is killed


class Worker(Protocol):
    """What a worker process can be told, by another thread than the one that works."""

    def stop(self) -> None:
        """No new message goes out; what is under way is heard to its end."""

    def interrupt(self) -> None:
        """No new message goes out; a few seconds for the replies."""

    def cut(self) -> None:
        """The connections end now."""


@frozen
class Ended:
    """The last that a worker says. `error` is what kept it from going on."""

    error: MailjobsError | None


class Outbox:
    """The child's end: what is sent arrives in order."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = threading.Lock()

    def send(self, thing: object) -> None:
        """Pass on anything that can be pickled. A parent that is gone is told nothing."""
        data = pickle.dumps(thing, pickle.HIGHEST_PROTOCOL)
        view = memoryview(LENGTH.pack(len(data)) + data)
        with self._lock, suppress(BrokenPipeError):
            while view:
                view = view[os.write(self._descriptor, view) :]


Work = Callable[[int, Outbox, Callable[[Worker], None]], None]


def _nothing(*_: object) -> None:
    """What is done where nobody wants anything."""


class Crew:
    """`count` processes that each call `work(number, outbox, obey)`, which first passes its Worker to `obey`."""

    def __init__(self, count: int, work: Work) -> None:
        self._count = count
        self._work = work
        self._hands: list[_Hand] = []

    @property
    def lost(self) -> bool:
        """Whether one has ended without having told all."""
        return any(hand.lost for hand in self._hands)

    def run(
        self, receive: Callable[[object], None], pulse: Callable[[], None], check: Callable[[], None] = _nothing
    ) -> MailjobsError | None:
        """Start them, until all have ended; what kept one from going on. Raises TransportError where one cannot be
        started, and Interrupted when they have been stopped.

        `receive` gets what they send. `pulse` is called ten times a second, and so is `check`, which raises Interrupted
        to stop them: when it does so once more, they wait for nothing. No signal may raise anything elsewhere.
        """
        try:
            self._start()
            self._listen(receive, pulse, check)
        except Interrupted:
            self._wind_up(receive, pulse, check)
            raise
        except BaseException:
            self._wind_up(_nothing, _nothing, check)
            raise
        finally:
            for hand in self._hands:
                hand.end()
        errors = [hand.error for hand in self._hands if hand.error is not None]
        return errors[0] if errors else None

    def stop(self) -> None:
        """No new message goes out."""
        self._tell(STOP)

    def _start(self) -> None:
        for number in range(self._count):
            try:
                self._hands.append(_Hand.start(number, self._work, self._hands))
            except OSError as error:
                raise from_oserror(error, f"start worker process {number + 1} of {self._count}") from None

    def _wind_up(self, receive: Callable[[object], None], pulse: Callable[[], None], check: Callable[[], None]) -> None:
        """A while for the last replies, a moment for the last words; who has not ended then is killed."""
        self._tell(INTERRUPT)
        with suppress(Interrupted):
            self._listen(receive, pulse, check, LAST_REPLIES)
        self._tell(CUT)
        self._listen(receive, pulse, _nothing, LAST_WORDS)
        for hand in self._hands:
            hand.kill()
        self._listen(receive, pulse, _nothing)

    def _tell(self, octet: bytes) -> None:
        for hand in self._hands:
            hand.tell(octet)

    def _listen(
        self,
        receive: Callable[[object], None],
        pulse: Callable[[], None],
        check: Callable[[], None],
        seconds: float | None = None,
    ) -> None:
        """Until all have ended, or so many seconds."""
        end = None if seconds is None else clock.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            for hand in self._hands:
                if hand.reading:
                    selector.register(hand.inbox, selectors.EVENT_READ, hand)
            while selector.get_map() and (end is None or clock.monotonic() < end):
                for key, _ in selector.select(PULSE):
                    hand = key.data
                    for thing in hand.read():
                        receive(thing)
                    if not hand.reading:
                        selector.unregister(hand.inbox)
                pulse()
                check()


class _Hand:
    """One process, as its parent knows it."""

    def __init__(self, number: int, pid: int, inbox: int, control: int) -> None:
        self.number = number
        self.pid = pid
        self.inbox = inbox
        self.reading = True
        self.error: MailjobsError | None = None
        self._control = control
        self._buffer = bytearray()
        self._ended = False

    @property
    def lost(self) -> bool:
        """Whether it is gone without a last word."""
        return not self.reading and not self._ended

    @classmethod
    def start(cls, number: int, work: Work, before: list[_Hand]) -> _Hand:
        """Fork. Only this thread goes on in the child, which has nothing to do with those started `before`.

        Raises OSError.
        """
        sys.stdout.flush()
        sys.stderr.flush()
        with ExitStack() as stack:
            inbox, outbox = _pipe(stack)
            orders, control = _pipe(stack)
            pid = os.fork()
            stack.pop_all()
        if not pid:
            for mine in (inbox, control, *[end for hand in before for end in hand.ends]):
                os.close(mine)
            _work(number, work, outbox, orders)
        os.close(outbox)
        os.close(orders)
        return cls(number, pid, inbox, control)

    @property
    def ends(self) -> tuple[int, int]:
        """The parent's ends of the two pipes."""
        return self.inbox, self._control

    def tell(self, octet: bytes) -> None:
        """One who is gone is told nothing."""
        with suppress(BrokenPipeError):
            os.write(self._control, octet)

    def read(self) -> list[Any]:
        """What has come whole. `reading` is false after the end."""
        data = os.read(self.inbox, 1 << 20)
        if not data:
            self.reading = False
            if not self._ended:
                words = f"worker process {self.number + 1} (pid {self.pid}) has ended by itself"
                hint = "what it was about to send is held as unknown; run the job again to go on"
                self.error = TransportError(words, hint=hint)
            return []
        self._buffer += data
        return [thing for thing in self._things() if not self._is_end(thing)]

    def _things(self) -> list[Any]:
        found = []
        while len(self._buffer) >= LENGTH.size:
            (length,) = LENGTH.unpack_from(self._buffer)
            if len(self._buffer) < LENGTH.size + length:
                break
            found.append(pickle.loads(self._buffer[LENGTH.size : LENGTH.size + length]))  # noqa: S301 our own child's
            del self._buffer[: LENGTH.size + length]
        return found

    def _is_end(self, thing: object) -> bool:
        if isinstance(thing, Ended):
            self._ended, self.error = True, thing.error
            return True
        return False

    def kill(self) -> None:
        """End it where it has not ended; what it has written down is on record."""
        if self.reading:
            os.kill(self.pid, signal.SIGKILL)

    def end(self) -> None:
        """Take leave of a process that has ended, or is about to."""
        os.close(self._control)
        os.close(self.inbox)
        os.waitpid(self.pid, 0)


def _pipe(stack: ExitStack) -> tuple[int, int]:
    """Both ends of a pipe, which are closed with `stack`."""
    ends = os.pipe()
    for end in ends:
        stack.callback(os.close, end)
    return ends


def _work(number: int, work: Work, outbox: int, orders: int) -> NoReturn:
    """The life of a child, from the fork to its end."""
    status = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        box = Outbox(outbox)
        error: MailjobsError | None = None
        try:
            work(number, box, lambda worker: _obey(worker, orders))
        except MailjobsError as caught:
            error = caught
        box.send(Ended(error))
        status = 0
    except BaseException as bug:  # noqa: BLE001 - a bug, which the parent learns of by the missing end
        sys.stderr.write(bug_report(bug))
    finally:
        os._exit(status)


def _obey(worker: Worker, orders: int) -> None:
    """Listen, in a thread, for what the parent says."""
    threading.Thread(target=_listen, args=(worker, orders), name="orders", daemon=True).start()


def _listen(worker: Worker, orders: int) -> None:
    while True:
        order = os.read(orders, 1)
        if order == STOP:
            worker.stop()
        elif order == CUT:
            worker.cut()
        else:
            threading.Thread(target=worker.interrupt, name="interrupt", daemon=True).start()
            if not order:
                return
