"""Whether certificates were revoked: lists (CRL) for all but the root, a responder (OCSP) for the server's own.

Where it cannot be known, `hard` makes a reason of it and `soft` a warning. Whoever sends a certificate also chooses the
addresses in it, so they are asked only where the chain above it is trusted; then also for one that is refused already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mailjobs import clock
from mailjobs.errors import CertificateError, FileError, ResolveError, TransportError
from mailjobs.model import Revocation
from mailjobs.net.answers import Answer, unknown
from mailjobs.net.certificate import name_text, printable
from mailjobs.net.complaints import UNKNOWN_CA_REVOCATION, UNKNOWN_REVOCATION
from mailjobs.net.crl import is_of, list_urls, look_up, read_lists
from mailjobs.net.deadline import Until
from mailjobs.net.fetch import Fetched, fetch
from mailjobs.net.ocsp import REQUEST_TYPE, question, read_answer, responder_urls
from mailjobs.net.reasons import Reason

if TYPE_CHECKING:
    from cryptography import x509

LARGEST = 20 * 1024 * 1024
LIFE = 600.0  # seconds for which what was fetched is kept, and no answer lives longer than it says
FETCHED = Fetched()
KINDS = {"crl": "list", "ocsp": "responder"}


class Standing(NamedTuple):
    """What was found of one certificate by one way: a reason against it, or a warning."""

    reason: Reason
    refuses: bool


class Asked(NamedTuple):
    """One certificate of a chain, `depth` above the server's own, with its issuer (None where that is not at hand)."""

    certificate: x509.Certificate
    issuer: x509.Certificate | None
    depth: int


def standings(
    revocation: Revocation, chain: Sequence[x509.Certificate], staple: bytes, trusted: bool, until: Until | None
) -> list[Standing]:
    """What speaks against the certificates of `chain`, the server's own first; `trusted`: it ends in one that is."""
    found: list[Standing] = []
    for asked in _below_root(chain):
        if revocation.crl != "off":
            answer = _by_list(revocation, asked, trusted, until)
            found += _standing(answer, asked, revocation.crl == "hard")
        if revocation.ocsp != "off" and not asked.depth:
            answer = _by_responder(asked, staple, trusted, until)
            found += _standing(answer, asked, revocation.ocsp == "hard")
    return found


def _below_root(chain: Sequence[x509.Certificate]) -> Iterator[Asked]:
    """An authority at the top, and whatever else signs itself, is trusted by being named or not at all."""
    for depth, certificate in enumerate(chain):
        issuer = chain[depth + 1] if depth + 1 < len(chain) else None
        if certificate.issuer != certificate.subject and (issuer is not None or not depth):
            yield Asked(certificate, issuer, depth)


def _standing(answer: Answer, asked: Asked, hard: bool) -> list[Standing]:
    subject = name_text(asked.certificate.subject)
    code = 275 if asked.depth else 280
    if answer.state == "revoked":
        return [Standing(Reason(f"{subject} {answer.words}", None, code, final=True), True)]
    if answer.state == "good":
        return []
    allow = UNKNOWN_CA_REVOCATION if asked.depth else UNKNOWN_REVOCATION
    words = f"it cannot be known whether {subject} is revoked: {answer.words}"
    return [Standing(Reason(words, allow, code), hard)]


def _by_list(revocation: Revocation, asked: Asked, trusted: bool, until: Until | None) -> Answer:
    if asked.issuer is None:
        return unknown("the certificate of its authority is not at hand")
    answers = []
    for path in revocation.crl_files:
        for found in lists_of(path, revocation):
            if is_of(found, asked.issuer):
                answers.append(_guarded(partial(look_up, found, asked.certificate, asked.issuer, str(path))))
    if all(answer.state == "unknown" for answer in answers):
        ask = partial(_fetch_list, asked=asked, until=until)
        answers += _fetched("crl", list_urls(asked.certificate), trusted, ask)
    return _best(answers)


def _by_responder(asked: Asked, staple: bytes, trusted: bool, until: Until | None) -> Answer:
    if asked.issuer is None:
        return unknown("the certificate of its authority is not at hand")
    answers = []
    if staple:
        answers.append(read_answer(staple, asked.certificate, asked.issuer))
        if answers[0].state == "unknown":
            answers[0] = unknown(f"of what the server brings along, {answers[0].words}")
    if not staple or answers[0].state == "unknown":
        ask = partial(_ask, asked=asked, until=until)
        answers += _fetched("ocsp", responder_urls(asked.certificate), trusted, ask)
    return _best(answers)


def _best(answers: Sequence[Answer]) -> Answer:
    """That which says most: a revocation, else that all is well, else why nothing is known."""
    for state in ("revoked", "good"):
        for answer in answers:
            if answer.state == state:
                return answer
    return unknown("; ".join(dict.fromkeys(answer.words for answer in answers)))


def _fetched(kind: str, urls: list[str], trusted: bool, ask: Callable[[str], Answer]) -> list[Answer]:
    if not urls:
        return [unknown(f"its certificate names no {KINDS[kind]}")]
    if not trusted:
        return [unknown(f"the {KINDS[kind]} that it names is not asked, since its authority is not trusted")]
    answers: list[Answer] = []
    for url in urls:
        try:
            answers.append(_guarded(partial(ask, url)))
        except (TransportError, ResolveError) as error:
            answers.append(unknown(f"{printable(url)}: {error.message}"))
        if answers[-1].state != "unknown":
            break
    return answers


def _guarded(look: Callable[[], Answer]) -> Answer:
    """What another side wrote may be no list at all."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        return look()
    except (ValueError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.UnsupportedGeneralNameType):
        return unknown("the list cannot be read")


def _fetch_list(url: str, asked: Asked, until: Until | None) -> Answer:
    assert asked.issuer is not None, "without an issuer nobody is asked"
    data = FETCHED.get(url, b"", partial(fetch, url, until), lambda _: LIFE)
    return look_up(read_lists(data)[0], asked.certificate, asked.issuer, printable(url))


def _ask(url: str, asked: Asked, until: Until | None) -> Answer:
    assert asked.issuer is not None, "without an issuer nobody is asked"
    certificate, issuer = asked.certificate, asked.issuer
    asking = question(certificate, issuer)
    posting = partial(fetch, url, until, asking, REQUEST_TYPE)
    data = FETCHED.get(url, asking, posting, lambda said: _life(read_answer(said, certificate, issuer)))
    answer = read_answer(data, certificate, issuer)
    return answer if answer.state != "unknown" else unknown(f"{printable(url)}: {answer.words}")


def _life(answer: Answer) -> float:
    """An answer that says nothing is asked for anew by the next connection."""
    if answer.state == "unknown" or answer.until is None:
        return 0 if answer.state == "unknown" else LIFE
    return min(LIFE, (answer.until - clock.now()).total_seconds())


def lists_of(path: Path, revocation: Revocation) -> list[x509.CertificateRevocationList]:
    """The lists in a file, read again where it has changed. Raises FileError, CertificateError."""
    try:
        found = path.stat()
        return _lists(path, found.st_mtime_ns, found.st_size)
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror}", place=revocation.place) from None
    except ValueError:
        words = f"{path} has no list of revoked certificates that can be read"
        raise CertificateError(words, place=revocation.place) from None


@lru_cache(maxsize=32)
def _lists(path: Path, changed: int, size: int) -> list[x509.CertificateRevocationList]:
    with path.open("rb") as file:
        return read_lists(file.read(LARGEST))
