"""OpenSSL's complaints about certificates: one table of what each is, which `allow` takes it, and its number and words.

The numbers of errors are those of the component: 274 an issuer is not found, 275 the chain above is wrong, 280 the
certificate itself is.
"""

from __future__ import annotations

from typing import NamedTuple

UNKNOWN_CA, WRONG_HOST, WRONG_USAGE = "unknown-ca", "wrong-host", "wrong-usage"
EXPIRED, NOT_YET_VALID = "expired", "not-yet-valid"
UNKNOWN_REVOCATION, UNKNOWN_CA_REVOCATION = "unknown-revocation", "unknown-ca-revocation"
ALLOWED = (
    EXPIRED, NOT_YET_VALID, UNKNOWN_CA, WRONG_HOST, WRONG_USAGE, UNKNOWN_REVOCATION, UNKNOWN_CA_REVOCATION,
)  # fmt: skip


class Complaint(NamedTuple):
    """`allow` is the value of `tls.allow` that takes it, None where nothing does; `code` is the error's number where
    it is about the server's own certificate, 275 (or 274) for those above it. `words` name
    subject, issuer and dates.
    """

    allow: str | None
    code: int
    words: str


NO_ISSUER = Complaint(UNKNOWN_CA, 274, "{subject} is signed by {issuer}, which is not trusted here")
NO_CA = Complaint(None, 275, "{subject} is a certificate that signs others and is no CA")
COMPLAINTS = {
    2: NO_ISSUER,
    20: NO_ISSUER,
    21: NO_ISSUER,
    27: NO_ISSUER,
    7: Complaint(None, 275, "{subject} has a signature that does not verify"),
    9: Complaint(NOT_YET_VALID, 280, "{subject} is not valid before {start}, {until} from now"),
    10: Complaint(EXPIRED, 280, "{subject} expired on {end}, {since} ago"),
    18: Complaint(UNKNOWN_CA, 275, "{subject} is signed by itself, and not trusted here"),
    19: Complaint(UNKNOWN_CA, 275, "the chain ends in {subject}, which is not trusted here"),
    22: Complaint(None, 275, "{subject} has a chain that is too long"),
    23: Complaint(None, 280, "{subject} is revoked"),
    24: NO_CA,
    79: NO_CA,
    25: Complaint(None, 275, "{subject} is signed over more levels than its CA allows"),
    26: Complaint(WRONG_USAGE, 280, "{subject} is not made for servers (its key usages)"),
    32: NO_CA,
    34: Complaint(None, 280, "{subject} has a critical extension that is not known"),
    47: Complaint(None, 280, "{subject} has a name that an authority above it may not certify (name constraints)"),
    48: Complaint(None, 280, "{subject} has a name that an authority above it must not certify (name constraints)"),
    66: Complaint(None, 280, "{subject} has a key that is too small"),
    67: Complaint(None, 275, "{subject} is a CA whose key is too small"),
    68: Complaint(None, 280, "{subject} is signed with a digest that is too weak"),
}
KEY_TOO_SMALL, CA_KEY_TOO_SMALL, DIGEST_TOO_WEAK = 66, 67, 68


def complaint(number: int) -> Complaint:
    """What OpenSSL's number means; nothing allows one that is not known."""
    known = COMPLAINTS.get(number)
    if known is not None:
        return known
    from mailjobs.net.openssl import complaint_text

    text = complaint_text(number).replace("{", "(").replace("}", ")")
    return Complaint(None, 275, f"{{subject}} fails a check of OpenSSL: {text}")
