"""SCRAM-*-PLUS, and what SCRAM without it says of it, against a server half of our own over real TLS."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256

import pytest
from OpenSSL import SSL

from mailjobs.errors import AuthError, TLSError
from tests.fixtures.scripted import TlsFiles
from tests.login.logging_in import auth, enter
from tests.login.login_server import LoginServer
from tests.login.scram_server import ScramServer

Start = Callable[..., LoginServer]
TLS_12, TLS_13 = SSL.TLS1_2_VERSION, SSL.TLS1_3_VERSION
DIGESTS = {"1": "sha1", "256": "sha256", "512": "sha512"}


def seen_by(server: LoginServer, files: TlsFiles) -> Callable[[str], bytes]:
    """What a server binds to: RFC 9266, RFC 5929 sections 3 and 4."""

    def bind(name: str) -> bytes:
        assert server.tls is not None
        if name == "tls-exporter":
            return server.tls.export_keying_material(b"EXPORTER-Channel-Binding", 32, b"")
        if name == "tls-unique":
            return server.tls.get_peer_finished()  # the client's, whose Finished is the first
        assert name == "tls-server-end-point"
        from cryptography.hazmat.primitives.serialization import Encoding
        from cryptography.x509 import load_pem_x509_certificate

        return sha256(load_pem_x509_certificate(files.certificate.read_bytes()).public_bytes(Encoding.DER)).digest()

    return bind


@pytest.mark.parametrize("bits", DIGESTS)
@pytest.mark.parametrize(
    ("version", "kind", "used"),
    [
        (TLS_13, "auto", "tls-exporter"),
        (TLS_12, "auto", "tls-unique"),
        (TLS_13, "tls-exporter", "tls-exporter"),
        (TLS_12, "tls-unique", "tls-unique"),
        (TLS_13, "tls-server-end-point", "tls-server-end-point"),
        (TLS_12, "tls-server-end-point", "tls-server-end-point"),
    ],
)
def test_a_login_is_bound_to_its_tls(
    login_server: Start, tls_files: TlsFiles, bits: str, version: int, kind: str, used: str
) -> None:
    scram = ScramServer(DIGESTS[bits], plus=True, offers_plus=True)
    server = login_server(f"SCRAM-SHA-{bits}-PLUS SCRAM-SHA-{bits} PLAIN", scram.exchange, tls_files, version)
    scram.bind = seen_by(server, tls_files)
    enter(server.port, auth(channel_binding=kind), tls_files).quit()
    assert scram.header == f"p={used},,"
    assert server.lines[1].startswith(f"AUTH SCRAM-SHA-{bits}-PLUS ")


@pytest.mark.parametrize("version", [TLS_12, TLS_13])
def test_somebody_between_is_found_out_by_the_server(login_server: Start, tls_files: TlsFiles, version: int) -> None:
    scram = ScramServer(plus=True, bind=lambda name: b"of another connection")
    server = login_server("SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN", scram.exchange, tls_files, version)
    with pytest.raises(AuthError, match="channel-bindings-dont-match") as caught:
        enter(server.port, auth(), tls_files)
    assert "somebody stands between" in str(caught.value.hint)
    assert [line for line in server.lines if line.startswith("AUTH")] == server.lines[1:2], "nothing weaker is tried"


def test_a_server_without_this_binding_is_told_of(login_server: Start, tls_files: TlsFiles) -> None:
    scram = ScramServer(plus=True, bind={}.__getitem__)
    server = login_server("SCRAM-SHA-256-PLUS", scram.exchange, tls_files)
    with pytest.raises(AuthError, match="unsupported-channel-binding-type") as caught:
        enter(server.port, auth(), tls_files)
    assert "channel_binding" in str(caught.value.hint)


@pytest.mark.parametrize(("version", "kind"), [(TLS_13, "tls-unique"), (TLS_12, "tls-exporter")])
def test_a_binding_that_the_version_has_not(login_server: Start, tls_files: TlsFiles, version: int, kind: str) -> None:
    server = login_server("SCRAM-SHA-256-PLUS", ScramServer(plus=True).exchange, tls_files, version)
    with pytest.raises(TLSError, match=f"{kind} does not go with"):
        enter(server.port, auth(channel_binding=kind), tls_files)
    assert len(server.lines) == 1


@pytest.mark.parametrize(
    ("offered", "mechanism", "flag"),
    [
        ("SCRAM-SHA-256 PLAIN", "auto", "y"),
        ("SCRAM-SHA-256-PLUS SCRAM-SHA-256", "scram-sha-256", "n"),
        ("SCRAM-SHA-1-PLUS SCRAM-SHA-256", "scram-sha-256", "n"),
    ],
)
def test_what_is_said_of_it_without_it(
    login_server: Start, tls_files: TlsFiles, offered: str, mechanism: str, flag: str
) -> None:
    scram = ScramServer()
    server = login_server(offered, scram.exchange, tls_files)
    enter(server.port, auth(mechanism), tls_files).quit()
    assert scram.header == f"{flag},,"


def test_without_tls_there_is_nothing_to_bind_to(login_server: Start) -> None:
    scram = ScramServer()
    server = login_server("SCRAM-SHA-256-PLUS SCRAM-SHA-256", scram.exchange)
    enter(server.port, auth()).quit()
    assert scram.header == "n,,"


def test_who_took_the_plus_out_of_the_offer_is_found_out(login_server: Start, tls_files: TlsFiles) -> None:
    server = login_server("SCRAM-SHA-256", ScramServer(offers_plus=True).exchange, tls_files)
    with pytest.raises(AuthError, match="server-does-support-channel-binding") as caught:
        enter(server.port, auth(), tls_files)
    assert "taken the -PLUS" in str(caught.value.hint)
