"""Asking a person for a secret."""

from __future__ import annotations

import getpass
import os
import sys

from mailjobs.errors import Place, SecretError, SetupError


def ask(words: str, spot: Place | None) -> str:
    """What a person types on a terminal that does not show it. Raises SetupError where there is none, SecretError."""
    if not _has_terminal():
        raise SetupError("--ask-pass needs a terminal to ask on", place=spot, hint="{env: NAME} works without one")
    try:
        typed = getpass.getpass(f"{words}: ")
    except EOFError:
        typed = ""
    if not typed:
        raise SecretError(f"no answer to '{words}'", place=spot)
    return typed


def _has_terminal() -> bool:
    """Whether there is a terminal of our own, whatever standard input is: that may be the job."""
    if os.name != "posix":
        return sys.stdin.isatty()
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True
