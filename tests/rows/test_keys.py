"""Keys that were seen, in a table on disk."""

import pytest

from mailjobs.errors import OutputError
from mailjobs.rows.keys import Keys


def test_the_first_row_of_a_key_is_told():
    with Keys() as keys:
        assert [keys.add(key, number) for number, key in enumerate("abcab", 1)] == [None, None, None, 1, 2]


def test_a_disk_that_is_full_is_an_error_of_ours():
    with Keys() as keys:
        keys._base.execute("pragma max_page_count = 4")
        with pytest.raises(OutputError, match=r"cannot write a temporary file: .*full"):
            for number in range(10_000):
                keys.add(f"{number}", number)
