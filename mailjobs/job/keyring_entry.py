"""The system's keyring, through the package of that name, which is an extra."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from mailjobs.errors import Interrupted, Place, SecretError, SetupError


def read_entry(service: str, username: str, spot: Place | None) -> str | None:
    """The entry of `username` at `service`; None where there is none. Raises SetupError, SecretError."""
    found = _asked("get_password", spot, service, username)
    return None if found is None else str(found)


def write_entry(service: str, username: str, value: str, spot: Place | None) -> None:
    """Put `value` in the place of the entry. Raises SetupError, SecretError."""
    _asked("set_password", spot, service, username, value)


def _asked(what: str, spot: Place | None, *arguments: str) -> Any:
    try:
        keyring = import_module("keyring")
    except ImportError:
        hint = "pip install 'mailjobs[keyring]'"
        raise SetupError("the keyring needs an optional package", place=spot, hint=hint) from None
    try:
        return getattr(keyring, what)(*arguments)
    except Interrupted:
        raise
    except ImportError:
        name = "NoBackEnd"
    except Exception as error:  # noqa: BLE001 - back ends are others', and raise what they like
        name = type(error).__name__
    if name == "NoBackEnd":
        hint = "see PYTHON_KEYRING_BACKEND, and keyringrc.cfg"
        raise SetupError("the keyring is set to a back end that is not there", place=spot, hint=hint)
    if name == "NoKeyringError":
        hint = "a machine without a desktop has none: use {env: …}, {file: …} or {command: […]}"
        raise SetupError("this machine has no keyring that could be asked", place=spot, hint=hint)
    raise SecretError(f"the keyring does not answer: {name}", place=spot)
