"""What queue files are called: `NAME.queued`, and another suffix for each thing that becomes of them."""

from __future__ import annotations

import itertools
import os
import re
from hashlib import blake2b
from pathlib import Path
from typing import Final

from mailjobs import clock

QUEUED: Final = ".queued"
SENDING: Final = ".sending"
HELD: Final = ".held"
FAILED: Final = ".failed"
SENT: Final = ".sent"
SUFFIXES: Final = (QUEUED, SENDING, HELD, FAILED, SENT)
DAMAGED: Final = ".damaged"  # behind the suffix that the file had
DRAFT: Final = ".draft"  # of a name that begins with a dot: it is being written
PREPARED: Final = ".prepared"  # likewise, for a run that may be resumed: only that run takes it away

_STRANGE: Final = re.compile(r"[^A-Za-z0-9-]+")
_count = itertools.count()


def host_name() -> str:
    """This machine, as in names and claims."""
    return os.uname().nodename


def fresh_name() -> str:
    """A name that no other process, here or elsewhere, gives to anything: time, host, process, count, chance.

    Names of one process sort as they were made.
    """
    moment = clock.now().strftime("%Y%m%dT%H%M%S.%f")
    return f"{moment}-{_plain(host_name())}-{os.getpid()}-{next(_count):06d}-{os.urandom(4).hex()}"


def row_name(run: str, batch: str, key: str) -> str:
    """The name of one row's message, whenever it is asked for: it derives from the run and the row key alone."""
    digest = blake2b(f"{batch}\0{key}".encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return f"{_plain(run, 40)}-{digest}"


def draft_of(name: str, suffix: str = DRAFT) -> str:
    """What the file is called until it is whole and on the disk."""
    return f".{name}{suffix}"


def is_queued(folder: Path, name: str) -> bool:
    """Whether a file of that name is in the queue, whatever has become of it. Twice, since it may just change it."""
    files = [f"{name}{suffix}{more}" for more in ("", DAMAGED) for suffix in SUFFIXES]
    return any(os.path.lexists(folder / file) for file in (*files, *files))


def is_prepared(folder: Path, name: str) -> bool:
    """Whether a file of that name was written by a batch that did not come to give it its name."""
    return os.path.lexists(folder / draft_of(name, PREPARED))


def split_name(file: str) -> tuple[str, str]:
    """Name and suffix of a queue file; the suffix is "" for a file that is none."""
    name, dot, word = file.rpartition(".")
    suffix = f"{dot}{word}"
    return (name, suffix) if suffix in SUFFIXES and name and not name.startswith(".") else (file, "")


def _plain(text: str, longest: int = 32) -> str:
    return _STRANGE.sub("-", text)[:longest] or "-"
