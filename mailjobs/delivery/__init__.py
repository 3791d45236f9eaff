"""Many messages over a server's connection: reuse, look-ahead, retry. It knows no file and no job."""

from mailjobs.delivery.courier import Courier

__all__ = ["Courier"]
