"""The connections of one lane as others reach them: whoever dials, waits for a reply or says QUIT can be ended."""

from __future__ import annotations

import threading
from collections.abc import Callable

from mailjobs.delivery.dispatch import Stopped
from mailjobs.session import Conversation


class Line:
    """`dial` opens one conversation after another for one thread; other threads end what is under way.

    A connection that is being opened cannot be broken off: it is left to a thread of its own, which closes it.
    """

    def __init__(self, dial: Callable[[], Conversation]) -> None:
        self._dial = dial
        self._changed = threading.Condition()
        self._stopped = False
        self._conversation: Conversation | None = None

    def dial(self) -> Conversation:
        """The next conversation. Raises Stopped where none is wanted any more, and what keeps it from being opened."""
        call = _Call()
        threading.Thread(target=self._open, args=(call,), name="dial", daemon=True).start()
        with self._changed:
            self._changed.wait_for(lambda: call.ended or self._stopped)
            call.unwanted = self._stopped
            if not call.unwanted:
                self._conversation = call.conversation
        if call.unwanted:
            call.close()
            raise Stopped("no more mail goes out")
        if call.error is not None:
            raise call.error
        assert call.conversation is not None, "it has ended without an error"
        return call.conversation

    def _open(self, call: _Call) -> None:
        try:
            call.conversation = self._dial()
        except BaseException as error:  # noqa: BLE001 - raised by the thread that waits for it
            call.error = error
        with self._changed:
            call.ended = True
            self._changed.notify_all()
        if call.unwanted:
            call.close()

    def stop(self) -> None:
        """Open no other connection, and wait for none that is being opened."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def cut(self) -> None:
        """End the connection now, whatever is waited for."""
        self.stop()
        if self._conversation is not None:
            self._conversation.cut()


class _Call:
    """One try to open a connection."""

    def __init__(self) -> None:
        self.ended = False
        self.unwanted = False
        self.conversation: Conversation | None = None
        self.error: BaseException | None = None

    def close(self) -> None:
        """End what came of it, if anything did."""
        if self.ended and self.conversation is not None:
            self.conversation.close(abort=True)
