"""A clock that stands still, and the settings of a login at an endpoint."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from mailjobs import clock
from mailjobs.errors import Place
from mailjobs.model import Oauth2
from mailjobs.secret import Secret
from tests.fixtures.tokens import TokenEndpoint


class Clock:
    """The time, which goes on when a test says so."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 3, 1, 8, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment

    def goes_on(self, seconds: float) -> None:
        """So many seconds later."""
        self.moment += timedelta(seconds=seconds)


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock."""
    found = Clock()
    monkeypatch.setattr(clock, "now", found)
    return found


@pytest.fixture
def by_refresh(cache_home: object) -> Callable[..., Oauth2]:
    """The settings that get tokens of an endpoint by its refresh token; anything can be another."""

    def made(endpoint: TokenEndpoint, **others: object) -> Oauth2:
        settings: dict[str, object] = {
            "token_url": endpoint.url,
            "client_id": endpoint.client_id,
            "client_secret": Secret.literal(endpoint.client_secret),
            "refresh_token": Secret.literal(endpoint.refresh_token),
            "place": Place("job.yaml", 4, 7),
            "timeout": 5.0,
        }
        return Oauth2(**{**settings, **others})  # type: ignore[arg-type]

    return made
