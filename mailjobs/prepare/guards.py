"""Bounds on what a run may do: the one place where every message passes before it may be sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from mailjobs.errors import GuardError, JobError, Problem, UsageError
from mailjobs.message import Outgoing, Recipient
from mailjobs.message.mailbox import AddressSyntax, mailbox
from mailjobs.model import Guards
from mailjobs.rows.suppression import Suppression


class Gate:
    """Lets messages pass as the guards say. `redirect` is where they all go instead, or None.

    `open`: it lets everybody pass.
    The command line's `redirect` comes before that of the guards. Raises UsageError, or JobError for the latter.
    """

    def __init__(self, guards: Guards, redirect: str | None = None) -> None:
        self.guards = guards
        self.redirect = _of_the_job(guards) if redirect is None else redirect_to(redirect)
        self.open = self.redirect is None and not guards.allow_domains

    def admit(self, outgoing: Outgoing, suppressed: Suppression | None = None, without: Sequence[str] = ()) -> Outgoing:
        """The message for those who may get it: nobody suppressed or in `without`, no domain that is not allowed.

        Where the message is redirected that was done when it was filled. Raises GuardError.
        """
        recipients = self._kept(outgoing.recipients, suppressed, without)
        if len(recipients) < len(outgoing.recipients):
            outgoing = replace(outgoing, recipients=recipients)
        self._check_domains(recipients)
        return outgoing

    def pass_(
        self, recipients: tuple[Recipient, ...], suppressed: Suppression | None, without: Sequence[str] = ()
    ) -> tuple[Recipient, ...]:
        """As `admit`, for the recipients alone."""
        if self.redirect is not None:
            recipients = (self.redirect,)
        recipients = self._kept(recipients, suppressed, without)
        self._check_domains(recipients)
        return recipients

    def _kept(
        self, recipients: tuple[Recipient, ...], suppressed: Suppression | None, without: Sequence[str]
    ) -> tuple[Recipient, ...]:
        if self.redirect is not None:
            return recipients
        if without:
            recipients = tuple([one for one in recipients if one.address not in without])
        if suppressed is not None:
            recipients = tuple([one for one in recipients if one.address not in suppressed])
        return recipients

    def _check_domains(self, recipients: tuple[Recipient, ...]) -> None:
        if self.guards.allow_domains:
            for recipient in recipients:
                self._check_domain(recipient)

    def _check_domain(self, recipient: Recipient) -> None:
        if not domain_allowed(recipient.address, self.guards.allow_domains):
            words = f"guards.allow_domains: {recipient.address} is in none of {', '.join(self.guards.allow_domains)}"
            raise GuardError(words, place=self.guards.place, recipient=recipient.address)


class Count:
    """The recipients of all steps of a run, which `max_recipients` bounds."""

    def __init__(self, guards: Guards) -> None:
        self._guards = guards
        self.recipients = 0

    def add(self, recipients: int) -> None:
        """So many more would be sent to. Raises GuardError."""
        self.recipients += recipients
        most = self._guards.max_recipients
        if most is not None and self.recipients > most:
            words = f"guards.max_recipients: the run would send to {self.recipients} recipients, and {most} are allowed"
            raise GuardError(words, place=self._guards.place)

    @property
    def to_confirm(self) -> bool:
        """Whether somebody has to say yes first."""
        above = self._guards.confirm_above
        return above is not None and self.recipients > above


def domain_allowed(address: str, allowed: Sequence[str]) -> bool:
    """Whether the domain of `address` is one of those, which are in lower case."""
    domain = address.rpartition("@")[2].lower()
    return any(_matches(domain, one) for one in allowed)


def _matches(domain: str, allowed: str) -> bool:
    return domain.endswith(allowed[1:]) if allowed.startswith("*.") else domain == allowed


def redirect_to(text: str) -> Recipient:
    """The one address that `--redirect-to` names. Raises UsageError."""
    try:
        return _recipient(text)
    except AddressSyntax as error:
        raise UsageError(f"--redirect-to: {error}", hint="write dev@example.com") from None


def _of_the_job(guards: Guards) -> Recipient | None:
    text = guards.redirect_all_to
    if text is None:
        return None
    try:
        return _recipient(text)
    except AddressSyntax as error:
        raise JobError.of([Problem(f"redirect_all_to: {error}", guards.place)]) from None


def _recipient(text: str) -> Recipient:
    box = mailbox("", text.strip())
    return Recipient(f"{box.local}@{box.domain}", "to")
