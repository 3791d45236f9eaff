"""Templates as `job` makes them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mailjobs.errors import Place
from mailjobs.model import Template


@pytest.fixture
def template() -> Callable[[str], Template]:
    """A template that begins on line 11 of job.yaml."""

    def make(source: str) -> Template:
        path = "messages.m.text"
        return Template(source, Place("job.yaml", 10, 5, path), Place("job.yaml", 11, 1, path))

    return make
