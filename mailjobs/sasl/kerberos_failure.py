"""What Kerberos says when it fails, and what may help."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mailjobs.errors import AuthError

if TYPE_CHECKING:
    from mailjobs.sasl.mechanism import Mechanism

BASE = -1765328384  # the first number of MIT's table krb5, to which RFC 4120's are added
CLOCKS = "the clocks of this machine and of the KDC differ too much: set them by NTP"
RENEW = "get new tickets with kinit, or name a `keytab` or `password`"
KEYTAB = "the `keytab` may be none, or hold no key of this user: `klist -k` shows what is in it"
SERVICE = "the KDC has no such service: see `gssapi.service`, `gssapi.host` and `gssapi.realm`"
REALM = "see krb5.conf, and `gssapi.realm`"
HINTS = {
    6: "the KDC does not know this user: see `username`, with its realm",
    7: SERVICE,
    14: "the KDC and the keytab have no encryption type in common",
    18: "the account is locked or has expired",
    23: "the password has expired: change it with kpasswd",
    24: "check user name and password, or whether the keytab is of today",
    31: "check user name and password; or the tickets are for another server",
    32: RENEW,
    33: f"the ticket is not valid yet: {CLOCKS}",
    37: CLOCKS,
    148: CLOCKS,
    41: "the message was changed on its way, or is none",
    44: "the server's keytab is of another day than the KDC's keys",
    68: REALM,
    140: "see `gssapi.credential_cache`: a file, or a cache with a type in front that this machine has",
    154: REALM,
}
NO_ANSWER = "the KDC does not answer: see krb5.conf"
UNREACHABLE = {156: NO_ANSWER, 220: NO_ANSWER}
NO_TICKETS = (
    "find client principal",
    "No Kerberos credentials",
    "No credentials",
    "FCC",
    "not found",
    "can't be found",
)


def kerberos_failure(mechanism: Mechanism, error: Any) -> AuthError:
    """The AuthError for a GSSError. Its words are those of the Kerberos library, in one line."""
    number = _number(error.min_code)
    text = _words(error)
    temporary = number in UNREACHABLE
    hint = HINTS.get(number) or UNREACHABLE.get(number)
    if hint is None and any(words in text for words in NO_TICKETS):
        settings = mechanism.credentials.gssapi
        hint = KEYTAB if settings and settings.keytab else RENEW
    return AuthError(f"{mechanism.name} has gone wrong: {text}", stage="AUTH", hint=hint, temporary=temporary)


def _words(error: Any) -> str:
    """What Kerberos says, or where it says nothing, what GSSAPI says of it."""
    told = error.get_all_statuses(error.min_code, False) if error.min_code else []
    told = told or error.get_all_statuses(error.maj_code, True)
    return "; ".join(" ".join(text.split()) for text in told)


def _number(minor: int) -> int:
    """The number within Kerberos' own table."""
    signed = minor - (1 << 32) if minor >= 1 << 31 else minor
    return signed - BASE
