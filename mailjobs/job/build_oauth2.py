"""`auth.oauth2`: how an access token is had, as the model has it."""

from __future__ import annotations

import re

from mailjobs import model
from mailjobs.job.node import JobPath, Node, key_place
from mailjobs.job.problems import Problems
from mailjobs.job.providers import PROVIDERS, Provider
from mailjobs.job.secrets import of_command, secret
from mailjobs.job.template import check_named
from mailjobs.job.values import plain, seconds
from mailjobs.secret import Secret

WAYS = ("refresh_token", "service_account", "command")
NEVER_WITH = {
    "command": (
        "provider",
        "token_url",
        "tenant",
        "client_id",
        "client_secret",
        "client_authentication",
        "scope",
        "ca",
    ),
    "service_account": ("client_secret", "client_authentication"),
}
TENANT = re.compile(r"[A-Za-z0-9.-]{1,255}")


def build_oauth2(node: Node, path: JobPath, problems: Problems) -> model.Oauth2 | None:
    """The settings, or None where they are no way to a token. Problems are added to `problems`."""
    found = len(problems.errors)
    way = _way(node, path, problems)
    provider = PROVIDERS.get(plain(node.get("provider"), ""))
    token_url = _token_url(node, path, way, provider, problems)
    if way == "refresh_token" or way is None:
        _require(node, path, ("client_id",), problems)
    if len(problems.errors) > found:
        return None
    ca = node.get("ca")
    if ca is not None:
        check_named(ca, (*path, "ca"), problems)
    command = node.get("command")
    account = node.get("service_account")
    return model.Oauth2(
        token_url=token_url,
        client_id=plain(node.get("client_id")),
        client_secret=_secret(node, path, "client_secret", problems),
        refresh_token=_secret(node, path, "refresh_token", problems),
        service_account=_account(account, (*path, "service_account"), problems) if account else None,
        command=of_command(command, (*path, "command")) if command else None,
        scope=plain(node.get("scope"), _scope(way, provider)),
        client_authentication=plain(node.get("client_authentication"), "post"),
        cache=plain(node.get("cache"), "file"),
        ca=ca.source.folder / ca.value if ca else None,
        timeout=seconds(node.get("timeout"), (*path, "timeout"), problems, 30),
        place=key_place(node, path),
    )


def _way(node: Node, path: JobPath, problems: Problems) -> str | None:
    """Which of `WAYS`; None for what a client is given for its own secret."""
    given = [way for way in WAYS if node.get(way) is not None]
    if len(given) > 1:
        spot = node.value[given[1]]
        problems.at_key(spot, (*path, given[1]), f"a token is had by {given[0]} or by {given[1]}, not both")
    if not given and node.get("client_secret") is None:
        hint = "refresh_token, service_account, command, or client_secret alone"
        problems.at_key(node, path, "nothing says how a token is had", hint=hint)
    way = given[0] if given else None
    for key in NEVER_WITH.get(way or "", ()):
        if node.get(key) is not None:
            problems.at_key(node.value[key], (*path, key), f"'{key}' has no meaning beside '{way}'")
    return way


def _token_url(node: Node, path: JobPath, way: str | None, provider: Provider | None, problems: Problems) -> str | None:
    """Where tokens are asked for; None where the key file or a command knows."""
    given, tenant = node.get("token_url"), node.get("tenant")
    if tenant is not None and (provider is None or "{tenant}" not in provider.token_url):
        problems.at_key(tenant, (*path, "tenant"), "'tenant' goes with 'provider: microsoft'")
        return None
    if given is not None:
        _check_url(given, (*path, "token_url"), problems)
        return str(given.value)
    if provider is None:
        if way not in ("command", "service_account"):
            _require(node, path, ("token_url",), problems, hint="or `provider: google` or `provider: microsoft`")
        return None
    if way is None and tenant is None and "{tenant}" in provider.token_url:
        _require(node, path, ("tenant",), problems, hint="the tenant's id or domain: `common` gives no client a token")
    name = plain(tenant, "common")
    if not TENANT.fullmatch(name) and tenant is not None:
        problems.at(tenant, (*path, "tenant"), f"{name!r:.80} is no id or domain of a tenant")
    return provider.token_url.format(tenant=name)


def _check_url(node: Node, path: JobPath, problems: Problems) -> None:
    from mailjobs.job.token_url import unfit

    why = unfit(node.value)
    if why is not None:
        problems.at(node, path, why)


def _require(node: Node, path: JobPath, keys: tuple[str, ...], problems: Problems, hint: str | None = None) -> None:
    for key in keys:
        if node.get(key) is None:
            problems.at_key(node, path, f"missing key '{key}'", hint=hint)


def _scope(way: str | None, provider: Provider | None) -> str | None:
    if provider is None:
        return None
    return provider.own_scope if way is None else provider.scope


def _secret(node: Node, path: JobPath, key: str, problems: Problems) -> Secret | None:
    found = node.get(key)
    return secret(found, (*path, key), problems) if found else None


def _account(node: Node, path: JobPath, problems: Problems) -> model.ServiceAccount:
    return model.ServiceAccount(
        key=secret(node.value["key"], (*path, "key"), problems),
        issuer=plain(node.get("issuer")),
        subject=plain(node.get("subject")),
        audience=plain(node.get("audience")),
        key_id=plain(node.get("key_id")),
        place=key_place(node, path),
    )
