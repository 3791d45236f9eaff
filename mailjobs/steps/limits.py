"""How fast a batch may go, as its step says."""

from __future__ import annotations

import os

from mailjobs.delivery import Limits
from mailjobs.delivery.rates import Rates
from mailjobs.model import Send
from mailjobs.rows.temporary import temporary


def processes_of(action: Send) -> int:
    """How many processes share the rows; `auto` is one for each core that this one may use, as connections allow."""
    return action.processes or min(len(os.sched_getaffinity(0)), action.connections)


def connections_of(action: Send, worker: int) -> int:
    """How many of the connections a process may have, from 0: its part, and one at least."""
    each, left = divmod(action.connections, processes_of(action))
    return max(each + (worker < left), 1)


def limits_of(action: Send) -> Limits:
    """The limits of a batch, for all its connections and processes. Raises OutputError."""
    with temporary():
        return Rates(action.rate, action.rate_per_domain, processes_of(action))
