"""What a login is tied to, compared with what Python's own ssl says of the other end."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from OpenSSL import SSL

from mailjobs.errors import TLSError
from mailjobs.net.channel_binding import binding, bound
from tests.fixtures.scripted import TlsFiles
from tests.fixtures.stream import PlayedStream

VERSIONS = {SSL.TLS1_2_VERSION: ssl.TLSVersion.TLSv1_2, SSL.TLS1_3_VERSION: ssl.TLSVersion.TLSv1_3}


def context(version: int) -> SSL.Context:
    made = SSL.Context(SSL.TLS_CLIENT_METHOD)
    made.set_min_proto_version(version)
    made.set_max_proto_version(version)
    return made


def server_context(files: TlsFiles) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(files.certificate, files.key)
    return made


def shake_hands(
    client: SSL.Context, server: ssl.SSLContext, session: SSL.Session | None = None
) -> tuple[SSL.Connection, ssl.SSLObject]:
    inward, outward = ssl.MemoryBIO(), ssl.MemoryBIO()
    theirs = server.wrap_bio(inward, outward, server_side=True)
    ours = SSL.Connection(client, None)
    ours.set_connect_state()
    if session is not None:
        ours.set_session(session)
    done = [False, False]
    while not all(done):
        for index, (shake, wants) in enumerate(
            ((ours.do_handshake, SSL.WantReadError), (theirs.do_handshake, ssl.SSLWantReadError))
        ):
            try:
                shake()
                done[index] = True
            except wants:
                pass
            pass_on(ours, inward, outward)
    return ours, theirs


def pass_on(ours: SSL.Connection, inward: ssl.MemoryBIO, outward: ssl.MemoryBIO) -> None:
    try:
        while True:
            inward.write(ours.bio_read(65536))
    except SSL.WantReadError:
        pass
    if data := outward.read():
        ours.bio_write(data)


def test_tls_unique_is_the_first_finished_in_a_resumed_session_too(tls_files: TlsFiles) -> None:
    client, server = context(SSL.TLS1_2_VERSION), server_context(tls_files)
    ours, theirs = shake_hands(client, server)
    assert binding(ours, "auto") == ("tls-unique", theirs.get_channel_binding("tls-unique"))
    again, resumed = shake_hands(client, server, ours.get_session())
    assert resumed.session_reused
    assert binding(again, "auto") == ("tls-unique", resumed.get_channel_binding("tls-unique"))
    assert binding(again, "auto") != binding(ours, "auto")


def test_tls_exporter_is_new_for_each_connection(tls_files: TlsFiles) -> None:
    client, server = context(SSL.TLS1_3_VERSION), server_context(tls_files)
    found = [binding(shake_hands(client, server)[0], "auto") for _ in range(2)]
    assert [name for name, _ in found] == ["tls-exporter"] * 2
    assert len({data for _, data in found}) == 2
    assert {len(data) for _, data in found} == {32}


@pytest.mark.parametrize("version", VERSIONS)
def test_the_end_point_is_the_same_for_all(tls_files: TlsFiles, version: int) -> None:
    client, server = context(version), server_context(tls_files)
    found = {binding(shake_hands(client, server)[0], "tls-server-end-point") for _ in range(2)}
    assert len(found) == 1


@pytest.mark.parametrize("digest", ["sha1", "sha256", "sha384", None])
def test_the_end_point_is_hashed_as_its_signature(tmp_path: Path, digest: str | None) -> None:
    """RFC 5929 section 4.1: SHA-256 for SHA-1; a signature without a hash has no such binding."""
    import hashlib
    import subprocess

    key = (
        ["-newkey", "ed25519"]
        if digest is None
        else ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", f"-{digest}"]
    )
    files = TlsFiles(tmp_path / "ca", tmp_path / "cert.pem", tmp_path / "key.pem")
    made = ["openssl", "req", "-x509", *key, "-nodes", "-keyout", str(files.key), "-out", str(files.certificate)]
    subprocess.run([*made, "-subj", "/CN=localhost", "-days", "2"], check=True, capture_output=True)
    server = server_context(files)
    ours, _ = shake_hands(context(SSL.TLS1_3_VERSION), server)
    if digest is None:
        with pytest.raises(TLSError, match="without a hash"):
            binding(ours, "tls-server-end-point")
        return
    der = ssl.PEM_cert_to_DER_cert(files.certificate.read_text())
    wanted = hashlib.new("sha256" if digest == "sha1" else digest, der).digest()
    assert binding(ours, "tls-server-end-point") == ("tls-server-end-point", wanted)


def test_without_tls_there_is_none() -> None:
    with pytest.raises(TLSError, match="needs TLS"):
        bound(PlayedStream(), "auto")
