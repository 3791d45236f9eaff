"""In the place of `Batches` for a job without any, which then imports nothing of what keeps them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

from mailjobs.errors import Problem, RepeatError
from mailjobs.model import Step
from mailjobs.prepare import Preparation
from mailjobs.prepare.found import OnceBook
from mailjobs.prepare.wishes import Chance

if TYPE_CHECKING:
    from mailjobs.run.looks import Looks
    from mailjobs.steps.shelf import Shelf

NONE = "the job has no batch"


class NoBatches:
    """There is nothing to look at, to remember or to let go."""

    resumed = False
    repeat: RepeatError | None = None
    warnings: Sequence[Problem] = ()

    def begin(
        self, steps: Sequence[tuple[Step, Chance]], preparation: Preparation, scope: Mapping[str, object], looks: Looks
    ) -> str:
        """Never called."""
        raise AssertionError(NONE)

    def before_aside(self, step: Step) -> Callable[[Path], AbstractContextManager[OnceBook | None]]:
        """Never called."""
        raise AssertionError(NONE)

    def shelf(self, step: Step) -> Shelf:
        """Never called."""
        raise AssertionError(NONE)

    def settle(self, step: Step, totals: Mapping[str, int], finished: bool) -> None:
        """Never called."""
        raise AssertionError(NONE)

    def left(self, step: Step) -> int:
        """Nobody."""
        return 0

    def skip(self, step: Step, for_good: bool) -> None:
        """A step that is no batch leaves nothing behind."""

    def close(self) -> None:
        """Nothing is held."""
