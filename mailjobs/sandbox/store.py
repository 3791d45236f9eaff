"""Where kept messages go: `0001-subject.eml`, the exact octets, and `0001.json`, its envelope."""

from __future__ import annotations

import json
import os
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from mailjobs import clock
from mailjobs.errors import OutputError
from mailjobs.sandbox.seen import Kept, subject_of

NUMBERED = re.compile(r"(\d+)[-.]")
SLUG_LENGTH = 40


class Store:
    """A directory of numbered messages. Numbers go on after those of the files already there."""

    def __init__(self, directory: Path) -> None:
        """Make `directory` where it is missing. Raises OutputError where nothing can be written to it."""
        self.directory = directory
        try:
            directory.mkdir(parents=True, exist_ok=True)
            taken = [int(found[1]) for name in os.listdir(directory) if (found := NUMBERED.match(name))]
        except OSError as cause:
            raise OutputError(f"cannot keep messages in {directory}: {cause.strerror}") from cause
        if not os.access(directory, os.W_OK | os.X_OK):
            raise OutputError(f"cannot keep messages in {directory}: it is not writable")
        self._next = max(taken, default=0) + 1

    def keep(self, content: bytes, sender: str, recipients: Sequence[str], peer: str) -> Kept:
        """Write one message and its envelope. Raises OSError, and then leaves neither file."""
        number, sidecar = self._claim()
        subject = subject_of(content)
        file = self.directory / f"{number:04}-{slug(subject)}.eml"
        kept = Kept(number, file, sender, tuple(recipients), peer, clock.now(), subject, len(content))
        try:
            file.write_bytes(content)
            sidecar.write_bytes(_json(kept))
        except OSError:
            file.unlink(missing_ok=True)
            sidecar.unlink(missing_ok=True)
            raise
        return kept

    def _claim(self) -> tuple[int, Path]:
        """The next free number. Its sidecar is created at once, so that two servers may share a directory."""
        while True:
            number, self._next = self._next, self._next + 1
            sidecar = self.directory / f"{number:04}.json"
            try:
                sidecar.touch(exist_ok=False)
            except FileExistsError:
                continue
            return number, sidecar


def _json(kept: Kept) -> bytes:
    # Octets of an address that are not UTF-8 were read as surrogates, which JSON writes as \udcXX.
    return (json.dumps(kept.envelope(), ensure_ascii=False, indent=2) + "\n").encode("utf-8", "backslashreplace")


def slug(subject: str) -> str:
    """`subject` as part of a file name: ASCII letters, digits and single hyphens; "message" where none remain."""
    plain = unicodedata.normalize("NFKD", subject).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", plain.lower())
    return words[:SLUG_LENGTH].strip("-") or "message"
