"""Fixtures of the room."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mailjobs import clock
from mailjobs.net import revocation
from mailjobs.net.fetch import Fetched
from mailjobs.net.trust import trusting_context
from tests.net.peers import Peers


class Hands:
    """A clock to be moved."""

    def __init__(self) -> None:
        self.now = 1000.0


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    """The clock, which stands still until it is moved."""
    hands = Hands()
    monkeypatch.setattr(clock, "monotonic", lambda: hands.now)
    return hands


@pytest.fixture
def peers() -> Iterator[Peers]:
    """Other sides of connections, which must have ended by themselves."""
    peers = Peers()
    yield peers
    peers.finish()


@pytest.fixture(autouse=True)
def _no_kept_context() -> Iterator[None]:
    trusting_context.cache_clear()
    yield
    trusting_context.cache_clear()


@pytest.fixture(autouse=True)
def _nothing_fetched(monkeypatch: pytest.MonkeyPatch) -> None:
    """What one test has fetched about certificates is not there for the next."""
    monkeypatch.setattr(revocation, "FETCHED", Fetched())
