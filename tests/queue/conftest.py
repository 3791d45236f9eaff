"""The faults and the chance of `tests.once`."""

from tests.once.conftest import faults, random  # noqa: F401
