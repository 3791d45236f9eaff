"""The keys of connections, appended to a file for tools that decrypt captured traffic (the NSS key log format)."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from mailjobs.errors import OutputError

FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


def check_key_log(path: Path) -> None:
    """See to it that keys can be logged there. Raises OutputError."""
    _append(path, b"")


def log_key(path: Path, line: bytes) -> None:
    """Append one line. Raises OutputError."""
    _append(path, line + b"\n")


def _append(path: Path, data: bytes) -> None:
    """In one write, so that lines of several processes do not mix."""
    try:
        number = os.open(path, FLAGS, 0o600)
    except OSError as error:
        link = path.is_symlink()
        words = "it is a symbolic link, which may lead anywhere" if link else error.strerror
        raise OutputError(f"cannot write the key log '{path}': {words}") from None
    try:
        _check(path, os.fstat(number))
        os.write(number, data)
    except OSError as error:
        raise OutputError(f"cannot write the key log '{path}': {error.strerror}") from None
    finally:
        os.close(number)


def _check(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise OutputError(f"cannot write the key log '{path}': it is no plain file")
    if os.name == "posix" and found.st_mode & 0o077:
        words = f"the key log '{path}' is open to others, and whoever has it can read what goes over the connection"
        raise OutputError(words, hint=f"chmod 600 '{path}', or another file")
