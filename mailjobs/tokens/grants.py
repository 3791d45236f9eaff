"""What is asked of a token endpoint: the form of each grant."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import field
from urllib.parse import quote_plus

from mailjobs.errors import CertificateError
from mailjobs.frozen import frozen
from mailjobs.job.token_url import unfit
from mailjobs.model import Oauth2, ServiceAccount
from mailjobs.secret import Secret
from mailjobs.tokens.assertion import GRANT, assertion
from mailjobs.tokens.key_file import KeyFile, read_key_file


@frozen
class Question:
    """Where to ask, and the form and header lines that ask, which are secret."""

    url: str
    form: dict[str, str] = field(repr=False)
    headers: dict[str, str] = field(repr=False)


def question(oauth2: Oauth2, username: str, refresh_token: Secret | None, now: float) -> Question:
    """What asks for a token, `refresh_token` being the one to use now. Raises CertificateError, SecretError."""
    if oauth2.service_account is not None:
        return _vouched(oauth2, oauth2.service_account, username, now)
    assert oauth2.token_url is not None, "`job` has seen to it"
    form = {"grant_type": "client_credentials"}
    if refresh_token is not None:
        form = {"grant_type": "refresh_token", "refresh_token": refresh_token.reveal()}
    if oauth2.scope:
        form["scope"] = oauth2.scope
    return Question(oauth2.token_url, *_as_client(oauth2, form))


def _as_client(oauth2: Oauth2, form: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """RFC 6749 section 2.3.1. A client without a secret only says who it is."""
    client_id = oauth2.client_id or ""
    if oauth2.client_secret is None:
        return {**form, "client_id": client_id}, {}
    client_secret = oauth2.client_secret.reveal()
    if oauth2.client_authentication == "post":
        return {**form, "client_id": client_id, "client_secret": client_secret}, {}
    told = f"{quote_plus(client_id)}:{quote_plus(client_secret)}"
    basic = Secret.literal(b64encode(told.encode()).decode(), "HTTP Basic")
    return form, {"Authorization": f"Basic {basic.reveal()}"}


def _vouched(oauth2: Oauth2, account: ServiceAccount, username: str, now: float) -> Question:
    """RFC 7523 section 2.1. Whoever has key files has the scope in the claims, others have it in the form."""
    key = read_key_file(account.key.reveal(), account.place)
    url = _url_of(oauth2, key)
    issuer = account.issuer or key.email or oauth2.client_id
    if issuer is None:
        raise CertificateError("the key file has no client_email, and nothing else says who vouches",
                               place=account.place, hint="set `issuer`")  # fmt: skip
    claims = {
        "iss": issuer,
        "sub": account.subject or username,
        "aud": account.audience or url,
        "scope": oauth2.scope if key.whole else None,
    }
    signed = assertion(key.private_key, claims, account.key_id or key.key_id, now, account.place)
    form = {"grant_type": GRANT, "assertion": Secret.literal(signed, "the assertion").reveal()}
    if oauth2.scope and not key.whole:
        form["scope"] = oauth2.scope
    if oauth2.client_id is not None:
        form["client_id"] = oauth2.client_id
    return Question(url, form, {})


def _url_of(oauth2: Oauth2, key: KeyFile) -> str:
    """That of the job goes before that of the key file, which is judged here since nobody has before."""
    url = oauth2.token_url or key.token_url
    place = oauth2.place
    if url is None:
        raise CertificateError("nothing says where tokens are asked for", place=place, hint="set `token_url`")
    why = unfit(url) if oauth2.token_url is None else None
    if why is not None:
        raise CertificateError(f"the key file's token_uri: {why}", place=place)
    return url
