"""A run that dies, or whose calls into the kernel fail, at one of these calls. See faults.c."""

from __future__ import annotations

import shutil
import struct
import subprocess
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from random import Random

SOURCE = Path(__file__).with_name("faults.c")
# In the order of the source.
NAMES = (
    "open", "create", "read", "pread", "write", "print", "pwrite", "writev", "fsync", "fdatasync", "rename", "link",
    "unlink", "mkdir", "rmdir", "ftruncate", "flock", "lock", "connect", "send", "recv",
)  # fmt: skip
READING = ("open", "read", "pread", "lock")  # of which there are many, and that leave nothing behind
WRITING = tuple([name for name in NAMES if name not in READING])
HEAD = struct.Struct("=II")  # how many there were, and at which one it happens
HALVED = ("write", "pwrite", "send")


def build(folder: Path) -> Path | None:
    """The library; None where there is no C compiler."""
    if shutil.which("cc") is None:
        return None
    library = folder / "faults.so"
    subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", library, SOURCE, "-ldl"], check=True)
    return library


@dataclass(frozen=True)
class Point:
    """The `number`-th of the calls of these names, from 1, and what happens there: see FAULTS_HOW.

    `on`: to all calls behind it as well.
    """

    number: int
    calls: tuple[str, ...]
    how: str = "kill"
    on: bool = False
    ahead: int = 0  # seconds by which the clock of the day is

    def environment(self, library: Path, file: Path) -> dict[str, str]:
        """What a run has to be started with; `file` is made anew."""
        file.unlink(missing_ok=True)
        return {
            "LD_PRELOAD": str(library),
            "FAULTS_FILE": str(file),
            "FAULTS_AT": str(self.number),
            "FAULTS_CALLS": "".join([f"{name}," for name in self.calls]),
            "FAULTS_HOW": self.how,
            "FAULTS_ON": "1" if self.on else "",
            "FAULTS_CLOCK": str(self.ahead),
        }


def seen(file: Path) -> list[str]:
    """The names of the calls that were counted, in their order."""
    data = file.read_bytes()
    count, _ = HEAD.unpack_from(data)
    return [NAMES[octet] for octet in data[HEAD.size : HEAD.size + count]]


def strike(file: Path, ahead: int) -> None:
    """Let the run that counts its calls in `file` come to its point so many calls from now."""
    with file.open("r+b") as shared:
        count, _ = HEAD.unpack(shared.read(HEAD.size))
        shared.seek(HEAD.size // 2)
        shared.write(struct.pack("=I", count + ahead))


def chosen(calls: list[str], count: int, random: Random) -> list[int]:
    """About `count` numbers of calls, from 1: of each name at least one, and evenly over those of a name."""
    places = defaultdict(list)
    for number, name in enumerate(calls, 1):
        places[name].append(number)
    total = sum(map(len, places.values()))
    found = []
    for numbers in places.values():
        step = max(len(numbers) / max(count * len(numbers) / total, 1), 1)
        at = random.random() * step
        while at < len(numbers):
            found.append(numbers[int(at)])
            at += step
    return sorted(found)
