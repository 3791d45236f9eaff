"""Jobs from text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mailjobs.errors import JobError, Problem
from mailjobs.job import Loaded, load_job

HEAD = "version: 1\nserver: smtp://relay.example.com\nsteps: [{connect: true}]\n"


@pytest.fixture
def load() -> Callable[..., Loaded]:
    """Loads a smallest job with more text below it."""

    def load_text(more: str = "", head: str = HEAD, **options: Any) -> Loaded:
        return load_job("-", text=head + more, **options)

    return load_text


@pytest.fixture
def problems(load: Callable[..., Loaded]) -> Callable[..., tuple[Problem, ...]]:
    """The problems of a job from text."""

    def problems_of(more: str = "", **options: Any) -> tuple[Problem, ...]:
        with pytest.raises(JobError) as caught:
            load(more, **options)
        return caught.value.problems

    return problems_of
