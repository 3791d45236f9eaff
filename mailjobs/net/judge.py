"""The trial of a server's certificate: what is asked, in which order, and who hears the verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailjobs.errors import TLSError, VerifyError
from mailjobs.events import Error, Publish, ServerCertificate, TLSStatus
from mailjobs.model import Tls
from mailjobs.net.certificate import describe, pem
from mailjobs.net.complaints import UNKNOWN_CA
from mailjobs.net.heard import Heard, digest
from mailjobs.net.reasons import Reason, found_reasons, name_reason
from mailjobs.net.sessions import Kept
from mailjobs.net.spoken import is_old
from mailjobs.net.tls_info import Judged
from mailjobs.net.verdict import verdict

if TYPE_CHECKING:
    from cryptography import x509
    from OpenSSL import SSL

    from mailjobs.net.tls_stream import TlsStream


def judge(secured: TlsStream, host: str, tls: Tls, heard: Heard, kept: Kept | None) -> Judged:
    """What was found of the certificate. `host` is a name in A-labels or an address.

    Raises TLSError 282 where there is none, VerifyError with all that `tls.allow` does not name, ValueError and the
    like where it cannot be read. `kept` is the session that was offered: where it was taken up, none was shown.
    """
    connection = secured.connection
    leaf = connection.get_peer_certificate()
    if leaf is None:
        raise TLSError("the server showed no certificate", code=282, stage="certificate")
    if kept is not None and not heard.verified:
        judged = Judged(kept.chain, resumed=True, accepted=_accepted(leaf.to_cryptography(), tls))
    else:
        judged = _try(secured, leaf.to_cryptography(), host, tls, heard)
    heard.judged = digest(leaf)
    return judged


def _try(secured: TlsStream, leaf: x509.Certificate, host: str, tls: Tls, heard: Heard) -> Judged:
    connection, publish = secured.connection, heard.publish
    sent = connection.get_peer_cert_chain(as_cryptography=True) or []
    if tls.accept:
        from mailjobs.net.pinning import accepted_digests, refusal

        error, status, chain = refusal(leaf, accepted_digests(tls.accept)), "OK: tls.accept names it", sent
    else:
        reasons, chain = _reasons(connection, leaf, host, tls, heard, sent)
        error = verdict(reasons, tls.allow, leaf)
        if tls.revocation != Tls().revocation and (error is None or _is_genuine(reasons)):
            reasons += _revocation(secured, chain, tls, heard, reasons)
            error = verdict(reasons, tls.allow, leaf)
        status = _tell(publish, reasons) if error is None else ""
    if not heard.verified and error is None:
        error = VerifyError("the server's certificate was not looked at", stage="certificate")
    _publish(publish, leaf, sent, status if error is None else error.message, error is None)
    if error is not None:
        raise error
    return Judged(chain, accepted=_accepted(leaf, tls))


def _accepted(leaf: x509.Certificate, tls: Tls) -> bool | None:
    if not tls.accept:
        return None
    from mailjobs.net.pinning import has_private_key

    return has_private_key(leaf, tls.accept)


def _reasons(
    connection: SSL.Connection,
    leaf: x509.Certificate,
    host: str,
    tls: Tls,
    heard: Heard,
    sent: list[x509.Certificate],
) -> tuple[list[Reason], list[x509.Certificate]]:
    """What speaks against the certificate, and the chain: up to an authority that is trusted where it leads to one."""
    verified = connection.get_verified_chain() or []
    findings = heard.findings
    if is_old(tls):
        from mailjobs.net.weakness import weaknesses

        findings = [*findings, *weaknesses(verified)]
    reasons = found_reasons(findings, len(sent))
    name = name_reason(leaf, host)
    trusted = all(reason.allow != UNKNOWN_CA for reason in reasons)
    chain = [one.to_cryptography() for one in verified] if trusted and verified else sent
    return [*reasons, *([name] if name is not None else ())], chain


def _is_genuine(reasons: list[Reason]) -> bool:
    """Whether somebody trusted has signed it, whatever else is wrong, so that all can be said at once."""
    return all(reason.allow not in (None, UNKNOWN_CA) for reason in reasons)


def _revocation(
    secured: TlsStream, chain: list[x509.Certificate], tls: Tls, heard: Heard, reasons: list[Reason]
) -> list[Reason]:
    from mailjobs.net.revocation import standings

    trusted = all(reason.allow != UNKNOWN_CA for reason in reasons)
    deadline = secured.deadline
    found = standings(tls.revocation, chain, heard.staple, trusted, deadline.until)
    deadline.touch()  # the server has waited meanwhile, and is not to blame
    for standing in found:
        if not standing.refuses:
            heard.publish(Error(None, standing.reason.words))
    return [standing.reason for standing in found if standing.refuses]


def _tell(publish: Publish, allowed: list[Reason]) -> str:
    """What the job allows is told all the same."""
    if not allowed:
        return "OK"
    words = f"allowed by tls.allow: {'; '.join(reason.words for reason in allowed)}"
    publish(TLSStatus(words))
    return words


def _publish(publish: Publish, leaf: x509.Certificate, sent: list[x509.Certificate], status: str, good: bool) -> None:
    if publish.wants(ServerCertificate):
        peer = describe(leaf)
        chain = [pem(one) for one in sent]
        publish(ServerCertificate(peer["pem"], peer["subject"], peer["issuer"], status, good, chain))
