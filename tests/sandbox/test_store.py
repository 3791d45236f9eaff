"""Files of the sandbox: exact, numbered, never overwritten."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mailjobs.errors import OutputError
from mailjobs.sandbox.store import Store, slug

CONTENT = b"Subject: Build 7\r\n\r\nbare \n and \r stay; so does \xff\r\n"


def keep(store: Store, content: bytes = CONTENT):
    return store.keep(content, "a@example.com", ["b@example.com", "c@example.com"], "127.0.0.1:9")


def test_octets_are_kept_as_they_came(tmp_path: Path):
    assert keep(Store(tmp_path)).file.read_bytes() == CONTENT


def test_the_envelope_stands_beside(tmp_path: Path):
    kept = keep(Store(tmp_path / "new" / "folder"))
    assert kept.file.name == "0001-build-7.eml"
    assert json.loads((kept.file.parent / "0001.json").read_text()) == {
        "from": "a@example.com",
        "to": ["b@example.com", "c@example.com"],
        "peer": "127.0.0.1:9",
        "received": kept.received.isoformat(timespec="milliseconds"),
    }


@pytest.mark.parametrize("name", ["0041-old.eml", "0041.json", "41-anything"])
def test_numbers_go_on_after_files_already_there(tmp_path: Path, name: str):
    (tmp_path / name).write_text("old")
    (tmp_path / "2026 notes.txt").write_text("not ours")
    assert keep(Store(tmp_path)).number == 42
    assert (tmp_path / name).read_text() == "old"


def test_two_stores_share_a_directory(tmp_path: Path):
    one, two = Store(tmp_path), Store(tmp_path)
    numbers = [keep(store).number for store in (one, two, two, one)]
    assert numbers == [1, 2, 3, 4]
    assert len(list(tmp_path.glob("*.eml"))) == 4


def test_a_failed_write_leaves_nothing_and_the_next_one_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    store = Store(tmp_path)

    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", full)
        with pytest.raises(OSError, match="No space left"):
            keep(store)
    assert list(tmp_path.iterdir()) == []
    assert keep(store).file.exists()


def test_a_file_in_place_of_the_directory_is_refused(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"cannot keep messages in .*file: File exists"):
        Store(tmp_path / "file")


def test_a_directory_that_cannot_be_written_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(OutputError, match="not writable"):
        Store(tmp_path)


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("Build 7 is done!", "build-7-is-done"),
        ("Übersicht", "ubersicht"),
        ("../../etc/passwd", "etc-passwd"),
        ("δοκιμή", "message"),
        ("", "message"),
        ("x" * 90, "x" * 40),
    ],
)
def test_slugs_are_safe_file_names(subject: str, expected: str):
    assert slug(subject) == expected
