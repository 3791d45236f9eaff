"""How far the content of one message is."""

from __future__ import annotations

from mailjobs.events import Publish, StartTransfer, Transfer


class Progress:
    """Publishes StartTransfer, and a Transfer for each percent that `at` reaches, where anybody hears them."""

    def __init__(self, publish: Publish, size: int) -> None:
        self._publish = publish
        self._size = size
        self._wanted = publish.wants(Transfer)
        self._percent = -1
        publish(StartTransfer())
        self.at(0)

    def at(self, octets: int) -> None:
        """So many of the content's octets are written, or go out now."""
        if not self._wanted:
            return
        percent = octets * 100 // self._size if self._size else 100
        if percent > self._percent:
            self._percent = percent
            self._publish(Transfer("client", octets, percent))
