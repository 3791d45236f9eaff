"""Two names for one cipher: that of OpenSSL and that of IANA, which has made them by rules, with few exceptions."""

from __future__ import annotations

import re

SUITES = (  # of TLS 1.3 (RFC 8446, RFC 9150): OpenSSL has IANA's names
    "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256",
    "TLS_AES_128_CCM_SHA256", "TLS_AES_128_CCM_8_SHA256", "TLS_SHA256_SHA256", "TLS_SHA384_SHA384",
)  # fmt: skip
EXCHANGES = {  # how OpenSSL's name begins, how IANA's does; the longer ones first
    "ECDHE-ECDSA-": "ECDHE_ECDSA", "ECDHE-RSA-": "ECDHE_RSA", "ECDHE-PSK-": "ECDHE_PSK", "ECDHE-": "ECDHE_RSA",
    "DHE-RSA-": "DHE_RSA", "DHE-DSS-": "DHE_DSS", "DHE-PSK-": "DHE_PSK", "RSA-PSK-": "RSA_PSK", "PSK-": "PSK",
    "AECDH-": "ECDH_anon", "ADH-": "DH_anon", "ECDH-ECDSA-": "ECDH_ECDSA", "ECDH-RSA-": "ECDH_RSA",
    "SRP-RSA-": "SRP_SHA_RSA", "SRP-DSS-": "SRP_SHA_DSS", "SRP-": "SRP_SHA", "": "RSA",
}  # fmt: skip
CIPHER = re.compile(r"(AES|CAMELLIA|ARIA)-?(128|256)")
ODD = {"DES-CBC3": "3DES_EDE_CBC", "SEED": "SEED_CBC", "IDEA-CBC": "IDEA_CBC", "RC4": "RC4_128", "NULL": "NULL"}


def iana_name(openssl: str) -> str:
    """IANA's name of a cipher, as `openssl ciphers -stdname` pairs them."""
    if openssl.startswith("TLS_"):
        return openssl
    begin, exchange = next(pair for pair in EXCHANGES.items() if openssl.startswith(pair[0]))
    rest = openssl[len(begin) :]
    if rest.endswith("-CCM8") and exchange == "DHE_PSK":
        exchange = "PSK_DHE"  # RFC 6655 has it this way round
    return f"TLS_{exchange}_WITH_{_bulk(rest)}"


def _bulk(name: str) -> str:
    if name == "CHACHA20-POLY1305":
        return "CHACHA20_POLY1305_SHA256"
    cipher, _, digest = name.rpartition("-")
    if cipher in ODD:
        return f"{ODD[cipher]}_{digest}"
    block = CIPHER.match(name)
    if block is None:
        return name.replace("-", "_")
    words = f"{block[1]}_{block[2]}"
    rest = name[block.end() :].removeprefix("-")
    if rest.startswith(("GCM", "CCM")):
        return f"{words}_{rest.replace('CCM8', 'CCM_8').replace('-', '_')}"
    return f"{words}_CBC_{rest.removeprefix('CBC-')}"


def bits_of(openssl: str) -> int:
    """The bits of a cipher's key, by its name."""
    found = CIPHER.search(openssl.replace("_", "-"))
    if found is not None:
        return int(found[2])
    known = {"CHACHA20": 256, "DES-CBC3": 112, "NULL": 0, "TLS_SHA": 0}
    return next((bits for part, bits in known.items() if part in openssl), 128)
