"""Many messages over a server's connections: reuse, look-ahead, retry, rate. It knows no file and no job."""

from mailjobs.delivery.courier import Courier
from mailjobs.delivery.pool import Pool
from mailjobs.delivery.rates import Rates
from mailjobs.delivery.terms import Limits, NoLimits, Terms

__all__ = ["Courier", "Limits", "NoLimits", "Pool", "Rates", "Terms"]
