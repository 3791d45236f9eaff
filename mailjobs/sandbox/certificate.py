"""A throwaway authority and a certificate for loopback, made anew at each start. Only the authority's is kept."""

from __future__ import annotations

import ipaddress
import ssl
import tempfile
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from mailjobs import clock

VALID = timedelta(days=30)
SKEW = timedelta(minutes=5)
NAMES = ("localhost",)
ADDRESSES = ("127.0.0.1", "::1")


def throwaway(ca_file: Path) -> ssl.SSLContext:
    """A server context for localhost, 127.0.0.1 and ::1; `ca_file` becomes what clients are to trust.

    Raises OSError where `ca_file` cannot be written.
    """
    ca_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    issuer = _name("mailjobs sandbox authority")
    authority = _authority(issuer, ca_key)
    leaf = _leaf(issuer, ca_key, key)
    ca_file.write_bytes(authority.public_bytes(Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # The standard library takes keys from files only: it lives for a moment, in a folder that is ours alone.
    with tempfile.TemporaryDirectory() as folder:
        chain = Path(folder, "chain.pem")
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        chain.write_bytes(secret + leaf.public_bytes(Encoding.PEM))
        context.load_cert_chain(chain)
    return context


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _builder(subject: x509.Name, issuer: x509.Name, public: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = clock.now()
    named = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public)
    dated = named.not_valid_before(now - SKEW).not_valid_after(now + VALID)
    identified = dated.serial_number(x509.random_serial_number())
    return identified.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)


def _authority(issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    usage = x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    built = _builder(issuer, issuer, key.public_key())
    bounded = built.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return bounded.add_extension(usage, critical=True).sign(key, hashes.SHA256())


def _leaf(issuer: x509.Name, signer: ec.EllipticCurvePrivateKey, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    names = [x509.DNSName(name) for name in NAMES]
    addresses = [x509.IPAddress(ipaddress.ip_address(address)) for address in ADDRESSES]
    built = _builder(_name("localhost"), issuer, key.public_key())
    named = built.add_extension(x509.SubjectAlternativeName([*names, *addresses]), critical=False)
    signed_by = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    return named.add_extension(signed_by, critical=False).sign(signer, hashes.SHA256())
