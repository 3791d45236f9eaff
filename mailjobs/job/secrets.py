"""Where secrets come from. One registry; a value is fetched when it is first needed, and never before."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from mailjobs.errors import FileError, Place, SecretError
from mailjobs.job.asking import Asked
from mailjobs.job.files import read_bytes
from mailjobs.job.node import JobPath, Node, place
from mailjobs.job.problems import Problems
from mailjobs.job.template import HOLES
from mailjobs.secret import Secret, keep_from_children


def secret(node: Node, path: JobPath, problems: Problems) -> Secret:
    """The secret that stands at `path`, which the schema has passed."""
    if isinstance(node.value, Asked):
        return _asked(node.value.words, place(node, path))
    if isinstance(node.value, str):
        hint = "write {env: NAME}, {file: path} or {command: [program]}"
        if HOLES.search(node.value):
            problems.warn(node, path, "a secret is never a template: this is taken as it stands", hint=hint)
        problems.warn(node, path, "the secret stands in the job itself, for all who can read it", hint=hint)
        return Secret.literal(node.value)
    kind, inner = next(node.items())
    return SOURCES[kind](inner, (*path, kind), problems)


def _env(node: Node, path: JobPath, problems: Problems) -> Secret:
    name: str = node.value
    spot = place(node, path)
    keep_from_children(name)

    def fetch() -> str:
        value = os.environ.get(name)
        if not value:
            state = "is not set" if value is None else "is empty"
            raise SecretError(f"the environment variable {name} {state}", place=spot, hint=f"export {name}=…")
        if not value.isascii():
            _text(os.fsencode(value), spot, f"the environment variable {name}")  # else it could not be sent anywhere
        return value

    return Secret(fetch, f"env {name}")


def _file(node: Node, path: JobPath, problems: Problems) -> Secret:
    file = node.source.folder / node.value
    spot = place(node, path)
    if _others_can_read(file):
        problems.warn(node, path, f"others can read '{file}'", hint="chmod 600")

    def fetch() -> str:
        try:
            return _text(read_bytes(file), spot, f"'{file}'")
        except FileError as error:
            raise SecretError(error.message, place=spot) from error

    return Secret(fetch, f"file {file}")


def _others_can_read(file: Path) -> bool:
    try:
        mode = file.stat().st_mode
        return os.name == "posix" and stat.S_ISREG(mode) and bool(mode & 0o044)
    except (OSError, ValueError):
        return False


def _command(node: Node, path: JobPath, problems: Problems) -> Secret:
    return of_command(node, path)


def of_command(node: Node, path: JobPath) -> Secret:
    """The secret that a program prints; it is run, in the folder of its file, when that is revealed."""
    words: list[str] = node.plain()
    spot, folder = place(node, path), node.source.folder

    def fetch() -> str:
        from mailjobs.job.program import printed

        return _text(printed(words, folder, spot), spot, f"what the program '{words[0]}' prints")

    return Secret(fetch, f"command {words[0]}")


def _text(raw: bytes, spot: Place, what: str) -> str:
    try:
        text = raw.decode("utf-8").removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise SecretError(f"{what} is not UTF-8", place=spot) from None
    if not text:
        raise SecretError(f"{what} is empty", place=spot)
    return text


def _keyring(node: Node, path: JobPath, problems: Problems) -> Secret:
    entry: dict[str, str] = node.plain()
    service, username = entry["service"], entry["username"]
    spot = place(node, path)

    def fetch() -> str:
        from mailjobs.job.keyring_entry import read_entry

        value = read_entry(service, username, spot)
        if not value:
            raise SecretError(f"the keyring has no entry for {username} at {service}", place=spot)
        return value

    return Secret(fetch, f"keyring {service}")


def _asked(words: str, spot: Place) -> Secret:
    """A secret that a person is asked for, on the terminal, when it is revealed; `words` say which."""

    def fetch() -> str:
        from mailjobs.job.prompt import ask

        return ask(words, spot)

    return Secret(fetch, "the terminal")


SOURCES: dict[str, Callable[[Node, JobPath, Problems], Secret]] = {
    "env": _env,
    "file": _file,
    "command": _command,
    "keyring": _keyring,
}
