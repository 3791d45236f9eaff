"""The key log, and the messages of TLS in the trace."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from mailjobs.errors import OutputError
from mailjobs.events import Publish, TLSStatus
from mailjobs.net.tls import secure
from mailjobs.net.tls_messages import message_name
from mailjobs.net.trust import check_trust
from tests.fixtures.scripted import TlsFiles
from tests.net.peers import Listen, MemoryServer, trusting

LINE = re.compile(
    rb"(?:CLIENT_RANDOM|(?:CLIENT|SERVER)_[A-Z_]+_SECRET(?:_0)?|EXPORTER_SECRET) [0-9a-f]{64} [0-9a-f]{64,96}"
)


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_keys_are_appended_for_its_owner_alone(tmp_path: Path, tls_files: TlsFiles, version: str) -> None:
    path = tmp_path / "keys.log"
    tls = trusting(tls_files.ca, key_log_file=path, max_version=version)
    check_trust(tls)
    assert (path.stat().st_mode & 0o777, path.read_bytes()) == (0o600, b"")
    for _ in range(2):
        secure(MemoryServer(tls_files), "localhost", tls, Publish())
    lines = path.read_bytes().splitlines()
    assert len(lines) >= 2
    assert all(LINE.fullmatch(line) for line in lines)
    assert len({line.split()[1] for line in lines}) == 2, "each connection has a random of its own"


def test_the_keys_are_those_of_the_connection(tmp_path: Path, tls_files: TlsFiles) -> None:
    path = tmp_path / "keys.log"
    tls = trusting(tls_files.ca, key_log_file=path, max_version="1.2")
    stream = secure(MemoryServer(tls_files), "localhost", tls, Publish())
    _, random, key = path.read_bytes().split()
    connection = stream.connection
    assert (random, key) == (connection.client_random().hex().encode(), connection.master_key().hex().encode())


def link(path: Path) -> None:
    path.symlink_to(path.with_name("elsewhere"))


def open_to_others(path: Path) -> None:
    path.write_bytes(b"")
    path.chmod(0o640)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (link, "symbolic link"),
        (open_to_others, "is open to others"),
        (Path.mkdir, "Is a directory"),
        (os.mkfifo, "No such device or address"),
    ],
    ids=["link", "others", "directory", "fifo"],
)
def test_a_file_that_others_may_see_or_that_is_none_is_refused(
    tmp_path: Path, tls_files: TlsFiles, make, words
) -> None:
    path = tmp_path / "keys.log"
    make(path)
    tls = trusting(tls_files.ca, key_log_file=path)
    with pytest.raises(OutputError, match=words):
        check_trust(tls)
    server = MemoryServer(tls_files)
    with pytest.raises(OutputError, match=words) as caught:
        secure(server, "localhost", tls, Publish())
    assert caught.value.stage == "handshake"
    assert server.said_bye()
    assert not path.with_name("elsewhere").exists()


def test_each_message_is_told_by_kind_direction_and_size(tls_files: TlsFiles) -> None:
    listen = Listen()
    server = MemoryServer(tls_files)
    stream = secure(server, "localhost", trusting(tls_files.ca, log=True), Publish([listen]))
    stream.close()
    told = [event.message for event in listen.heard if isinstance(event, TLSStatus)]
    lines = [line for line in told if line.startswith(("sent ", "received "))]
    assert all(re.fullmatch(r"(sent|received) [A-Za-z _]+, \d+ bytes", line) for line in lines)
    kinds = [line.partition(",")[0] for line in lines]
    for kind in ("sent ClientHello", "received ServerHello", "received Certificate", "received Finished",
                 "sent Finished", "sent alert close_notify"):  # fmt: skip
        assert kind in kinds
    size = int(next(line for line in lines if "Certificate," in line).split()[-2])
    assert size > 200


def test_without_it_nothing_is_told(tls_files: TlsFiles) -> None:
    listen = Listen()
    secure(MemoryServer(tls_files), "localhost", trusting(tls_files.ca), Publish([listen]))
    assert len([event for event in listen.heard if isinstance(event, TLSStatus)]) == 2


@pytest.mark.parametrize(
    ("kind", "content", "name"),
    [
        (20, b"\1", "ChangeCipherSpec"),
        (21, b"\2\x28", "alert handshake_failure"),
        (21, b"\2\xfa", "alert 250"),
        (22, b"\xfd\0\0\0", "handshake message 253"),
        (22, b"", None),
        (21, b"\1", None),
        (256, b"\x16\3\3\0\1", None),
    ],
)
def test_names_of_messages(kind: int, content: bytes, name: str | None) -> None:
    assert message_name(kind, content) == name
