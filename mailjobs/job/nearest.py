"""Hints: the valid name that a user probably meant."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: str, valid: Iterable[str]) -> str | None:
    """The valid name that is most like `name`, if any is like it at all."""
    from difflib import get_close_matches

    names = {valid_name.lower(): valid_name for valid_name in valid}
    found = get_close_matches(name.lower()[:80], names, n=1, cutoff=0.65)
    return names[found[0]] if found else None


def did_you_mean(name: str, valid: Iterable[str], noun: str = "known") -> str:
    """`did you mean 'host'?`, or the list of what there is."""
    names = list(valid)
    near = nearest(name, names)
    if near:
        return f"did you mean '{near}'?"
    return f"{noun}: {', '.join(names)}" if names else f"{noun}: none"
