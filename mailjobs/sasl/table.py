"""The mechanisms, strongest first. Adding one: one file here, one line in this table, one name in the schema."""

from __future__ import annotations

from collections.abc import Iterable

from mailjobs.errors import AuthError
from mailjobs.sasl.anonymous import Anonymous
from mailjobs.sasl.cram_md5 import CramMd5
from mailjobs.sasl.digest_md5 import DigestMd5
from mailjobs.sasl.external import External
from mailjobs.sasl.gssapi import Gssapi
from mailjobs.sasl.login import Login
from mailjobs.sasl.mechanism import Circumstances, Credentials, Mechanism
from mailjobs.sasl.ntlm import Ntlm
from mailjobs.sasl.oauthbearer import OAuthBearer
from mailjobs.sasl.plain import Plain
from mailjobs.sasl.scram import ScramSha1, ScramSha1Plus, ScramSha256, ScramSha256Plus, ScramSha512, ScramSha512Plus
from mailjobs.sasl.xoauth2 import XOAuth2

# NTLM is the last that `auto` takes: it shows no password, and what it shows is good for breaking in elsewhere.
MECHANISMS: dict[str, type[Mechanism]] = {
    "GSSAPI": Gssapi,
    "SCRAM-SHA-512-PLUS": ScramSha512Plus,
    "SCRAM-SHA-256-PLUS": ScramSha256Plus,
    "SCRAM-SHA-1-PLUS": ScramSha1Plus,
    "SCRAM-SHA-512": ScramSha512,
    "SCRAM-SHA-256": ScramSha256,
    "SCRAM-SHA-1": ScramSha1,
    "OAUTHBEARER": OAuthBearer,
    "XOAUTH2": XOAuth2,
    "DIGEST-MD5": DigestMd5,
    "CRAM-MD5": CramMd5,
    "PLAIN": Plain,
    "LOGIN": Login,
    "NTLM": Ntlm,
    "EXTERNAL": External,
    "ANONYMOUS": Anonymous,
}
SECURE = "'tls: starttls' or 'tls: implicit'"


def choose(circumstances: Circumstances, credentials: Credentials, wanted: str | None = None) -> type[Mechanism]:
    """The mechanism that was wanted, else the strongest that both sides have.

    Raises AuthError where none may be used: one that shows a password or token is never used without TLS, and nothing
    relaxes that.
    """
    offered, tls = circumstances.offered, circumstances.bind is not None
    candidates = [_known(wanted)] if wanted else [kind for kind in MECHANISMS.values() if _suits(kind, credentials)]
    usable = [kind for kind in candidates if kind.name in offered]
    if not usable:
        raise _not_offered(offered, wanted)
    safe = [kind for kind in usable if tls or not (kind.shows_secret or kind.binds)]
    if not safe:
        raise _unsafe(usable[0], offered)
    return safe[0]


def _known(wanted: str) -> type[Mechanism]:
    name = wanted.upper()
    if name not in MECHANISMS:
        raise AuthError(f"mailjobs has no mechanism {name}; it has: {', '.join(MECHANISMS)}", stage="AUTH")
    return MECHANISMS[name]


def _suits(kind: type[Mechanism], credentials: Credentials) -> bool:
    """Whether `kind` may be taken without having been named."""
    authorized = kind.authorizes or not credentials.authorization_identity
    return kind.automatic and authorized and kind.needs <= credentials.given


def _not_offered(offered: Iterable[str], wanted: str | None) -> AuthError:
    names = ", ".join(offered)
    what = f"does not offer {wanted.upper()}" if wanted else "offers no mechanism that this login can use"
    hint: str | None
    if not names:
        hint = "many servers offer AUTH only after STARTTLS, or not at all on this port"
    elif wanted:
        hint = BY_NAME.get(wanted.upper(), "'mechanism: auto' takes the strongest that both sides have")
    else:
        hint = _other_ways(offered)
    return AuthError(f"the server {what}; it offers: {names or 'none'}", stage="AUTH", hint=hint)


# `auto` never takes these, so it is no advice.
BY_NAME = {
    "EXTERNAL": "servers offer it to those alone who show a client certificate that they know",
    "ANONYMOUS": "this server lets nobody in without a name",
}


def _other_ways(offered: Iterable[str]) -> str | None:
    """What would have to stand in the job for what is offered."""
    ways = [WAYS[name] for name in offered if name in WAYS]
    return "; ".join(dict.fromkeys(ways)) or None


WAYS = {
    "OAUTHBEARER": "OAUTHBEARER and XOAUTH2 take a `token`",
    "XOAUTH2": "OAUTHBEARER and XOAUTH2 take a `token`",
    "PLAIN": "PLAIN takes `username` and `password`",
    "LOGIN": "LOGIN takes `username` and `password`, and no `authorization_identity`",
    "GSSAPI": "for Kerberos write `gssapi: {}`",
    "EXTERNAL": "for the client certificate write `mechanism: external`",
}


def _unsafe(kind: type[Mechanism], offered: Iterable[str]) -> AuthError:
    names = ", ".join(offered)
    if kind.binds:
        return AuthError(f"{kind.name} binds the login to TLS, and there is none", stage="AUTH", hint=SECURE)
    shown = "token" if "token" in kind.needs else "password"
    return AuthError(
        f"{kind.name} would show the {shown} to everybody on the way: it is never used without TLS; "
        f"the server offers: {names}",
        stage="AUTH",
        hint=SECURE,
    )
