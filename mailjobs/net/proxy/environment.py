"""The proxy that the environment or the system names."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple, cast

from mailjobs.errors import SetupError
from mailjobs.job.proxy_url import WRITTEN, BadProxyUrl, split_proxy_url
from mailjobs.model import Proxy
from mailjobs.model.proxy import ProxyType
from mailjobs.secret import Secret

# The first that is set counts. HTTP_PROXY does not: it is for http:// alone, and CGI lets strangers set it.
VARIABLES = ("ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy")
EXCEPTIONS = ("NO_PROXY", "no_proxy")
SYSTEM = ("socks", "all", "https")  # as urllib names the system's settings
BETWEEN = re.compile(r"[,;\s]+")
ESCAPED = "in a name or password / ? # @ and : are %2F %3F %23 %40 and %3A"
HERE = ("socks4", "socks5")  # schemes whose proxies are given addresses, as curl has it


class Found(NamedTuple):
    """A proxy, None where there is none, and which variable names it; servers that are gone to directly."""

    proxy: Proxy | None
    origin: str
    exceptions: tuple[str, ...]


def find(wanted: Proxy, environment: Mapping[str, str] | None = None) -> Found:
    """What stands for `wanted`, whose type is auto. Raises SetupError for a value that is no URL of a proxy."""
    variables = os.environ if environment is None else environment
    named = next((variables[name] for name in EXCEPTIONS if variables.get(name)), "")
    exceptions = tuple(entry for entry in BETWEEN.split(named) if entry)
    for name in VARIABLES:
        if variables.get(name):
            return Found(_proxy(variables[name], name, wanted), name, exceptions)
    if environment is None:
        system = _of_the_system()
        if system is not None:
            return Found(_proxy(system, "the system's settings", wanted), "the system's settings", exceptions)
    return Found(None, "", exceptions)


def _of_the_system() -> str | None:
    from urllib.request import getproxies  # takes its time

    settings = getproxies()
    return next((settings[key] for key in SYSTEM if settings.get(key)), None)


def _proxy(text: str, origin: str, wanted: Proxy) -> Proxy:
    try:
        url = split_proxy_url(text if "://" in text else f"http://{text}")
    except BadProxyUrl as error:
        hint = f"write {WRITTEN}, or unset it{f'; {ESCAPED}' if '@' in text else ''}"
        raise SetupError(f"{origin}: {error}", stage="proxy", hint=hint) from None
    password = url.password
    return replace(
        wanted,
        type=cast(ProxyType, url.type),
        host=url.host,
        port=url.port,
        username=url.username,
        password=Secret(lambda: str(password), f"env {origin}") if password else None,
        resolve=wanted.resolve or ("local" if url.scheme in HERE else "remote"),
    )
