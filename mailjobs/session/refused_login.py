"""What a refused login means. Servers echo what they were told, so their words are read and not shown."""

from __future__ import annotations

import re

from mailjobs.errors import AuthError
from mailjobs.sasl import Mechanism
from mailjobs.smtp import Reply

OTHER_WAY = "this account may want an app password, or a token (`mechanism: xoauth2`), instead of its password"
SWITCHED_OFF = "this account or its organisation has logins by password over SMTP switched off: ask who runs it"
# Words that servers are known to say -> what they mean for the job.
WORDS = (
    (re.compile(r"app(lication)?[- ]specific password|app password", re.IGNORECASE), OTHER_WAY),
    (re.compile(r"SmtpClientAuthentication is disabled|basic authentication is disabled", re.IGNORECASE), SWITCHED_OFF),
    (re.compile(r"log ?in (via|with) your web browser", re.IGNORECASE), OTHER_WAY),
)
ENHANCED = {
    "4.7.12": "the server wants the password changed over to this mechanism: log in once by plain",
    "5.7.9": OTHER_WAY,
    "5.7.11": "the server wants TLS for this mechanism: 'tls: starttls' or 'tls: implicit'",
    "5.5.6": "the server takes no line of this length",
}
CODES = {
    500: "the server does not know AUTH here",
    501: "the server cannot read what it was told: try `initial_response: never`, or another mechanism",
    502: "the server does not know AUTH here",
    503: "the server takes no login now, perhaps because it wants TLS first",
    504: "the server offers this mechanism and does not have it: name another one in `mechanism`",
    534: "the server wants a stronger mechanism, or an app password",
    538: ENHANCED["5.7.11"],
}


def refused_login(mechanism: Mechanism, reply: Reply) -> AuthError:
    """The error for a reply that is not 235: its codes, and what the mechanism heard in the exchange."""
    codes = Reply(reply.code, (reply.enhanced or "",))
    shown = f"{reply.code} {reply.enhanced}" if reply.enhanced else str(reply.code)
    who = f" as {mechanism.identity}" if mechanism.identity else ""
    told = f"; the server tells: {mechanism.complaint}" if mechanism.complaint else ""
    return AuthError(
        f"login{who} by {mechanism.name} was refused: {shown}{told}",
        reply=codes,
        command="AUTH",
        stage="AUTH",
        hint=_hint(mechanism, reply),
    )


def _hint(mechanism: Mechanism, reply: Reply) -> str:
    for words, hint in WORDS:
        if words.search(reply.text):
            return hint
    found = ENHANCED.get(reply.enhanced or "") or CODES.get(reply.code)
    if found:
        return found
    if reply.temporary:
        return "try again later"
    return mechanism.check if reply.permanent else "this is no answer to a login: the server may be none for mail"
