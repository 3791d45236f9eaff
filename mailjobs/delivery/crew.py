"""Worker processes for a batch, forked from this one: each delivers shards of the rows with a pool of its own.

What they have to tell comes over a pipe, object by object; what they are told is one octet. The terminal's Ctrl-C
reaches all of them, so they leave it to their parent, and when he is gone they send nothing more.
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
from contextlib import suppress
from typing import Any, NoReturn, Protocol

from mailjobs.errors import Interrupted, MailjobsError, TransportError
from mailjobs.frozen import frozen

LENGTH = struct.Struct("!I")
STOP, INTERRUPT, CUT = b"s", b"i", b"c"
PULSE = 0.1  # seconds between two calls of `pulse`


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


class Crew:
    """`count` processes that each call `work(number, outbox, obey)`, which first passes its Worker to `obey`."""

    def __init__(self, count: int, work: Callable[[int, Outbox, Callable[[Worker], None]], None]) -> None:
        self._hands: list[_Hand] = []
        for number in range(count):
            self._hands.append(_Hand.start(number, work, self._hands))

    def run(self, receive: Callable[[object], None], pulse: Callable[[], None]) -> MailjobsError | None:
        """Until all have ended; what kept one from going on. Raises Interrupted when they have been stopped.

        `receive` gets what they send, `pulse` is called ten times a second.
        """
        try:
            return self._listen(receive, pulse)
        except Interrupted:
            self._tell(INTERRUPT)
            with suppress(Interrupted):
                self._listen(receive, pulse)
                raise
            self._tell(CUT)
            self._listen(receive, pulse)
            raise
        finally:
            for hand in self._hands:
                hand.end()

    def stop(self) -> None:
        """No new message goes out."""
        self._tell(STOP)

    def _tell(self, octet: bytes) -> None:
        for hand in self._hands:
            hand.tell(octet)

    def _listen(self, receive: Callable[[object], None], pulse: Callable[[], None]) -> MailjobsError | None:
        with selectors.DefaultSelector() as selector:
            for hand in self._hands:
                if hand.reading:
                    selector.register(hand.inbox, selectors.EVENT_READ, hand)
            while selector.get_map():
                for key, _ in selector.select(PULSE):
                    hand = key.data
                    for thing in hand.read():
                        receive(thing)
                    if not hand.reading:
                        selector.unregister(hand.inbox)
                pulse()
        errors = [error for hand in self._hands if (error := hand.error) is not None]
        return errors[0] if errors else None


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

    @classmethod
    def start(
        cls, number: int, work: Callable[[int, Outbox, Callable[[Worker], None]], None], before: list[_Hand]
    ) -> _Hand:
        """Fork. Only this thread goes on in the child, which has nothing to do with those started `before`."""
        inbox, outbox = os.pipe()
        orders, control = os.pipe()
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
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

    def end(self) -> None:
        """Take leave of a process that has ended, or is about to."""
        os.close(self._control)
        os.close(self.inbox)
        os.waitpid(self.pid, 0)


def _work(
    number: int, work: Callable[[int, Outbox, Callable[[Worker], None]], None], outbox: int, orders: int
) -> NoReturn:
    """The life of a child, from the fork to its end."""
    status = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        box = Outbox(outbox)
        error: MailjobsError | None = None
        try:
            work(number, box, lambda worker: _obey(worker, orders))
        except MailjobsError as caught:
            error = caught
        box.send(Ended(error))
        status = 0
    except BaseException:  # noqa: BLE001 - a bug, which the parent learns of by the missing end
        import traceback

        traceback.print_exc()
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
