"""What a certificate may be used for, and how it was signed, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography import x509

# The bits of RFC 5280 section 4.2.1.3, as one octet has them (the ninth, decipher only, stands in a second one).
FLAGS = {
    "digital_signature": (0x80, "Digital Signature"),
    "content_commitment": (0x40, "Non-Repudiation"),
    "key_encipherment": (0x20, "Key Encipherment"),
    "data_encipherment": (0x10, "Data Encipherment"),
    "key_agreement": (0x08, "Key Agreement"),
    "key_cert_sign": (0x04, "Certificate Signing"),
    "crl_sign": (0x02, "CRL Signing"),
    "encipher_only": (0x01, "Encipher Only"),
    "decipher_only": (0x8000, "Decipher Only"),
}
OF_AGREEMENT = ("encipher_only", "decipher_only")  # cryptography has these only beside key agreement
PURPOSES = {
    "1.3.6.1.5.5.7.3.1": "TLS server", "1.3.6.1.5.5.7.3.2": "TLS client", "1.3.6.1.5.5.7.3.3": "code signing",
    "1.3.6.1.5.5.7.3.4": "e-mail protection", "1.3.6.1.5.5.7.3.8": "time stamping",
    "1.3.6.1.5.5.7.3.9": "OCSP signing", "1.3.6.1.5.5.7.3.17": "IPsec IKE", "2.5.29.37.0": "any",
    "1.3.6.1.4.1.311.20.2.2": "smart card logon", "1.3.6.1.5.2.3.5": "Kerberos KDC",
}  # fmt: skip
SIGNATURES = {
    "1.2.840.113549.1.1.4": "md5WithRSAEncryption", "1.2.840.113549.1.1.5": "sha1WithRSAEncryption",
    "1.2.840.113549.1.1.10": "rsassaPss", "1.2.840.113549.1.1.11": "sha256WithRSAEncryption",
    "1.2.840.113549.1.1.12": "sha384WithRSAEncryption", "1.2.840.113549.1.1.13": "sha512WithRSAEncryption",
    "1.2.840.113549.1.1.14": "sha224WithRSAEncryption", "1.2.840.10045.4.1": "ecdsa-with-SHA1",
    "1.2.840.10045.4.3.1": "ecdsa-with-SHA224", "1.2.840.10045.4.3.2": "ecdsa-with-SHA256",
    "1.2.840.10045.4.3.3": "ecdsa-with-SHA384", "1.2.840.10045.4.3.4": "ecdsa-with-SHA512",
    "1.2.840.10040.4.3": "dsa-with-SHA1", "2.16.840.1.101.3.4.3.2": "dsa_with_SHA256",
    "1.3.101.112": "ED25519", "1.3.101.113": "ED448",
}  # fmt: skip


def signature_name(certificate: x509.Certificate) -> str:
    """How it is signed, as OpenSSL calls it; the OID where that is unknown."""
    oid = certificate.signature_algorithm_oid.dotted_string
    return SIGNATURES.get(oid, oid)


def key_usage(certificate: x509.Certificate) -> dict[str, Any]:
    """`key_usage` as names, `key_usage_flags` as the octet; none where the certificate does not say."""
    from cryptography import x509

    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return {"key_usage": [], "key_usage_flags": 0}
    found = [
        FLAGS[name] for name in FLAGS if (name not in OF_AGREEMENT or usage.key_agreement) and getattr(usage, name)
    ]
    return {"key_usage": [name for _, name in found], "key_usage_flags": sum(flag for flag, _ in found)}


def extended_usage(certificate: x509.Certificate) -> list[dict[str, str]]:
    """OIDs with their names; a name that is not known is the OID."""
    from cryptography import x509

    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return []
    return [{"oid": one.dotted_string, "name": PURPOSES.get(one.dotted_string, one.dotted_string)} for one in usage]
