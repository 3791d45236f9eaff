"""Fixtures of the room."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.login.login_server import LoginServer


@pytest.fixture
def login_server() -> Iterator[Callable[..., LoginServer]]:
    """Start servers; see LoginServer for what they are told. At the end each must have come to its own."""
    servers: list[LoginServer] = []

    def start(*arguments: Any, **options: Any) -> LoginServer:
        servers.append(LoginServer(*arguments, **options))
        return servers[-1]

    yield start
    for server in servers:
        server.finish()
