"""Keys that were seen: exactly those, whatever the filter guesses and however often they go to the disk."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailjobs.errors import OutputError
from mailjobs.rows import key_table
from mailjobs.rows import keys as module
from mailjobs.rows.keys import Keys

TEXTS = st.text("ab\ud800ä", max_size=3)
RELAXED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
HASHES = {"as it is": hash, "of few bits": lambda key: hash(key) % 7 - 3, "all alike": lambda key: -1}


@pytest.mark.parametrize("kind", HASHES)
@RELAXED
@given(added=st.lists(TEXTS, max_size=60), held=st.integers(1, 9), words=st.sampled_from([1, 2, 1 << 10]))
def test_they_are_a_dictionary(
    monkeypatch: pytest.MonkeyPatch, kind: str, added: list[str], held: int, words: int
) -> None:
    monkeypatch.setattr(module, "HELD", held)
    monkeypatch.setattr(module, "WORDS", words)
    for each in (module, key_table):
        monkeypatch.setattr(each, "hash", HASHES[kind], raising=False)
    seen: dict[str, int] = {}
    with Keys() as keys:
        for number, key in enumerate(added, 1):
            assert keys.add(key, number) == seen.get(key)
            seen.setdefault(key, number)


def test_very_many_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HELD", 700)
    monkeypatch.setattr(module, "WORDS", 1 << 9)  # 6 bits for most keys, so that the filter is often wrong
    draws = random.Random(5)
    seen: dict[str, int] = {}
    with Keys() as keys:
        for number in range(1, 12_001):
            key = f"p{draws.randrange(8000)}@x.test"
            assert keys.add(key, number) == seen.get(key)
            seen.setdefault(key, number)


def test_what_they_hold_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HELD", 100)
    with Keys() as keys:
        for number in range(1, 2001):
            keys.add(str(number), number)
            assert len(keys._held) + len(keys._odd) < 100
        asked = [number for number in range(2001, 4001) if keys.add(str(number), number)]
    assert asked == []


def test_a_disk_that_is_full_is_an_error_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HELD", 100)
    with Keys() as keys:
        for number in range(100):
            keys.add(f"k{number}", number)
        assert keys._table is not None
        keys._table._base.execute("pragma max_page_count = 4")
        with pytest.raises(OutputError, match=r"cannot write a temporary file: .*full"):
            for number in range(10_000):
                keys.add(f"{number}", number)


def test_few_keys_need_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_table.sqlite3, "connect", None)
    with Keys() as keys:
        assert [keys.add("a", 1), keys.add("b", 2), keys.add("a", 3)] == [None, None, 1]
