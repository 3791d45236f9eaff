"""Files that a job is made of: read whole, within bounds, with errors that say what is wrong with them."""

from __future__ import annotations

import stat
from pathlib import Path

from mailjobs.errors import EncodingError, FileError, JobError, Place, Problem

MAX_SIZE = 8 * 1024 * 1024
MARKS = {
    b"\xef\xbb\xbf": "",
    b"\xff\xfe\x00\x00": "UTF-32",
    b"\x00\x00\xfe\xff": "UTF-32",
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}


def read_bytes(path: Path) -> bytes:
    """The content of a regular file of at most 8 MiB. Raises FileError."""
    try:
        if "\0" in str(path):
            raise FileError("a file name cannot hold a NUL")
        _refuse_special(path)
        with path.open("rb") as file:
            content = file.read(MAX_SIZE + 1)
    except OSError as error:
        raise FileError(why_not(path, error)) from error
    return within_bounds(content, f"'{path}'")


def within_bounds(content: bytes, what: str) -> bytes:
    """`content`, of which at least one octet more than allowed was read. Raises FileError where there is more."""
    if len(content) > MAX_SIZE:
        raise FileError(f"{what} is larger than {MAX_SIZE // 1024 // 1024} MiB")
    return content


def _refuse_special(path: Path) -> None:
    """Before it is opened: opening a pipe waits for somebody who writes."""
    mode = path.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise FileError(f"'{path}' is not a regular file")


def check_file(path: Path) -> None:
    """Raises FileError where `path` is no file that can be read; reads nothing of it."""
    try:
        if "\0" in str(path):
            raise FileError("a file name cannot hold a NUL")
        _refuse_special(path)
        path.open("rb").close()
    except OSError as error:
        raise FileError(why_not(path, error)) from error


def why_not(path: Path, error: OSError) -> str:
    """In words, why a file cannot be opened."""
    words = {
        FileNotFoundError: f"the file '{path}' does not exist",
        IsADirectoryError: f"'{path}' is a directory, not a file",
        PermissionError: f"the file '{path}' may not be read",
    }
    return words.get(type(error), f"the file '{path}' cannot be read: {error.strerror or error}")


def job_text(raw: bytes, label: str) -> str:
    """The text of a YAML file: UTF-8, with or without a byte order mark. Raises JobError with the byte's place."""
    for mark, name in MARKS.items():
        if raw.startswith(mark):
            if name:
                raise _not_text(raw, 0, label, f"the file is {name}", "save it as UTF-8")
            raw = raw[len(mark) :]
            break
    if b"\0" in raw:
        offset = raw.index(b"\0")
        raise _not_text(raw, offset, label, f"a NUL byte at offset {offset}: this is no text file", None)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        wrong = f"byte 0x{raw[error.start]:02x} at offset {error.start} is not UTF-8"
        raise _not_text(raw, error.start, label, wrong, "save the file as UTF-8") from error


def _not_text(raw: bytes, offset: int, label: str, message: str, hint: str | None) -> JobError:
    before = raw[:offset].split(b"\n")
    spot = Place(label, len(before), len(before[-1].decode("utf-8", "replace")) + 1)
    return JobError.of([Problem(message, spot, hint=hint)])


def decoded(raw: bytes, encoding: str, name: Path) -> str:
    """`raw` in a codec from `codec()`, without a byte order mark. Raises EncodingError with the byte's offset."""
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        byte = raw[error.start]
        raise EncodingError(
            f"'{name}': byte 0x{byte:02x} at offset {error.start} is not {encoding}", hint="set `encoding`"
        ) from error
    return text.removeprefix("\ufeff")
