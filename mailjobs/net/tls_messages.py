"""The messages of TLS by name, for the trace: kind, direction and size, never what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailjobs.events import TLSStatus
from mailjobs.net.heard import heard

if TYPE_CHECKING:
    from OpenSSL import SSL

CHANGE_CIPHER_SPEC, ALERT, HANDSHAKE = 20, 21, 22
HANDSHAKES = {  # RFC 8446 section 4, RFC 5246 section 7.4, RFC 6066, RFC 8879
    0: "HelloRequest", 1: "ClientHello", 2: "ServerHello", 4: "NewSessionTicket", 5: "EndOfEarlyData",
    8: "EncryptedExtensions", 11: "Certificate", 12: "ServerKeyExchange", 13: "CertificateRequest",
    14: "ServerHelloDone", 15: "CertificateVerify", 16: "ClientKeyExchange", 20: "Finished", 22: "CertificateStatus",
    24: "KeyUpdate", 25: "CompressedCertificate", 254: "MessageHash",
}  # fmt: skip
ALERTS = {  # RFC 8446 section 6
    0: "close_notify", 10: "unexpected_message", 20: "bad_record_mac", 22: "record_overflow", 40: "handshake_failure",
    42: "bad_certificate", 43: "unsupported_certificate", 44: "certificate_revoked", 45: "certificate_expired",
    46: "certificate_unknown", 47: "illegal_parameter", 48: "unknown_ca", 49: "access_denied", 50: "decode_error",
    51: "decrypt_error", 70: "protocol_version", 71: "insufficient_security", 80: "internal_error",
    86: "inappropriate_fallback", 90: "user_canceled", 100: "no_renegotiation", 109: "missing_extension",
    110: "unsupported_extension", 112: "unrecognized_name", 113: "bad_certificate_status_response",
    115: "unknown_psk_identity", 116: "certificate_required", 120: "no_application_protocol",
}  # fmt: skip


def message_name(kind: int, content: bytes) -> str | None:
    """What a message is called; None for what is no message of its own, such as the header of a record."""
    if kind == CHANGE_CIPHER_SPEC:
        return "ChangeCipherSpec"
    if kind == HANDSHAKE and content:
        return HANDSHAKES.get(content[0], f"handshake message {content[0]}")
    if kind == ALERT and len(content) == 2:
        return f"alert {ALERTS.get(content[1], content[1])}"
    return None


def tell_message(connection: SSL.Connection, sent: bool, kind: int, content: bytes) -> None:
    """Publish one message; a trace shows what is published so."""
    name = message_name(kind, content)
    if name is not None:
        heard(connection).publish(TLSStatus(f"{'sent' if sent else 'received'} {name}, {len(content)} bytes"))
