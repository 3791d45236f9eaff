"""A second handshake on the same connection, which a server may ask for before TLS 1.3."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from mailjobs.errors import TLSError
from mailjobs.events import Publish
from mailjobs.model import Named
from mailjobs.net.heard import Heard, hear_certificate
from tests.fixtures.lab import Lab
from tests.fixtures.openssl_server import OpensslServer
from tests.fixtures.scripted import TlsFiles
from tests.net.peers import Authority, dial, trusting

Start = Callable[..., OpensslServer]


def test_where_the_job_allows_it_both_handshakes_are_made(openssl_server: Start, tls_files: TlsFiles) -> None:
    server = openssl_server("-tls1_2", "-msg")
    stream = dial(server.port, trusting(tls_files.ca, renegotiation=True))
    server.order(b"first")
    assert stream.read() == b"first\n"
    server.order(b"R")

    def go_on() -> None:
        """It takes what it reads together with an order for a part of that."""
        server.wait_for(b"HelloRequest", b"Finished")
        server.order(b"second")

    later = threading.Thread(target=go_on, daemon=True)
    later.start()
    assert stream.read() == b"second\n"
    later.join()
    assert stream.connection.total_renegotiations() == 1
    stream.close()


def test_else_it_is_refused(openssl_server: Start, tls_files: TlsFiles) -> None:
    server = openssl_server("-tls1_2")
    stream = dial(server.port, trusting(tls_files.ca))
    server.order(b"R")
    with pytest.raises(TLSError, match="handshake failure"):
        stream.read()
    assert stream.connection.total_renegotiations() == 0
    stream.close(abort=True)


class OfConnection:
    def __init__(self, heard: Heard) -> None:
        self._heard = heard

    def get_app_data(self) -> Heard:
        return self._heard


def test_another_certificate_than_the_first_is_refused(tmp_path: Path) -> None:
    from OpenSSL import crypto

    first, other = (Authority(name).certificate for name in ("first", "other"))
    heard = Heard(Publish())
    own = crypto.X509.from_cryptography(first)
    assert hear_certificate(OfConnection(heard), own, 18, 0, 0)
    heard.judged = own.digest("sha256").decode()
    assert hear_certificate(OfConnection(heard), own, 18, 0, 0)
    assert not hear_certificate(OfConnection(heard), crypto.X509.from_cryptography(other), 0, 0, 1)
    assert [finding.number for finding in heard.findings] == [18]


def test_a_group_of_a_finite_field_is_told_by_its_prime(openssl_server: Start, lab: Lab, tmp_path: Path) -> None:
    own = lab.ca_file.with_name("server") / "valid.crt"
    parameters = tmp_path / "dh.pem"
    making = ["openssl", "genpkey", "-genparam", "-algorithm", "DH", "-pkeyopt", "group:ffdhe3072", "-out", parameters]
    subprocess.run(making, check=True, capture_output=True)
    files = TlsFiles(lab.ca_file, own, own.with_suffix(".key"))
    server = openssl_server("-tls1_2", "-dhparam", str(parameters), files=files)
    stream = dial(
        server.port,
        trusting(lab.ca_file.with_name("ca-and-issuing.pem"), ciphers=(Named("DHE+AESGCM"), Named("DHE+CHACHA20"))),
    )
    assert (stream.info.key_exchange, stream.info.key_exchange_bits) == ("ffdhe3072", 3072)
    stream.close()
