"""Ask for a token, and say in words what went wrong."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from mailjobs import clock
from mailjobs.errors import AuthError, MailjobsError, ProtocolError, SecretError
from mailjobs.model import Oauth2
from mailjobs.secret import Secret
from mailjobs.tokens.answer import BadAnswer, printed_token, refusal_of, token_of
from mailjobs.tokens.endpoint import STAGE, WHERE, Response, post
from mailjobs.tokens.grants import question
from mailjobs.tokens.token import Token

LATER = ("temporarily_unavailable", "server_error", "slow_down")
HINTS = {
    "invalid_client": "the endpoint does not know the client: see auth.oauth2.client_id and client_secret",
    "unauthorized_client": "the client may not do this: see auth.oauth2.client_id and what it is registered for",
    "invalid_scope": "see auth.oauth2.scope",
    "unsupported_grant_type": "the endpoint gives no tokens in this way: see auth.oauth2.token_url",
}
GRANT_HINTS = {
    "refresh_token": "auth.oauth2.refresh_token is expired, revoked, or that of another client: get a new one",
    "service_account": "see auth.oauth2.service_account: key, issuer, subject, audience, and this machine's clock",
}


def ask(oauth2: Oauth2, username: str, refresh_token: Secret | None = None) -> Token:
    """A new token, for `refresh_token` where that is the way.

    Raises AuthError where the endpoint refuses (with its code, words and HTTP status; temporary where it says so),
    ProtocolError for an answer that is none, SecretError, CertificateError, and whatever keeps one from the endpoint.
    """
    now = clock.now().timestamp()
    if oauth2.command is not None:
        return _printed(oauth2, oauth2.command, now)
    try:
        asked = question(oauth2, username, refresh_token, now)
        response = post(asked.url, asked.form, asked.headers, oauth2.ca, oauth2.timeout)
        return _token(oauth2, response, now, urlsplit(asked.url))
    except UnicodeEncodeError:
        error: MailjobsError = SecretError("a secret or a setting of auth.oauth2 has bytes that are not UTF-8")
    except MailjobsError as caught:
        error = caught
    error.place = error.place or oauth2.place
    raise error from None


def _token(oauth2: Oauth2, response: Response, now: float, url: SplitResult) -> Token:
    """The token of a response. Raises AuthError and ProtocolError, which name the endpoint."""
    peer = {"stage": STAGE, "host": url.hostname, "port": url.port or (443 if url.scheme == "https" else 80)}
    if response.status != 200:
        raise _refused(oauth2, response).within(**peer)
    try:
        return token_of(response.body, now)
    except BadAnswer as why:
        if refusal_of(response.body) is not None:  # some endpoints say 200 to everything
            raise _refused(oauth2, response).within(**peer) from None
        words = f"the token endpoint's answer is not what RFC 6749 has: {why}"
        raise ProtocolError(words, hint=WHERE, **peer) from None


def _printed(oauth2: Oauth2, command: Secret, now: float) -> Token:
    try:
        return printed_token(command.reveal(anew=True), now)
    except BadAnswer as why:
        raise SecretError(f"what the {command.origin} prints is no access token: {why}", place=oauth2.place) from None


def _refused(oauth2: Oauth2, response: Response) -> MailjobsError:
    refusal, status = refusal_of(response.body), response.status
    if refusal is None:
        return _unexplained(status)
    temporary = status == 429 or status >= 500 or refusal.code in LATER
    words = f": {refusal.words}" if refusal.words else ""
    return AuthError(
        f"the token endpoint refused: {refusal.code}{words} (HTTP {status})",
        stage=STAGE,
        temporary=temporary,
        hint="try again later" if temporary else _hint(oauth2, refusal.code),
    )


def _unexplained(status: int) -> MailjobsError:
    temporary = status == 429 or status >= 500
    if 300 <= status < 400:
        words = f"the token endpoint points elsewhere (HTTP {status}), where no secret is sent"
        return AuthError(words, stage=STAGE, hint=WHERE)
    hint = "try again later" if temporary else WHERE
    return AuthError(f"the token endpoint gives no token: HTTP {status}", stage=STAGE, temporary=temporary, hint=hint)


def _hint(oauth2: Oauth2, code: str) -> str | None:
    if code in ("invalid_grant", "invalid_request", "access_denied"):
        way = "refresh_token" if oauth2.refresh_token is not None else "service_account"
        return GRANT_HINTS[way] if way == "refresh_token" or oauth2.service_account else None
    return HINTS.get(code)
