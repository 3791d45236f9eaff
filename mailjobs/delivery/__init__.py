"""Many messages over a server's connections: reuse, look-ahead, retry, rate. It knows no file and no job."""

from mailjobs.delivery.courier import Courier
from mailjobs.delivery.terms import Limits, NoLimits, Terms

__all__ = ["Courier", "Limits", "NoLimits", "Terms"]  # `pool` and `rates` are for batches alone, and imported by these
