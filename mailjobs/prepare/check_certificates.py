"""Whether servers can be logged in to with what a job says: the certificate is there, with a key that fits."""

from __future__ import annotations

from collections.abc import Iterator

from mailjobs.errors import CertificateError, FileError, MailjobsError, Problem, SetupError
from mailjobs.model import CertificateStore, Job


def check_certificates(job: Job) -> list[Problem]:
    """What is wrong with certificates of ours, as far as their passwords are at hand."""
    problems: list[Problem] = []
    for store in _stores(job):
        problems += _wrong(store)
    return problems


def cautions_of_certificates(job: Job) -> Iterator[Problem]:
    """What works today: a password that nothing asks for, a certificate that has run out."""
    for store in _stores(job):
        if not _wrong(store):
            yield from _cautions(store)


def _stores(job: Job) -> list[CertificateStore]:
    found = [server.tls.certificate for server in job.servers.values()]
    return [store for store in found if store is not None]


def _wrong(store: CertificateStore) -> list[Problem]:
    from mailjobs.certs.store import load_identity

    try:
        load_identity(store)
    except SetupError:
        return []  # a password or a package may be there when the job is run
    except CertificateError as error:
        if error.code == FileError.missing_certificate:
            return []  # told when the job was read, unless only a run knows the name
        return [Problem(error.message, error.place, hint=error.hint, code=error.code)]
    return []


def _cautions(store: CertificateStore) -> Iterator[Problem]:
    from mailjobs import clock
    from mailjobs.certs.store import load_identity, needs_password

    try:
        identity = load_identity(store)
        needless = store.password is not None and not needs_password(store)
    except MailjobsError:
        return
    if needless:
        words = "nothing of this certificate is encrypted, and `password` is not used"
        yield Problem(words, store.place, severity="warning")
    if identity.certificate.not_valid_after_utc < clock.now():
        words = f"the certificate expired on {identity.certificate.not_valid_after_utc:%Y-%m-%d}"
        yield Problem(words, store.place, hint="most servers refuse it", severity="warning")
