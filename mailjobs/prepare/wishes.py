"""What is to be sent, and what is wished of it: the values that a decision about earlier runs is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

Chance = Literal["sure", "late", "failure"]


class Wishes(NamedTuple):
    """What the user has said on the command line."""

    again: bool = False
    accept_changes: bool = False
    retry_failed: bool = False
    retry_unknown: bool = False

    def opened(self, resend: bool) -> str:
        """The letters of the states that are sent to; `resend`: the unknown ones of a batch in any case."""
        return "nd" + ("r" if self.retry_failed else "") + ("u" if self.retry_unknown or resend else "")

    @property
    def retries(self) -> bool:
        """Whether those are meant who have not got it from a run that is finished."""
        return self.retry_failed or self.retry_unknown


class AtHand(NamedTuple):
    """A batch that a run is about.

    `name` is that of its files, `made` the one that it has without an id, `label` what a person calls it. `parts` are
    digests of what it is made of. Nothing is to be sent where it has no `recipients`. `opened` are the letters of the
    states that are sent to. `again` and `once` (what tells the template of once_per from others; "": there is none) are
    what the step says, `keys` what once_per renders to. `chance`: whether it is run for sure, or its condition asks for
    results of steps (late), or for a failure alone.
    """

    name: str
    made: str
    label: str
    parts: Mapping[str, str]
    recipients: int
    opened: str = "nd"
    again: bool = False
    once: str = ""
    keys: str = ""
    chance: Chance = "sure"
