"""The library that makes calls into the kernel fail, and the seed of what is left to chance."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

import pytest

from tests.fixtures.lab import missing
from tests.once.faults import build


@pytest.fixture(scope="session")
def faults(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """To be preloaded into a run."""
    library = build(tmp_path_factory.mktemp("faults"))
    if library is None:
        missing("there is no C compiler")
    return library


@pytest.fixture
def random() -> Random:
    """Another one each time; MAILJOBS_SEED=N repeats a test that has failed."""
    seed = int(os.environ.get("MAILJOBS_SEED") or Random().randrange(1_000_000))
    print(f"MAILJOBS_SEED={seed}")
    return Random(seed)
