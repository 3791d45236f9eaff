"""Signals that wait until somebody asks for them, so that nothing is broken off halfway."""

from __future__ import annotations

import signal
import threading
from collections import deque
from collections.abc import Callable
from types import FrameType
from typing import Any

NUMBERS = (signal.SIGINT, signal.SIGTERM)


class HeldSignals:
    """While it is entered, SIGINT and SIGTERM wait for `check`. Only the main thread gets signals; in others it does
    nothing, nor for signals that no handler of Python is for.
    """

    def __init__(self) -> None:
        self._handlers: dict[int, Callable[[int, FrameType | None], Any]] = {}
        self._came: deque[int] = deque()
        self._held = False

    def __enter__(self) -> HeldSignals:
        self._held = True
        if threading.current_thread() is threading.main_thread():
            for number in NUMBERS:
                handler = signal.getsignal(number)
                if callable(handler):
                    self._handlers[number] = handler
                    signal.signal(number, self._handle)
        return self

    def check(self) -> None:
        """Handle the next signal that has come, which raises what its handler does (Interrupted)."""
        if self._came:
            number = self._came.popleft()
            self._handlers[number](number, None)

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        """What has come since the last `check` is handled now, unless something else has ended it."""
        self._held = False
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        if kind is None:
            self.check()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._held:
            self._came.append(number)
        else:  # it comes while the handlers are put back
            self._handlers[number](number, frame)
