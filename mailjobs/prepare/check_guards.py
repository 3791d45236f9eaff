"""Guards that could not let anybody pass, or say what is no address and no domain."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from mailjobs.errors import Problem
from mailjobs.message.mailbox import AddressSyntax, mailbox
from mailjobs.model import Guards, Job
from mailjobs.prepare.caught import caught
from mailjobs.prepare.guards import Gate, domain_allowed


def check_guards(job: Job) -> list[Problem]:
    """What is wrong with the guards of the job itself."""
    return [*caught(partial(Gate, job.guards)), *_domains(job.guards)]


def _domains(guards: Guards) -> Iterator[Problem]:
    for domain in guards.allow_domains:
        name = domain.removeprefix("*.")
        try:
            ascii_name = mailbox("", f"a@{name}").domain.lower()
        except AddressSyntax as error:
            words = f"allow_domains: {domain[:80]!r} is not a domain: {error}"
            yield Problem(words, guards.place, hint="write example.com, or *.example.com for every subdomain")
            continue
        if ascii_name != name:
            words = f"allow_domains: {domain!r} is compared with domains as they travel, and is none of them"
            yield Problem(words, guards.place, hint=f"write {domain[: -len(name)]}{ascii_name}")


def cautions_of_guards(job: Job) -> Iterator[Problem]:
    """What is allowed, and forbids everything."""
    guards = job.guards
    if guards.redirect_all_to is None or not guards.allow_domains or caught(partial(Gate, guards)):
        return
    redirect = Gate(guards).redirect
    assert redirect is not None, "the job redirects"
    if not domain_allowed(redirect.address, guards.allow_domains):
        words = f"redirect_all_to: {redirect.address} is in no domain of allow_domains, so that every run is refused"
        yield Problem(
            words, guards.place, hint="redirecting comes first, then domains are compared", severity="warning"
        )
