"""Who sends to whom, what that needs of a server, and what became of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from mailjobs.frozen import frozen
from mailjobs.smtp.address import needs_smtputf8
from mailjobs.smtp.commands import Mail, Rcpt
from mailjobs.smtp.extensions import Extensions
from mailjobs.smtp.reply import Reply

State = Literal["accepted", "rejected", "deferred", "unknown", "not-attempted"]

# Parameters of MAIL and RCPT that only servers with this extension understand; others are passed on untested.
EXTENSION_OF: Final[Mapping[str, str]] = {"RET": "DSN", "ENVID": "DSN", "NOTIFY": "DSN", "ORCPT": "DSN"}


@frozen
class Envelope:
    """Who sends to whom. `size` is that of the content in octets; `eightbit` and `smtputf8` are what it needs.

    `smtputf8` speaks for the sender and the header section, which everybody gets; a recipient whose local part is not
    ASCII needs it too, for itself alone. `mail_parameters` are added to MAIL as they stand (`RET=HDRS`, `ENVID=`
    with xtext), `recipient_parameters` to each RCPT (`NOTIFY=FAILURE,DELAY`, `ORCPT=rfc822;` with xtext; RFC 3461):
    one tuple for each recipient, or none at all.
    """

    sender: str
    recipients: tuple[str, ...]
    size: int
    smtputf8: bool = False
    eightbit: bool = False
    mail_parameters: tuple[str, ...] = ()
    recipient_parameters: tuple[tuple[str, ...], ...] = ()

    def __post_init__(self) -> None:
        if self.recipient_parameters and len(self.recipient_parameters) != len(self.recipients):
            raise ValueError("each recipient has parameters of its own, or none has any")

    def parameters_of(self, index: int) -> tuple[str, ...]:
        """What is added to the RCPT of this recipient."""
        return self.recipient_parameters[index] if self.recipient_parameters else ()


@frozen
class Outcome:
    """What became of one recipient, with the reply that decided it and the command that it answers.

    `reason` says why where the recipient was rejected without the server having been asked, and is empty otherwise.
    """

    recipient: str
    state: State
    reply: Reply | None = None
    command: str | None = None
    reason: str = ""


def unmet(envelope: Envelope, extensions: Extensions) -> str | None:
    """Why the server cannot take the message for anybody, or None."""
    if envelope.smtputf8 and not extensions.has("SMTPUTF8"):
        return "an address needs SMTPUTF8, which the server does not offer"
    if envelope.eightbit and not extensions.has("8BITMIME"):
        return "the content is 8-bit, and the server does not offer 8BITMIME"
    most = extensions.size
    if most is not None and envelope.size > most:
        return f"the message has {envelope.size} octets, and the server takes {most}"
    if envelope.mail_parameters or envelope.recipient_parameters:
        return _unknown_parameter(envelope, extensions) or _malformed(envelope)
    return None


def _unknown_parameter(envelope: Envelope, extensions: Extensions) -> str | None:
    for parameters in (envelope.mail_parameters, *envelope.recipient_parameters):
        for parameter in parameters:
            keyword = parameter.partition("=")[0].upper()
            needed = EXTENSION_OF.get(keyword)
            if needed is not None and not extensions.has(needed):
                return f"{keyword} needs {needed}, which the server does not offer"
    return None


def _malformed(envelope: Envelope) -> str | None:
    """Found before anything is said: in the middle of a group it would tear the conversation."""
    try:
        Mail(envelope.sender, envelope.size, True, True, envelope.mail_parameters).wire()
        for index, recipient in enumerate(envelope.recipients):
            Rcpt(recipient, envelope.parameters_of(index)).wire()
    except ValueError as error:
        return str(error)
    return None


def unsayable(envelope: Envelope, extensions: Extensions) -> dict[int, str]:
    """The recipients, by index, whose address the server cannot take, and why."""
    needing = [index for index, recipient in enumerate(envelope.recipients) if not recipient.isascii()]
    if not needing or extensions.has("SMTPUTF8"):
        return {}
    reason = "the address needs SMTPUTF8, which the server does not offer"
    return {index: reason for index in needing if needs_smtputf8(envelope.recipients[index])}
