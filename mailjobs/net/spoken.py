"""What a connection may be made of: versions, ciphers, groups, signature algorithms. All errors are told at once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mailjobs.errors import JobError, Problem
from mailjobs.job.nearest import nearest
from mailjobs.model import Named, Tls
from mailjobs.net.algorithms import GROUPS, OTHER_GROUPS, PAIRS, SIGNATURES, group_name, signature_names
from mailjobs.net.cipher_names import SUITES, bits_of, iana_name

if TYPE_CHECKING:
    from OpenSSL import SSL

EVERYTHING = "ALL:COMPLEMENTOFALL:@SECLEVEL=0"
WEAK = "@SECLEVEL=0"  # what TLS 1.0 and 1.1 sign the key exchange with is too weak for any other level
# openssl-ciphers(1): what this OpenSSL may have nothing of, and is left out by many all the same
CLASSES = (
    "RC2", "RC4", "DES", "3DES", "IDEA", "SEED", "MD5", "SHA1", "EXP", "EXPORT", "EXPORT40", "EXPORT56", "LOW",
    "MEDIUM", "SSLv2", "SSLv3", "eNULL", "NULL", "aNULL", "ADH", "AECDH", "DSS", "aDSS", "kDH", "aDH", "kDHr",
    "kDHd", "kECDH", "aECDH", "kECDHr", "kECDHe", "KRB5", "kKRB5", "aKRB5", "FZA", "aFZA", "kFZA", "eFZA",
    "GOST", "kGOST", "aGOST", "GOST94", "GOST89MAC", "PSK", "kPSK", "aPSK", "SRP", "kSRP", "aSRP", "CAMELLIA",
    "CAMELLIA128", "CAMELLIA256", "ARIA", "ARIA128", "ARIA256",
)  # fmt: skip
TOKEN = re.compile(r"([!+-]?)([A-Za-z0-9@*][A-Za-z0-9+@=_*-]*)", re.ASCII)


def speak(context: SSL.Context, tls: Tls) -> None:
    """Set up `context`. Raises JobError with every name that is not known, SetupError."""
    from OpenSSL import SSL

    numbers = {
        "1.0": SSL.TLS1_VERSION, "1.1": SSL.TLS1_1_VERSION, "1.2": SSL.TLS1_2_VERSION, "1.3": SSL.TLS1_3_VERSION,
    }  # fmt: skip
    context.set_min_proto_version(numbers[tls.min_version])
    context.set_max_proto_version(numbers[tls.max_version])
    problems = _ciphers(context, tls)
    if tls.groups:
        problems += _groups(context, tls.groups)
    if tls.signature_algorithms:
        problems += _signatures(context, tls.signature_algorithms)
    if problems:
        raise JobError.of(problems)


def is_old(tls: Tls) -> bool:
    """Whether versions may be spoken that need weak algorithms."""
    return tls.min_version < "1.2"


def _ciphers(context: SSL.Context, tls: Tls) -> list[Problem]:
    from OpenSSL import SSL

    known = known_ciphers() if tls.ciphers else []
    suites = [named for named in tls.ciphers if named.text.upper() in SUITES]
    older = [(named, *_older(named, known)) for named in tls.ciphers if named not in suites]
    problems = [_unknown(named, "cipher", known) for named in suites if not _set_suites(_scratch(), named.text.upper())]
    problems += [problem for _, _, wrong in older for problem in wrong]
    problems += _idle(tls, suites, [named for named, _, _ in older])
    if problems:
        return problems
    string = ":".join([*([text for _, text, _ in older] or ["DEFAULT"]), *([WEAK] if is_old(tls) else [])])
    suite_string = ":".join(named.text.upper() for named in suites)
    for one in (_scratch(), context):
        if suites:
            _set_suites(one, suite_string)
        if (older or is_old(tls)) and not _set_ciphers(one, string):
            words = f"{string} selects no cipher that OpenSSL has and holds to be safe"
            return [Problem(words, tls.ciphers[0].place, hint="'openssl ciphers -v STRING' shows what is selected")]
        if one is not context and tls.ciphers and tls.min_strength:  # a context that was looked at cannot be set up
            left = SSL.Connection(one, None).get_cipher_list()
            if all(bits_of(name) < tls.min_strength for name in left):
                words = f"none of these ciphers has the {tls.min_strength} bits that `min_strength` asks for"
                return [Problem(words, tls.ciphers[0].place)]
    return []


def _idle(tls: Tls, suites: list[Named], older: list[Named]) -> list[Problem]:
    """Names that could choose nothing, since the versions that have them are not spoken."""
    if suites and tls.max_version < "1.3":
        words = f"{suites[0].text} is a suite of TLS 1.3, and `max_version` is {tls.max_version}"
        return [Problem(words, suites[0].place)]
    if older and tls.min_version == "1.3":
        hint = f"the suites of TLS 1.3 are {', '.join(SUITES[:3])}"
        return [
            Problem(f"{older[0].text} chooses nothing of TLS 1.3, which `min_version` is", older[0].place, hint=hint)
        ]
    return []


def _scratch() -> SSL.Context:
    from OpenSSL import SSL

    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(SSL.TLS1_VERSION)
    return context


def known_ciphers() -> list[str]:
    """OpenSSL's names of all the ciphers that it has."""
    from OpenSSL import SSL

    context = _scratch()
    context.set_cipher_list(EVERYTHING.encode())
    return SSL.Connection(context, None).get_cipher_list()


def _older(named: Named, known: list[str]) -> tuple[str, list[Problem]]:
    """One entry of a cipher string as OpenSSL has it, and what is wrong with it."""
    by_iana = {iana_name(cipher): cipher for cipher in known}
    token = TOKEN.fullmatch(named.text)
    if token is None:
        return "", [_unknown(named, "cipher", [*known, *by_iana, *CLASSES])]
    sign, name = token.groups()
    if name in by_iana:
        return sign + by_iana[name], []
    if name.upper().startswith("@SECLEVEL"):
        hint = "leave it out; min_version: 1.0 or 1.1 takes what those versions need"
        return "", [Problem("the security level is not for a job to set", named.place, hint=hint)]
    if name in ("@STRENGTH", "*"):
        return ("DEFAULT" if name == "*" else name), []
    wrong = [part for part in name.split("+") if part not in CLASSES and not _selects(part)]
    return named.text, [_unknown(named, "cipher", [*known, *by_iana, *CLASSES])] if wrong else []


def _selects(name: str) -> bool:
    return _set_ciphers(_scratch(), f"{name}:{WEAK}")


def _set_ciphers(context: SSL.Context, text: str) -> bool:
    from OpenSSL import SSL

    try:
        context.set_cipher_list(text.encode())
    except SSL.Error:
        return False
    return True


def _set_suites(context: SSL.Context, text: str) -> bool:
    from OpenSSL import SSL

    try:
        context.set_tls13_ciphersuites(text.encode())
    except SSL.Error:
        return False
    return True


def _groups(context: SSL.Context, groups: tuple[Named, ...]) -> list[Problem]:
    from mailjobs.net.openssl import set_groups

    names = {named: group_name(named.text) for named in groups}
    valid = [*GROUPS, *OTHER_GROUPS]
    problems = [_unknown(named, "group", valid) for named, name in names.items() if name is None]
    if problems or set_groups(context, ":".join(dict.fromkeys(name for name in names.values() if name))):
        return problems
    lacking = [named for named, name in names.items() if not set_groups(_scratch(), name or "")] or groups
    return [Problem(f"the OpenSSL that is installed has no group {named.text}", named.place) for named in lacking]


def _signatures(context: SSL.Context, algorithms: tuple[Named, ...]) -> list[Problem]:
    from mailjobs.net.openssl import set_signature_algorithms

    names = {named: signature_names(named.text) for named in algorithms}
    valid = [*SIGNATURES, *PAIRS]
    problems = [_unknown(named, "signature algorithm", valid) for named, found in names.items() if not found]
    every = dict.fromkeys(name for found in names.values() for name in found)
    if problems or set_signature_algorithms(context, ":".join(every)):
        return problems
    alone = {named: ":".join(found) for named, found in names.items()}
    lacking = [named for named, one in alone.items() if not set_signature_algorithms(_scratch(), one)] or algorithms
    words = "the OpenSSL that is installed cannot verify"
    return [Problem(f"{words} {named.text}", named.place) for named in lacking]


def _unknown(named: Named, noun: str, valid: list[str]) -> Problem:
    if named.text.upper().startswith("CALG_"):
        hint: str | None = (
            "CALG_… names a family in Windows; write the cipher's own name, such as ECDHE-RSA-AES256-GCM-SHA384"
        )
    else:
        near = nearest(named.text.lstrip("!+-"), valid)
        hint = f"did you mean '{near}'?" if near else None
    return Problem(f"no {noun} is called {named.text!r:.80}", named.place, hint=hint)
