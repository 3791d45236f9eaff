"""Packages that come with the extra `html`."""

from __future__ import annotations

from mailjobs.errors import SetupError


def missing(doing: str, package: str) -> SetupError:
    """The error where `package` is not installed; `doing` is what needs it."""
    return SetupError(f"{doing} needs {package}", hint="pip install 'mailjobs[html]'")
