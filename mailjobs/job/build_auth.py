"""Who logs in, as the model has it. What a mechanism needs and cannot use is told before anything is sent."""

from __future__ import annotations

import re

from mailjobs import model
from mailjobs.job.build_gssapi import build_gssapi
from mailjobs.job.node import JobPath, Node, key_place
from mailjobs.job.problems import Problems
from mailjobs.job.secrets import secret
from mailjobs.job.values import plain
from mailjobs.secret import Secret

BY_TOKEN = ("xoauth2", "oauthbearer")
SHOWING = ("plain", "login", *BY_TOKEN)
BY_PASSWORD = ("plain", "login", "cram-md5", "digest-md5", "ntlm")
AUTHORIZING = ("auto", "plain", "digest-md5", "oauthbearer", "gssapi", "external")
BINDING = "-plus"
HINTS = {"password": "such as {env: SMTP_PASSWORD}; or `--ask-pass` asks for it"}
EXTRAS = {"ntlm": ("spnego", "NTLM", "ntlm"), "gssapi": ("gssapi", "Kerberos", "kerberos")}
# What a bearer token looks like, with or without the word in front.
TOKEN = re.compile(r"bearer\b|ya29\.|eyJ[\w-]+\.", re.IGNORECASE)


def build_auth(node: Node | None, path: JobPath, tls: model.Tls, problems: Problems) -> model.Auth | None:
    """The login, or None where there is none. Problems are added to `problems`."""
    if node is None:
        return None
    mechanism = plain(node.get("mechanism"), "auto")
    _check_tls(node, path, mechanism, tls, problems)
    _check_needs(node, path, mechanism, problems)
    _check_ticket(node, path, mechanism, problems)
    _check_identity(node, path, mechanism, problems)
    _check_extra(node, path, mechanism, problems)
    return model.Auth(
        username=plain(node.get("username")),
        password=_secret(node, "password", path, problems),
        token=_secret(node, "token", path, problems),
        oauth2=_oauth2(node, path, problems),
        mechanism=mechanism,
        authorization_identity=plain(node.get("authorization_identity")),
        initial_response=plain(node.get("initial_response"), "auto"),
        channel_binding=plain(node.get("channel_binding"), "auto"),
        gssapi=build_gssapi(node.get("gssapi"), (*path, "gssapi"), problems),
        place=key_place(node, path),
    )


def _secret(node: Node, key: str, path: JobPath, problems: Problems) -> Secret | None:
    found = node.get(key)
    return None if found is None else secret(found, (*path, key), problems)


def _oauth2(node: Node, path: JobPath, problems: Problems) -> model.Oauth2 | None:
    found, token = node.get("oauth2"), node.get("token")
    if found is None:
        return None
    from mailjobs.job.build_oauth2 import build_oauth2

    if token is not None:
        problems.at_key(token, (*path, "token"), "a login has 'token' or 'oauth2', not both")
    return build_oauth2(found, (*path, "oauth2"), problems)


def _token_key(node: Node) -> str:
    """Under which key the token is, or is to be."""
    return "token" if node.get("oauth2") is None else "oauth2"


def needed(node: Node, mechanism: str) -> tuple[str, ...]:
    """The keys that a login by `mechanism` has to have; `auto` goes by what is there."""
    if mechanism in BY_PASSWORD or mechanism.startswith("scram-"):
        return ("username", "password")
    if mechanism in BY_TOKEN:
        return ("username", _token_key(node))
    if mechanism == "auto" and node.get("gssapi") is None:
        return ("username", "password" if node.get(_token_key(node)) is None else _token_key(node))
    return ()


def _check_needs(node: Node, path: JobPath, mechanism: str, problems: Problems) -> None:
    for key in needed(node, mechanism):
        if node.get(key) is None:
            hint = f"{mechanism} needs it" if mechanism != "auto" else HINTS.get(key)
            problems.at_key(node, path, f"missing key '{key}'", hint=hint)
    unused = ("password", "token", "oauth2", "gssapi", *(("username",) if mechanism == "external" else ()))
    for key in unused:
        found = node.get(key)
        if found is not None and mechanism != "auto" and key not in _used(node, mechanism):
            hint = "`authorization_identity` says whom to act as" if key == "username" else None
            problems.at_key(found, (*path, key), f"{mechanism} has no use for '{key}'", hint=hint)
    binding = node.get("channel_binding")
    if binding is not None and mechanism != "auto" and not mechanism.endswith(BINDING):
        hint = "auto and the mechanisms that end in -plus do"
        problems.at_key(binding, (*path, "channel_binding"), f"{mechanism} has no channel binding", hint=hint)


def _check_ticket(node: Node, path: JobPath, mechanism: str, problems: Problems) -> None:
    """Where a Kerberos ticket comes from is said once."""
    password, settings = node.get("password"), node.get("gssapi")
    if mechanism != "gssapi" or password is None:
        return
    if node.get("username") is None:
        problems.at_key(node, path, "missing key 'username'", hint="the password is somebody's")
    for key in ("keytab", "credential_cache"):
        if settings is not None and settings.get(key) is not None:
            words = f"a ticket is had by the password or by '{key}', not by both"
            problems.at_key(password, (*path, "password"), words)


def _used(node: Node, mechanism: str) -> tuple[str, ...]:
    return ("password", "gssapi") if mechanism == "gssapi" else needed(node, mechanism)


def _check_tls(node: Node, path: JobPath, mechanism: str, tls: model.Tls, problems: Problems) -> None:
    """No password and no token without TLS; no login at all where TLS is left to the server; none by no certificate."""
    hint = "set tls.mode to auto, starttls or implicit"
    if tls.mode == "opportunistic":
        problems.at_key(node, path, "nobody logs in over TLS that the server may leave out", hint=hint)
    elif tls.mode != "none":
        if mechanism == "external" and tls.certificate is None:
            words = "external logs in with a certificate, and this server is shown none"
            problems.at_key(node, path, words, hint="set tls.certificate, such as {file: me.pfx}")
    elif mechanism in SHOWING or (mechanism == "auto" and node.get(_token_key(node)) is not None):
        what = "password" if mechanism in ("plain", "login") else "token"
        problems.at_key(node, path, f"everybody on the way could read the {what}: it needs TLS", hint=hint)
    elif mechanism == "external" or mechanism.endswith(BINDING):
        problems.at_key(node, path, f"{mechanism} works over TLS alone", hint=hint)


def _check_identity(node: Node, path: JobPath, mechanism: str, problems: Problems) -> None:
    found = node.get("authorization_identity")
    if found is None:
        return
    here = (*path, "authorization_identity")
    if TOKEN.match(found.value):
        words = "this looks like a bearer token, which would be shown here"
        problems.at_key(found, here, words, hint="write it as `token`, which is a secret")
    elif mechanism not in AUTHORIZING and not mechanism.startswith("scram-"):
        problems.at_key(found, here, f"{mechanism} has no authorization identity")


def _check_extra(node: Node, path: JobPath, mechanism: str, problems: Problems) -> None:
    """The optional package of a mechanism."""
    wanted = "gssapi" if mechanism == "auto" and node.get("gssapi") is not None else mechanism
    if wanted not in EXTRAS:
        return
    from importlib.util import find_spec

    package, what, extra = EXTRAS[wanted]
    if find_spec(package) is None:
        spot = node.get("mechanism") or node
        problems.setup(spot, path, f"{what} needs an optional package", hint=f"pip install 'mailjobs[{extra}]'")
