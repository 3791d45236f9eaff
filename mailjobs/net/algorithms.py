"""Names of groups and signature algorithms: those that users write, and those that OpenSSL has for them."""

from __future__ import annotations

import re

GROUPS = {  # what OpenSSL calls it, and the bits of its key as `openssl s_client` tells them; None: not told
    "x25519": 253, "x448": 448, "secp256r1": 256, "secp384r1": 384, "secp521r1": 521,
    "ffdhe2048": 2048, "ffdhe3072": 3072, "ffdhe4096": 4096, "ffdhe6144": 6144, "ffdhe8192": 8192,
    "brainpoolP256r1": 256, "brainpoolP384r1": 384, "brainpoolP512r1": 512,
    "X25519MLKEM768": None, "SecP256r1MLKEM768": None, "SecP384r1MLKEM1024": None,
}  # fmt: skip
OTHER_GROUPS = {
    "p-256": "secp256r1", "p-384": "secp384r1", "p-521": "secp521r1", "prime256v1": "secp256r1",
    "curve25519": "x25519", "curve448": "x448",
}  # fmt: skip
HASHES = ("sha224", "sha256", "sha384", "sha512", "sha1")
SIGNATURES = (
    "ed25519", "ed448",
    "ecdsa_secp256r1_sha256", "ecdsa_secp384r1_sha384", "ecdsa_secp521r1_sha512",
    "rsa_pkcs1_sha256", "rsa_pkcs1_sha384", "rsa_pkcs1_sha512",
    "rsa_pss_rsae_sha256", "rsa_pss_rsae_sha384", "rsa_pss_rsae_sha512",
    "rsa_pss_pss_sha256", "rsa_pss_pss_sha384", "rsa_pss_pss_sha512",
    "mldsa44", "mldsa65", "mldsa87",
)  # fmt: skip
PAIRS = tuple(f"{digest}-{kind}" for kind in ("rsa", "ecdsa", "dsa") for digest in HASHES)
PSS = re.compile(r"rsa_pss_(sha256|sha384|sha512)")


def group_name(written: str) -> str | None:
    """OpenSSL's name of a group: `P-256`, `secp256r1` and `ecdhe_secp256r1` are one. None where nobody knows it."""
    name = written.lower()
    if name.startswith(("ecdhe_", "ffdhe_")):
        name = name.removeprefix("ecdhe_").replace("ffdhe_", "ffdhe")
    name = OTHER_GROUPS.get(name, name)
    return next((group for group in GROUPS if group.lower() == name), None)


def signature_names(written: str) -> list[str]:
    """OpenSSL's names of a signature algorithm: `sha256-rsa`, `rsa_pss_sha256` or IANA's own. Empty where unknown."""
    name = written.lower()
    if PSS.fullmatch(name):
        digest = name.removeprefix("rsa_pss_")
        return [f"rsa_pss_rsae_{digest}", f"rsa_pss_pss_{digest}"]
    if name in SIGNATURES:
        return [name]
    digest, _, kind = name.partition("-")
    if "+" in name:
        kind, _, digest = name.partition("+")
    return [f"{kind.upper()}+{digest.upper()}"] if f"{digest}-{kind}" in PAIRS else []
