"""Which files went into messages."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mailjobs.errors import Place
from mailjobs.message import noted
from mailjobs.message.files import LARGE, file_part
from mailjobs.message.noted import noting
from mailjobs.mime import Disposition

PLACE = Place("job.yaml", 1, 1, "")


def digest(*paths: Path) -> str:
    with noting() as found:
        for path in paths:
            file_part(path, Disposition(), None, PLACE)
    return found.digest


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    os.utime(path, (1, 1))
    return path


@pytest.mark.parametrize("size", [3, LARGE + 1])
def test_content_and_size_count_and_times_do_not(tmp_path: Path, size: int) -> None:
    before = digest(written(tmp_path / "a", b"x" * size))
    os.utime(tmp_path / "a", (5, 5))
    assert digest(tmp_path / "a") == before
    assert digest(written(tmp_path / "a", b"x" * (size - 1) + b"y")) != before
    assert digest(written(tmp_path / "a", b"x" * (size + 1))) != before


def test_names_and_their_order_count(tmp_path: Path) -> None:
    a, b = written(tmp_path / "a", b"x"), written(tmp_path / "b", b"x")
    assert len({digest(a), digest(b), digest(a, b), digest(b, a), digest(a, a), digest()}) == 6


def test_of_what_is_beyond_all_measure_the_beginning_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(noted, "WHOLE", LARGE)
    before = digest(written(tmp_path / "a", b"x" * (LARGE + 1)))
    assert digest(written(tmp_path / "a", b"x" * LARGE + b"y")) == before
    assert digest(written(tmp_path / "a", b"y" + b"x" * LARGE)) != before


def test_a_file_that_went_away_is_a_change_and_no_error(tmp_path: Path) -> None:
    path = written(tmp_path / "a", b"x" * (LARGE + 1))
    before = digest(path)
    with noting() as found:
        file_part(path, Disposition(), None, PLACE)
        path.unlink()
        assert found.digest != before


def test_what_is_noted_within_is_not_told_around(tmp_path: Path) -> None:
    path = written(tmp_path / "a", b"x")
    with noting() as outer:
        nothing = outer.digest
        with noting() as inner:
            file_part(path, Disposition(), None, PLACE)
        assert inner.digest == digest(path)
        assert outer.digest == nothing
        file_part(path, Disposition(), None, PLACE)
    assert outer.digest == digest(path)
    file_part(path, Disposition(), None, PLACE)
    assert outer.digest == inner.digest
