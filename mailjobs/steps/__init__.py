"""One file a step kind, and the table of them."""

from mailjobs.steps.context import Context, Output, Sessions
from mailjobs.steps.table import STEPS

__all__ = ["STEPS", "Context", "Output", "Sessions"]
