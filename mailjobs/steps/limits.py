"""How fast a batch may go, as its step says."""

from __future__ import annotations

from mailjobs.delivery import Limits, NoLimits
from mailjobs.model import Send


def limits_of(action: Send) -> Limits:
    """The limits of a batch, for all its connections and processes."""
    return NoLimits()
