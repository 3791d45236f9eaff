"""An authority that says of its certificates whether they were revoked, also wrongly."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from mailjobs.net.revocation import Standing
from tests.fixtures.scripted import TlsFiles
from tests.net.peers import Authority, Peers, general_name

DAY = timedelta(days=1)


class Notary(Authority):
    """Signs lists and answers. `ago` and `days` say when they were made, and how long after that they count."""

    def certify(self, folder: Path, *, crl: str | None = None, responder: str | None = None) -> TlsFiles:
        """A certificate for localhost that names where to ask."""
        extensions: list[tuple[x509.ExtensionType, bool]] = [
            (x509.SubjectAlternativeName([general_name("localhost")]), False)
        ]
        if crl is not None:
            point = x509.DistributionPoint([x509.UniformResourceIdentifier(crl)], None, None, None)
            extensions.append((x509.CRLDistributionPoints([point]), False))
        if responder is not None:
            access = x509.AccessDescription(
                AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(responder)
            )
            extensions.append((x509.AuthorityInformationAccess([access]), False))
        return self.write(folder, extensions)

    def write(self, folder: Path, extensions: list[tuple[x509.ExtensionType, bool]]) -> TlsFiles:
        """A certificate with these extensions, and its key, in `folder`."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
        certificate = self._sign(subject, key.public_key(), 1, extensions)
        return self._files(folder, certificate, key)

    def list(
        self,
        *revoked: x509.Certificate,
        ago: timedelta = DAY,
        days: timedelta = 2 * DAY,
        extension: x509.ExtensionType | None = None,
    ) -> bytes:
        """A list in DER with these certificates on it."""
        start = datetime.now(UTC) - ago
        builder = x509.CertificateRevocationListBuilder(self._name).last_update(start).next_update(start + days)
        for certificate in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(certificate.serial_number).revocation_date(start)
            reason = x509.CRLReason(x509.ReasonFlags.key_compromise)
            builder = builder.add_revoked_certificate(entry.add_extension(reason, critical=False).build())
        if extension is not None:
            builder = builder.add_extension(extension, critical=True)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.DER)

    def answer(
        self,
        certificate: x509.Certificate,
        status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
        *,
        ago: timedelta = DAY,
        days: timedelta = 2 * DAY,
        signer: Authority | None = None,
        by: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None = None,
    ) -> bytes:
        """An OCSP response in DER about `certificate`, by this authority, by `signer`, or `by` whom one has charged."""
        start = datetime.now(UTC) - ago
        revoked = status is ocsp.OCSPCertStatus.REVOKED
        builder = ocsp.OCSPResponseBuilder().add_response(
            certificate, self.certificate, hashes.SHA1(), status, start, start + days,
            start if revoked else None, x509.ReasonFlags.key_compromise if revoked else None,
        )  # fmt: skip
        own, key = by or ((signer or self).certificate, (signer or self)._key)
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.NAME, own)
        if by is not None:
            builder = builder.certificates([own])
        return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)

    def charge(
        self, *usages: x509.ObjectIdentifier, days: float = 1
    ) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        """Somebody whom this authority lets answer, where `usages` say so."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "responder")])
        wanted = x509.ExtendedKeyUsage(usages or [ExtendedKeyUsageOID.OCSP_SIGNING])
        return self._sign(subject, key.public_key(), days, [(wanted, False)]), key


def load(files: TlsFiles) -> x509.Certificate:
    """The certificate in `files`."""
    return x509.load_pem_x509_certificates(files.certificate.read_bytes())[0]


def http(content: bytes, status: str = "200 OK") -> bytes:
    """An answer over http."""
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content


class Office:
    """A web server that says what it is told to, once for each text. `asked` are the requests."""

    def __init__(self, peers: Peers) -> None:
        self._peers = peers
        self.asked: list[bytes] = []
        self.answer = b""
        self.port = peers.serve(self._talk)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}/there?is=more"

    def _talk(self, sock: socket.socket) -> None:
        self.asked.append(sock.recv(65536))
        sock.sendall(self.answer)


def nobody(url: str, *rest: object) -> bytes:
    """Stands for `fetch` where nothing may be fetched."""
    raise AssertionError(f"nobody was to be asked, and it was {url}")


def of(found: list[Standing]) -> tuple[str, bool]:
    """The words and whether it refuses, of the one standing there is; "" of none."""
    assert len(found) < 2
    return (found[0].reason.words, found[0].refuses) if found else ("", False)


def judge(found: list[Standing], reason: str | None, hard: bool) -> None:
    """`found` is what comes of `reason`: "" where all is well, None where the certificate was revoked."""
    words, refuses = of(found)
    if reason is None:
        assert "CN=localhost was revoked on 20" in words
        assert refuses
    elif reason == "":
        assert (words, refuses) == ("", False)
    else:
        assert words.startswith("it cannot be known whether CN=localhost is revoked: ")
        assert reason in words
        assert refuses is hard
