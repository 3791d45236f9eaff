"""Figures beside their targets, and the exit status that they come to."""

from __future__ import annotations


class Verdicts:
    """Prints each figure that has a target; `status` is 1 once one has been missed."""

    def __init__(self) -> None:
        self.status = 0

    def at_least(self, what: str, figure: float, target: float, unit: str = "") -> None:
        """`figure` must not be below `target`."""
        self._print(what, figure, f"at least {_number(target)}", figure >= target, unit)

    def at_most(self, what: str, figure: float, target: float, unit: str = "") -> None:
        """`figure` must not be above `target`."""
        self._print(what, figure, f"at most {_number(target)}", figure <= target, unit)

    def _print(self, what: str, figure: float, target: str, reached: bool, unit: str) -> None:
        self.status |= not reached
        print(f"  {what}: {_number(figure)}{unit}, target {target}{unit}: {'ok' if reached else 'MISSED'}", flush=True)


def _number(figure: float) -> str:
    return f"{figure:,.0f}" if abs(figure) >= 100 else f"{figure:.4g}"
