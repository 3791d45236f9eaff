"""Credentials and circumstances as the tests of mechanisms want them."""

from __future__ import annotations

from mailjobs.sasl import Circumstances, Credentials
from mailjobs.secret import Secret

BINDING = ("tls-exporter", b"\x00\x01binding")


def me(password: str = "sesame", username: str = "jürgen", authzid: str | None = None) -> Credentials:
    return Credentials(username, Secret.literal(password), authzid)


def bearer(token: str, username: str = "user@example.com", authzid: str | None = None) -> Credentials:
    return Credentials(username, None, authzid, Secret.literal(token))


def server(*offered: str, tls: bool = True, host: str = "localhost", port: int = 587) -> Circumstances:
    return Circumstances(host, port, offered, (lambda: BINDING) if tls else None)
