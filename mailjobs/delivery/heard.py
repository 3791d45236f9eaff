"""What a server says of a connection, and not of the message that was at hand when it said it."""

from __future__ import annotations

from collections.abc import Sequence

from mailjobs.delivery.manners import blames_pipelining
from mailjobs.errors import ConnectionLost, MailjobsError, ProtocolError
from mailjobs.smtp import Outcome

GOODBYE = 421
BAD_SEQUENCE = 503
Heard = tuple[tuple[Outcome, ...], MailjobsError | None]


def of_the_message(outcomes: tuple[Outcome, ...], error: MailjobsError | None) -> Heard:
    """A 421 before any content ends a session that has been of use: the message was not attempted, and the connection
    is lost. Servers end sessions after so many messages, or after some time, in this way (RFC 5321 section 3.8).
    """
    for outcome in outcomes:
        if outcome.state != "accepted":
            break
    else:
        return outcomes, error
    said = [outcome for outcome in outcomes if _goodbye(outcome)]
    if not said:
        return outcomes, error
    lost = error or ConnectionLost(f"the server ended the conversation: {said[0].reply}")
    return _unsaid(outcomes, said), lost


def in_step(outcomes: tuple[Outcome, ...], error: MailjobsError | None) -> Heard | None:
    """What is left of an answer that only says that commands came too early; None where it says anything else."""
    said = [outcome for outcome in outcomes if _out_of_step(outcome)]
    if not said or len(said) < len([outcome for outcome in outcomes if outcome.reply is not None]):
        return None
    return _unsaid(outcomes, said), error or ProtocolError(f"the server bears no pipelining: {said[0].reply}")


def _goodbye(outcome: Outcome) -> bool:
    return outcome.reply is not None and outcome.reply.code == GOODBYE and outcome.command != "the message"


def _out_of_step(outcome: Outcome) -> bool:
    if outcome.reply is None or outcome.command not in ("MAIL", "RCPT", "DATA"):
        return False
    return outcome.reply.code == BAD_SEQUENCE or blames_pipelining(outcome.reply)


def _unsaid(outcomes: tuple[Outcome, ...], said: Sequence[Outcome]) -> tuple[Outcome, ...]:
    return tuple([Outcome(one.recipient, "not-attempted") if one in said else one for one in outcomes])
