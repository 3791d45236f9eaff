"""TLS as a stream: what goes in comes out, however it is cut; and every way to end."""

from __future__ import annotations

import socket

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailjobs.errors import ConnectionLost, TLSError, TransportError
from mailjobs.events import Publish
from mailjobs.net import Deadline
from mailjobs.net.tls import secure
from mailjobs.net.tls_stream import TlsStream
from tests.fixtures.scripted import TlsFiles
from tests.net.peers import MUCH, MemoryServer, Peers, dial, take, trusting


def over(server: MemoryServer, files: TlsFiles, **more: object) -> TlsStream:
    return secure(server, "localhost", trusting(files.ca, **more), Publish())


def unheard(data: bytes) -> None:
    raise AssertionError(f"nothing was to be heard, and there came {data!r}")


def all_of(stream: TlsStream) -> bytes:
    return b"".join(iter(stream.read, b""))


@pytest.mark.parametrize("step", [1, 7, 65536])
@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_records_may_come_in_any_pieces(tls_files: TlsFiles, step: int, version: str) -> None:
    server = MemoryServer(tls_files, step=step)
    stream = over(server, tls_files, max_version=version)
    server.say(b"220 ready\r\n")
    server.say(b"250 and more\r\n" * 50)
    assert all_of(stream) == b"220 ready\r\n" + b"250 and more\r\n" * 50
    assert stream.info.version == f"TLSv{version}"


@settings(max_examples=20)
@given(contents=st.lists(st.binary(max_size=40_000), max_size=4))
def test_what_is_written_arrives(tls_files: TlsFiles, contents: list[bytes]) -> None:
    server = MemoryServer(tls_files)
    stream = over(server, tls_files)
    for content in contents:
        stream.write(content, unheard)
    assert server.received == b"".join(contents)


def test_more_than_one_piece_is_written_in_few_calls(tls_files: TlsFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    server = MemoryServer(tls_files)
    stream = over(server, tls_files)
    sizes: list[int] = []
    write = server.write
    monkeypatch.setattr(server, "write", lambda data, receive: (sizes.append(len(data)), write(data, receive)))
    stream.write(b"y" * 600_000, unheard)
    assert server.received == b"y" * 600_000
    assert len(sizes) == 3
    stream.write(b"y" * 3000, unheard)
    assert len(sizes) == 4


def test_what_the_server_says_meanwhile_is_heard(tls_files: TlsFiles) -> None:
    heard: list[bytes] = []
    server = MemoryServer(tls_files, answer=b"250 ok\r\n")
    stream = over(server, tls_files)
    stream.write(b"RCPT\r\n", heard.append)
    assert b"".join(heard) == b"250 ok\r\n"


def test_both_sides_may_write_before_they_read(peers: Peers, tls_files: TlsFiles) -> None:
    def talk(sock: socket.socket) -> None:
        sock.sendall(b"x" * MUCH)
        take(sock, MUCH)
        sock.unwrap()

    stream = dial(peers.serve(talk, tls_files), trusting(tls_files.ca))
    received: list[bytes] = []
    stream.write(b"y" * MUCH, received.append)
    while sum(map(len, received)) < MUCH:
        received.append(stream.read())
    assert b"".join(received) == b"x" * MUCH
    stream.close()


def test_the_last_words_are_heard_through_tls(peers: Peers, tls_files: TlsFiles) -> None:
    def talk(sock: socket.socket) -> None:
        sock.sendall(b"421 too much\r\n")
        take(sock, 1000)

    stream = dial(peers.serve(talk, tls_files), trusting(tls_files.ca))
    received: list[bytes] = []

    def until_it_fails() -> None:
        while True:
            stream.write(b"y" * 100_000, received.append)

    with pytest.raises(TransportError) as caught:
        until_it_fails()
    stream.close()
    assert b"".join(received) == b"421 too much\r\n"
    assert (caught.value.stage, caught.value.port) == ("test", stream.peer.port)


@pytest.mark.parametrize("polite", [True, False])
def test_the_end_is_no_bytes_with_and_without_close_notify(tls_files: TlsFiles, polite: bool) -> None:
    server = MemoryServer(tls_files)
    stream = over(server, tls_files)
    server.say(b"221 bye\r\n")
    if polite:
        server.bye()
        server.outgoing += b"what comes after close_notify is not read"
    assert stream.read() == b"221 bye\r\n"
    assert stream.read() == b""
    assert stream.read() == b""


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_corrupt_record_is_told_and_what_came_before_it_is_kept(tls_files: TlsFiles, version: str) -> None:
    server = MemoryServer(tls_files)
    stream = over(server, tls_files, max_version=version)
    server.say(b"220 ready\r\n")
    good = len(server.outgoing)
    server.say(b"250 forged\r\n")
    server.outgoing = server.outgoing[:good] + server.outgoing[good:-1] + bytes([server.outgoing[-1] ^ 1])
    assert stream.read() == b"220 ready\r\n"
    with pytest.raises(TLSError, match="cannot decrypt") as caught:
        stream.read()
    assert caught.value.code == 284
    with pytest.raises(TLSError):
        stream.read()


def test_a_corrupt_record_amid_a_write_is_told(tls_files: TlsFiles) -> None:
    heard: list[bytes] = []
    server = MemoryServer(tls_files)
    stream = over(server, tls_files)
    server.say(b"250 good\r\n")
    server.outgoing += b"\x17\x03\x03\x00\x20" + b"?" * 32
    server._answer = b"250 never\r\n"
    with pytest.raises(TLSError) as caught:
        stream.write(b"RCPT\r\n", heard.append)
    assert caught.value.code == 284
    assert heard == [b"250 good\r\n"]


def test_plain_text_in_the_middle_is_no_content(tls_files: TlsFiles) -> None:
    server = MemoryServer(tls_files)
    stream = over(server, tls_files)
    server.outgoing += b"250 injected\r\n"
    with pytest.raises(TLSError) as caught:
        all_of(stream)
    assert caught.value.code == 284


def test_an_alert_after_the_handshake_is_told_by_its_name(tls_files: TlsFiles) -> None:
    server = MemoryServer(tls_files, ask=True)
    stream = over(server, tls_files)
    with pytest.raises(TLSError, match="the alert 'certificate required'") as caught:
        stream.read()
    assert caught.value.code == 276
    with pytest.raises(TLSError):
        stream.write(b"EHLO\r\n", unheard)


def test_an_alert_in_the_handshake_is_told_by_its_name(tls_files: TlsFiles) -> None:
    server = MemoryServer(tls_files, ask=True)
    with pytest.raises(TLSError, match="the alert 'handshake failure'") as caught:
        over(server, tls_files, max_version="1.2")
    assert (caught.value.code, caught.value.stage, caught.value.port) == (276, "handshake", 25)


def test_closing_says_close_notify_and_an_abort_does_not(tls_files: TlsFiles) -> None:
    for abort in (False, True):
        server = MemoryServer(tls_files)
        stream = over(server, tls_files)
        stream.close(abort)
        assert server.said_bye() is not abort
        assert server.closed is abort


def test_closing_does_not_wait_for_a_peer_that_does_not_read(tls_files: TlsFiles, hands) -> None:
    server = MemoryServer(tls_files)
    stream = over(server, tls_files)
    limits: list[float | None] = []
    stream.deadline = Deadline("idle", idle=600)
    write = server.write

    def slow(data: bytes, receive) -> None:
        limits.append(server.deadline.remaining())
        write(data, receive)

    server.write = slow
    stream.close()
    assert limits == [0.5]


def test_nothing_is_said_after_a_write_that_failed(tls_files: TlsFiles) -> None:
    server = MemoryServer(tls_files)
    stream = over(server, tls_files)
    calls: list[bytes] = []

    def broken(data: bytes, _) -> None:
        calls.append(data)
        raise ConnectionLost("gone")

    server.write = broken
    with pytest.raises(ConnectionLost):
        stream.write(b"EHLO\r\n", unheard)
    stream.close()
    assert len(calls) == 1
    assert server.closed is False


def test_deadline_and_peer_are_those_of_the_stream_below(tls_files: TlsFiles) -> None:
    server = MemoryServer(tls_files)
    stream = over(server, tls_files)
    stream.deadline = Deadline("EHLO")
    assert server.deadline is stream.deadline
    assert stream.peer is server.peer


def test_tls_goes_over_tls(tls_files: TlsFiles) -> None:
    inner = MemoryServer(tls_files)

    class Tunnel(MemoryServer):
        """Carries what it receives to `inner` and back."""

        def write(self, data: bytes, receive) -> None:
            super().write(data, receive)
            told, self.received = self.received, b""
            inner.write(told, unheard)
            carried, inner.outgoing = inner.outgoing, b""
            if carried:
                self.say(carried)

    stream = over(over(Tunnel(tls_files), tls_files), tls_files)
    stream.write(b"EHLO\r\n", unheard)
    assert inner.received == b"EHLO\r\n"


@pytest.mark.parametrize("step", [1, 65536])
def test_poll_decrypts_what_is_there(tls_files: TlsFiles, step: int) -> None:
    server = MemoryServer(tls_files, step=65536)
    stream = over(server, tls_files)
    stream.poll(unheard)  # session tickets are no content
    server.say(b"220 ready\r\n")
    server.say(b"552 too big\r\n")
    assert stream.read() == b"220 ready\r\n"  # the second record came with it, and waits in OpenSSL
    heard: list[bytes] = []
    stream.poll(heard.append)
    assert heard == [b"552 too big\r\n"]
    server.say(b"421 bye\r\n")
    server._step = step
    for _ in range(len(server.outgoing)):
        stream.poll(heard.append)
    assert heard == [b"552 too big\r\n", b"421 bye\r\n"]
