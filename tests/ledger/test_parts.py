"""The texts of what a run was made of, and who else may read them; who holds the lock."""

import os
import stat

import pytest

from mailjobs.errors import OutputError
from mailjobs.ledger import state_folder
from mailjobs.ledger.parts import KeptParts, read_parts, write_parts
from tests.book.deliveries import fork

TEXTS = {"vars": "a: ü\n", "send: message": "text: \udcff\n"}


def test_what_is_kept_comes_back(tmp_path):
    write_parts(tmp_path, TEXTS)
    found = read_parts(tmp_path)
    assert isinstance(found, KeptParts)
    assert (dict(found.texts), found.mailjobs.count(".")) == (TEXTS, 2)
    assert stat.S_IMODE((tmp_path / "parts.json").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["parts.json"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"mailjobs": "1", "texts": []}', "null", "\xff"])
def test_what_is_no_such_file_says_nothing(tmp_path, text):
    (tmp_path / "parts.json").write_text(text, "latin-1")
    assert read_parts(tmp_path) is None
    assert read_parts(tmp_path / "nowhere") is None


def test_what_cannot_be_written_or_read_is_told(tmp_path):
    with pytest.raises(OutputError, match=r"cannot write .*parts.json: No such file"):
        write_parts(tmp_path / "nowhere", TEXTS)
    (tmp_path / "parts.json").mkdir()
    with pytest.raises(OutputError, match=r"cannot read .*parts.json: Is a directory"):
        read_parts(tmp_path)


def test_the_holder_is_known_and_nobody_is_kept_away(tmp_path):
    folder = state_folder(tmp_path / "job.yaml")
    assert folder.holder() is None
    assert list(tmp_path.iterdir()) == []
    folder.lock()
    assert state_folder(tmp_path / "job.yaml").holder() == str(os.getpid())
    folder.unlock()
    assert folder.holder() is None  # our process id stands there still


def test_a_holder_that_died_is_none(tmp_path):
    def die():
        state_folder(tmp_path / "job.yaml").lock()
        os.kill(os.getpid(), 9)

    os.waitpid(fork(die), 0)
    assert state_folder(tmp_path / "job.yaml").holder() is None


@pytest.mark.parametrize("text", ["", "x", "-1", "99999999999999999999"])
def test_a_lock_file_that_names_nobody(tmp_path, text):
    folder = state_folder(tmp_path / "job.yaml")
    folder.lock()
    (folder.path / "lock").write_text(text)
    assert state_folder(tmp_path / "job.yaml").holder() is None
    folder.unlock()
