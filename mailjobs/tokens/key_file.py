"""The key of a service account: a JSON key file, or a private key in PEM."""

from __future__ import annotations

import json
from typing import Any

from mailjobs.errors import CertificateError, Place
from mailjobs.frozen import frozen
from mailjobs.secret import Secret

FIELDS = ("private_key", "private_key_id", "client_email", "token_uri")


@frozen
class KeyFile:
    """What a key file says; of a key in PEM only `private_key`. `whole`: whether it is a JSON key file."""

    private_key: Secret
    key_id: str | None = None
    email: str | None = None
    token_url: str | None = None
    whole: bool = False


def read_key_file(text: str, place: Place | None) -> KeyFile:
    """The key file in `text`. Raises CertificateError, whose words hold nothing of it."""
    if not text.lstrip("\ufeff \t\r\n").startswith("{"):
        return KeyFile(_secret(text))
    found = _object(text, place)
    for name in FIELDS:
        if not isinstance(found.get(name), str | None):
            raise CertificateError(f"the key file's {name} is no text", place=place)
    if found.get("type", "service_account") != "service_account" or not found.get("private_key"):
        hint = "the key of a service account has private_key, client_email and token_uri"
        raise CertificateError("the key file is not that of a service account", place=place, hint=hint)
    key_id, email, token_url = (found.get(name) or None for name in FIELDS[1:])
    return KeyFile(_secret(found["private_key"]), key_id, email, token_url, whole=True)


def _object(text: str, place: Place | None) -> dict[str, Any]:
    try:
        found = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        raise CertificateError("the key file begins like JSON, and is none", place=place) from None
    assert isinstance(found, dict), "what begins with a brace is an object"
    return found


def _secret(pem: str) -> Secret:
    return Secret.literal(pem, "the key file")
