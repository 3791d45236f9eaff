"""Which URLs a secret may be sent to."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

PRINTABLE = re.compile(r"[!-~]{1,2000}")


def unfit(url: str) -> str | None:
    """Why no token is asked for at `url`, in words without the URL; None where it is fit.

    It is https, or http to this machine, and holds neither a password nor a fragment.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "not a URL"
    if not PRINTABLE.fullmatch(url) or not host:
        return "not a URL of a token endpoint (write https://host/path)"
    if parts.username is not None or parts.password is not None or "@" in parts.netloc:
        return "a password in a URL is refused (write `client_secret: {env: …}`)"
    if parts.fragment:
        return "the URL of a token endpoint has no fragment"
    if parts.scheme == "https" or (parts.scheme == "http" and on_this_machine(host)):
        return None
    return "secrets are sent by https alone; http goes to this machine only"


def on_this_machine(host: str) -> bool:
    """Whether `host` is localhost or an address of the loopback interface."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
