"""Where letters come from, and where it is written down what became of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeVar

from mailjobs.session.letter import Letter, Settled

L = TypeVar("L", bound=Letter)


class Book(Protocol[L]):
    """Letters to be delivered, each to be taken once. For any number of threads.

    Between the final dot and its reply nobody can tell what became of a message (RFC 1047). So `dot` is written
    down before the final dot goes out and the outcome after its reply; a letter with a dot and no outcome is
    `unknown` when the book is opened again, and nothing else is ever sent twice or lost.
    """

    def take(self) -> L | None:
        """The next letter; None where there is none any more, but for what may be released yet."""

    def dot(self, letters: Sequence[Letter], settled: Sequence[Settled[Letter]] = ()) -> None:
        """The final dots of `letters` are about to go out. What `settled` says is written down by the same append.

        When it returns the kernel has both, so they survive the process. A letter may be a `Part` of one that
        was taken. Raises OutputError where it cannot be written: then no dot may go out.
        """

    def settle(self, settled: Sequence[Settled[Letter]]) -> None:
        """What became of letters. For a letter that is tried again it comes several times; the last one counts."""

    def release(self, letter: L) -> None:
        """Give back a letter that was taken and not sent."""
