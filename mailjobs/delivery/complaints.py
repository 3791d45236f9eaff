"""Which refusals for a while are about our speed."""

from __future__ import annotations

from mailjobs.delivery.errand import TOO_MANY
from mailjobs.smtp import Outcome

OF_MAILBOX = ("4.1.", "4.2.")  # of one address, or one mailbox: RFC 3463 sections 3.2 and 3.3
TOO_MANY_RECIPIENTS = "4.5.3"  # RFC 3463 section 3.6
GREYLISTED = ("greylist", "graylist", "grey-list", "gray-list", "grey list", "gray list")  # RFC 6647


def of_server(outcome: Outcome) -> bool:
    """421, or 4xx at MAIL."""
    reply = outcome.reply
    return reply is not None and reply.temporary and (reply.code == 421 or outcome.command == "MAIL")


def of_domain(outcome: Outcome, taken: bool) -> bool:
    """4xx at RCPT that may be meant for all of the domain. `taken` is whether others of the message were.

    Not a mailbox that is full, nor too many recipients of one message, nor a server that lets everybody come twice.
    """
    reply = outcome.reply
    if reply is None or not reply.temporary or outcome.command != "RCPT":
        return False
    enhanced = reply.enhanced
    if enhanced is None:
        too_many = taken and reply.code in TOO_MANY
    else:
        too_many = enhanced == TOO_MANY_RECIPIENTS or enhanced.startswith(OF_MAILBOX)
    words = reply.text.lower()
    return not too_many and not any(word in words for word in GREYLISTED)
