"""Tables in the folder for temporary files, which may be full."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from mailjobs.errors import OutputError


@contextmanager
def temporary() -> Iterator[None]:
    """What cannot be written in here is raised as OutputError."""
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise cannot_write(error) from None


def cannot_write(error: OSError | sqlite3.Error) -> OutputError:
    """The error that says so."""
    words = error.strerror if isinstance(error, OSError) else error
    return OutputError(f"cannot write a temporary file: {words}", hint="TMPDIR names another folder")
