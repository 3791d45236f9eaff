"""Blocks of rows."""

import errno
import os
import tempfile

import pytest

from mailjobs.errors import OutputError
from mailjobs.ledger import LocalClaims, SharedClaims
from tests.book.deliveries import fork


@pytest.mark.parametrize("kind", [LocalClaims, SharedClaims])
def test_all_rows_in_blocks(kind):
    claims = kind(10, 4)
    assert [claims.claim() for _ in range(5)] == [(0, 3), (4, 7), (8, 9), None, None]
    assert kind(0).claim() is None


def test_processes_claim_each_block_once(tmp_path):
    claims = SharedClaims(6000, 1)

    def work(number):
        found = []
        while (block := claims.claim()) is not None:
            found.append(block[0])
        (tmp_path / f"{number}").write_text(" ".join(map(str, found)))

    for child in [fork(lambda number=number: work(number)) for number in range(4)]:
        assert os.waitpid(child, 0)[1] == 0
    found = [int(word) for path in tmp_path.iterdir() for word in path.read_text().split()]
    assert sorted(found) == list(range(6000))


def test_no_room_for_the_shared_number(monkeypatch):
    def full(**_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "mkstemp", full)
    with pytest.raises(OutputError, match="folder for temporary files"):
        SharedClaims(10)
