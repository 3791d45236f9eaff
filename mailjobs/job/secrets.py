"""Where secrets come from. One registry; a value is fetched when it is first needed, and never before."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from mailjobs.errors import FileError, Place, SecretError, SetupError
from mailjobs.job.files import read_bytes
from mailjobs.job.node import JobPath, Node, place
from mailjobs.job.problems import Problems
from mailjobs.job.template import HOLES
from mailjobs.secret import Secret

COMMAND_SECONDS = 60


def secret(node: Node, path: JobPath, problems: Problems) -> Secret:
    """The secret that stands at `path`, which the schema has passed."""
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

    def fetch() -> str:
        value = os.environ.get(name)
        if not value:
            state = "is not set" if value is None else "is empty"
            raise SecretError(f"the environment variable {name} {state}", place=spot, hint=f"export {name}=…")
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
        return os.name == "posix" and bool(file.stat().st_mode & 0o044)
    except (OSError, ValueError):
        return False


def _command(node: Node, path: JobPath, problems: Problems) -> Secret:
    words: list[str] = node.plain()
    spot = place(node, path)
    return Secret(lambda: _output(words, spot), f"command {words[0]}")


def _output(words: list[str], spot: Place) -> str:
    """What a program prints. Neither its output nor its arguments go into errors."""
    import subprocess

    program = f"the program '{words[0]}'"
    try:
        done = subprocess.run(
            words, stdin=subprocess.DEVNULL, capture_output=True, timeout=COMMAND_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise SecretError(f"{program} did not end within {COMMAND_SECONDS} seconds", place=spot) from None
    except (OSError, ValueError) as error:
        words_for = error.strerror if isinstance(error, OSError) else "not a command"
        raise SecretError(f"{program} cannot be run: {words_for}", place=spot) from None
    if done.returncode:
        raise SecretError(f"{program} failed with exit status {done.returncode}", place=spot)
    return _text(done.stdout, spot, f"what {program} prints")


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
    spot = place(node, path)
    return Secret(lambda: _from_keyring(entry["service"], entry["username"], spot), f"keyring {entry['service']}")


def _from_keyring(service: str, username: str, spot: Place) -> str:
    from importlib import import_module

    try:
        keyring, errors = import_module("keyring"), import_module("keyring.errors")
    except ImportError:
        hint = "pip install 'mailjobs[keyring]'"
        raise SetupError("the keyring needs an optional package", place=spot, hint=hint) from None
    try:
        value = keyring.get_password(service, username)
    except errors.KeyringError as error:
        raise SecretError(f"the keyring does not answer: {type(error).__name__}", place=spot) from error
    if not value:
        raise SecretError(f"the keyring has no entry for {username} at {service}", place=spot)
    return str(value)


SOURCES: dict[str, Callable[[Node, JobPath, Problems], Secret]] = {
    "env": _env,
    "file": _file,
    "command": _command,
    "keyring": _keyring,
}
