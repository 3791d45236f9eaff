"""A file that is written for the user: whole or not at all, for nobody else to read, over nothing that is the job's."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from mailjobs.errors import MailjobsError, OutputError, UsageError
from mailjobs.rows.csv_rows import OURS

HEAD = 1 << 16  # octets that tell whether a file is one of ours


def check_target(path: Path, job: Path, state: Path) -> None:
    """Raises UsageError where the file is the job's, or anything but an export; OutputError where none can be there."""
    real = Path(os.path.realpath(path))
    if not os.path.isdir(real.parent):
        raise OutputError(f"cannot write {path}: there is no directory {real.parent}")
    if real.is_relative_to(os.path.realpath(state)):
        raise UsageError(f"'{path}' lies in the state of the job", hint="name a file elsewhere")
    try:
        kind = stat.S_IFMT(real.stat().st_mode)
    except FileNotFoundError:
        return
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from None
    if kind != stat.S_IFREG:
        raise OutputError(f"cannot write {path}: it is not a regular file")
    if any(_same(real, own) for own in [job, *_files_of(job)]):
        raise UsageError(f"'{path}' is a file of the job, and would be overwritten")
    if not _is_export(real):
        raise UsageError(f"'{path}' exists, and is no earlier export", hint="name another file, or remove it")


@contextmanager
def new_file(path: Path) -> Iterator[TextIO]:
    """Write to a draft beside `path`, which takes its place at the end. Raises OutputError."""
    import tempfile

    real = os.path.realpath(path)
    name = ""
    try:
        descriptor, name = tempfile.mkstemp(prefix=".export-", dir=os.path.dirname(real))
        with open(descriptor, "w", encoding="utf-8", errors="backslashreplace", newline="") as out:
            yield out
        os.replace(name, real)
    except BaseException as error:
        with suppress(OSError):
            os.unlink(name)
        if isinstance(error, OSError):
            raise OutputError(f"cannot write {path}: {error.strerror}") from None
        raise


def _files_of(job: Path) -> list[Path]:
    """What the job is read from, if it can be read."""
    from mailjobs.job import load_job

    try:
        loaded = load_job(job, strict=False).job
    except MailjobsError:
        return []
    return [*loaded.files, *[source.path for source in loaded.data.values()]]


def _same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:
        return False


def _is_export(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            first = file.readline(HEAD)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from None
    return not first or all(name.encode() in first for name in OURS)
