"""A stream over another one, with its ends and its deadline."""

from __future__ import annotations

from mailjobs.net.deadline import Deadline
from mailjobs.net.stream import Peer, Stream


class Layered:
    """The part of a `Stream` that whatever lies over `below` has in common."""

    def __init__(self, below: Stream) -> None:
        self._below = below

    @property
    def peer(self) -> Peer:
        """The two ends, which are those of the stream below."""
        return self._below.peer

    @peer.setter
    def peer(self, peer: Peer) -> None:
        self._below.peer = peer

    @property
    def deadline(self) -> Deadline:
        """The deadline, which is that of the stream below."""
        return self._below.deadline

    @deadline.setter
    def deadline(self, deadline: Deadline) -> None:
        self._below.deadline = deadline

    def cut(self) -> None:
        """End the connection below."""
        self._below.cut()

    def close(self, abort: bool = False) -> None:
        """Close the connection below."""
        self._below.close(abort)
