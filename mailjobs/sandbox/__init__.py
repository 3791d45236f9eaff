"""A capture server on loopback: it takes every message, keeps it as a file, and delivers none."""

from mailjobs.sandbox.seen import Kept, Listening, NotKept, Seen
from mailjobs.sandbox.server import serve

__all__ = ["Kept", "Listening", "NotKept", "Seen", "serve"]
