"""Rows that a program prints, as CSV or JSON Lines. It is run once in a run: its output is kept in a file meanwhile."""

from __future__ import annotations

import atexit
import os
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import BinaryIO

from mailjobs.errors import DataError, SetupError
from mailjobs.model import Source
from mailjobs.rows import csv_source, jsonl_source
from mailjobs.rows.records import Bad, refuse
from mailjobs.rows.row import Row
from mailjobs.secret import environment_of_children

LAST_WORDS = 2000  # octets of what a program says when it fails


def rows(source: Source, bad: Bad = refuse) -> Iterator[Row]:
    """The rows. Raises SetupError where the program cannot be run, DataError where it fails or prints no rows."""
    kept = _kept(source)
    return csv_source.rows(kept, bad) if source.format == "csv" else jsonl_source.rows(kept, bad)


def _kept(source: Source) -> Source:
    return replace(source, path=_output(source), label=f"what {source.words[0]} prints")


@cache
def _output(source: Source) -> Path:
    """The file with all that the program prints."""
    descriptor, name = tempfile.mkstemp(prefix="mailjobs-", suffix=".rows")
    path = Path(name)
    atexit.register(path.unlink, missing_ok=True)
    with os.fdopen(descriptor, "wb") as output, tempfile.TemporaryFile() as errors:
        _run(source, output, errors)
    return path


def _run(source: Source, output: BinaryIO, errors: BinaryIO) -> None:
    import subprocess

    program = f"the program '{source.words[0]}'"
    try:
        # run() ends the program where we are interrupted
        done = subprocess.run(
            source.words,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            cwd=source.path,
            env=environment_of_children(),
            check=False,
        )
    except (OSError, ValueError) as error:
        words = error.strerror if isinstance(error, OSError) else "not a command"
        raise SetupError(f"{program} cannot be run: {words}", place=source.place) from None
    if done.returncode:
        said = f": {_last_line(errors)}".removesuffix(": ")
        raise DataError(f"{program} failed with exit status {done.returncode}{said}", place=source.place)


def _last_line(errors: BinaryIO) -> str:
    size = errors.seek(0, os.SEEK_END)
    errors.seek(max(size - LAST_WORDS, 0))
    lines = errors.read().decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else ""
