"""Answers about one certificate (OCSP, RFC 6960). One that is stale, of another, or signed by another is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mailjobs import clock
from mailjobs.net.answers import Answer, not_current, revoked_words, unknown
from mailjobs.net.certificate import access_urls, name_text

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.x509.ocsp import OCSPResponse, OCSPSingleResponse

REQUEST_TYPE = "application/ocsp-request"


def responder_urls(certificate: x509.Certificate) -> list[str]:
    """Whom a certificate says to ask. Raises ValueError."""
    from cryptography.x509.oid import AuthorityInformationAccessOID

    return access_urls(certificate, AuthorityInformationAccessOID.OCSP)


def question(certificate: x509.Certificate, issuer: x509.Certificate) -> bytes:
    """The request in DER. SHA-1 names the certificate here and signs nothing; every responder knows it."""
    from cryptography.hazmat.primitives.hashes import SHA1
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509.ocsp import OCSPRequestBuilder

    return OCSPRequestBuilder().add_certificate(certificate, issuer, SHA1()).build().public_bytes(Encoding.DER)  # noqa: S303


def read_answer(data: bytes, certificate: x509.Certificate, issuer: x509.Certificate) -> Answer:
    """What the response `data` says about `certificate`."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        return _read(data, certificate, issuer)
    except (ValueError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return unknown("the answer cannot be read")


def _read(data: bytes, certificate: x509.Certificate, issuer: x509.Certificate) -> Answer:
    from cryptography.x509.ocsp import OCSPCertStatus, OCSPResponseStatus, load_der_ocsp_response

    response = load_der_ocsp_response(data)
    if response.response_status is not OCSPResponseStatus.SUCCESSFUL:
        return unknown(f"the responder says {response.response_status.name.lower().replace('_', ' ')}")
    one = next((one for one in response.responses if _is_about(one, certificate, issuer)), None)
    if one is None:
        return unknown("the answer is about another certificate")
    if not _is_signed(response, issuer):
        return unknown(f"the answer is not signed by {name_text(issuer.subject)}, nor by whom it has charged with that")
    wrong = not_current(one.this_update_utc, one.next_update_utc, "the answer")
    if wrong is not None:
        return unknown(wrong)
    if one.certificate_status is OCSPCertStatus.REVOKED:
        assert one.revocation_time_utc is not None, "what is revoked has a time"
        return Answer("revoked", revoked_words(one.revocation_time_utc, one.revocation_reason))
    if one.certificate_status is OCSPCertStatus.UNKNOWN:
        return unknown("the responder does not know the certificate")
    return Answer("good", until=one.next_update_utc)


def _is_about(one: OCSPSingleResponse, certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    from cryptography.x509.ocsp import OCSPRequestBuilder

    if one.serial_number != certificate.serial_number:
        return False
    asked = OCSPRequestBuilder().add_certificate(certificate, issuer, one.hash_algorithm).build()
    return (asked.issuer_name_hash, asked.issuer_key_hash) == (one.issuer_name_hash, one.issuer_key_hash)


def _is_signed(response: OCSPResponse, issuer: x509.Certificate) -> bool:
    """By the issuer itself, or by one whose certificate the issuer has made for this (section 4.2.2.2)."""
    charged = [one for one in response.certificates if _is_charged(one, issuer)]
    return any(_verifies(one.public_key(), response) for one in (issuer, *charged))


def _is_charged(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature
    from cryptography.x509.oid import ExtendedKeyUsageOID

    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        certificate.verify_directly_issued_by(issuer)
    except (x509.ExtensionNotFound, InvalidSignature, ValueError, TypeError):
        return False
    is_of_now = certificate.not_valid_before_utc <= clock.now() <= certificate.not_valid_after_utc
    return is_of_now and ExtendedKeyUsageOID.OCSP_SIGNING in usage


def _verifies(key: Any, response: OCSPResponse) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa

    digest = response.signature_hash_algorithm
    signed = (response.signature, response.tbs_response_bytes)
    try:
        if isinstance(key, rsa.RSAPublicKey) and digest is not None:
            key.verify(*signed, padding.PKCS1v15(), digest)
        elif isinstance(key, ec.EllipticCurvePublicKey) and digest is not None:
            key.verify(*signed, ec.ECDSA(digest))
        elif isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
            key.verify(*signed)
        else:
            return False
    except InvalidSignature:
        return False
    return True
