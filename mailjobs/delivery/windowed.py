"""Several messages without an answer at a time, for a server with CHUNKING."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

from mailjobs.delivery.dispatch import Stopped
from mailjobs.delivery.errand import Errand
from mailjobs.delivery.heard import of_the_message
from mailjobs.delivery.supply import Supply
from mailjobs.errors import MailjobsError
from mailjobs.session import Conversation, Letter, Settled
from mailjobs.session.window import Window

L = TypeVar("L", bound=Letter)

GROUP = 8  # letters in one write: the first are on their way while others are rendered


class Windowed(Generic[L]):
    """Sends over `conversation` what `supply` has, `size` messages at most without an answer."""

    def __init__(self, conversation: Conversation, supply: Supply[L], size: int) -> None:
        self._supply = supply
        self._window: Window[Letter] = Window(conversation, size)
        self._carried = 0
        self._errands: deque[Errand[L]] = deque()  # those whose letters are in the window, in its order

    @property
    def empty(self) -> bool:
        """Whether no answer is due."""
        return self._window.empty

    @property
    def under_way(self) -> int:
        """How many messages have no answer yet."""
        return len(self._errands)

    def resize(self, size: int) -> None:
        """So many at most from now on."""
        self._window.size = size

    def takes(self, letter: Letter) -> bool:
        """Whether this letter can go this way."""
        return self._window.takes(letter)

    def carry(self, most: int) -> int:
        """Write some of what is ready, at most `most`, and take in what has come back; how many were settled.

        Raises as OneByOne does; errands that were not written are still ready then.
        """
        try:
            written = self._write(most)
            return self._settle(self._window.collect(wait=self._window.room <= 0 or not written))
        except Stopped:
            self.drain()
            raise
        except MailjobsError as error:
            self._settle(self._window.lost(error))
            raise

    def drain(self) -> int:
        """Wait for all answers; how many came. Raises MailjobsError when all that is known is settled."""
        count = 0
        try:
            while not self._window.empty:
                self._supply.flush()
                count += self._settle(self._window.collect(wait=True))
        except MailjobsError as error:
            self._settle(self._window.lost(error))
            raise
        return count

    def _write(self, most: int) -> bool:
        """Whether anything was written."""
        room = min(self._window.room, GROUP, most)
        if room <= 0:
            return False
        self._supply.fill(room, wait=False)
        errands = self._front(room)
        if not errands:
            return False
        letters = [errand.letter for errand in errands]
        self._supply.dot(letters)
        for _ in errands:
            self._supply.ready.popleft()
        self._errands += errands
        self._window.write(letters)
        return True

    def _front(self, most: int) -> list[Errand[L]]:
        """Those at the front of what is ready that can go this way."""
        found: list[Errand[L]] = []
        for errand in self._supply.ready:
            if len(found) == most or not self._window.takes(errand.letter):
                break
            found.append(errand)
        return found

    def _settle(self, settled: list[Settled[Letter]]) -> int:
        tried = []
        for one in settled:
            if self._carried:
                outcomes, error = of_the_message(one.outcomes, one.error)
                if outcomes is not one.outcomes:
                    one = Settled(one.letter, outcomes, error)
            self._carried += 1
            errand = self._errands[0]
            if errand.letter is one.letter:
                self._errands.popleft()
            else:  # the server could not take it at all, so it has overtaken those under way
                errand = next(other for other in self._errands if other.letter is one.letter)
                self._errands.remove(errand)
            tried.append((errand, one))
        if tried:
            self._supply.settle_together(tried)
        return len(tried)
