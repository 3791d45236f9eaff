"""What a program of the job prints, where that is a secret."""

from __future__ import annotations

import os
import selectors
import subprocess
from pathlib import Path

from mailjobs import clock
from mailjobs.errors import Place, SecretError
from mailjobs.secret import environment_of_children

SECONDS = 60
LARGEST = 1024 * 1024  # octets: far above any secret, far below what hurts


class _TooMuch(Exception):
    """It prints more than `LARGEST`."""


def printed(words: list[str], folder: Path, spot: Place) -> bytes:
    """All that the program prints, run in `folder`. No shell is asked, and other secrets are kept from it.

    Neither output nor arguments go into errors. What it says on its standard error goes to ours as it comes, so that
    a person sees what it waits for. Raises SecretError: it cannot be run, fails, prints more than a mebibyte, or takes
    longer than a minute.
    """
    program = f"the program '{words[0]}'"
    try:
        status, output = _run(words, folder)
    except subprocess.TimeoutExpired:
        raise SecretError(f"{program} did not end within {SECONDS} seconds", place=spot) from None
    except _TooMuch:
        raise SecretError(f"{program} prints more than {LARGEST // 1024} KiB", place=spot) from None
    except (OSError, ValueError) as error:
        words_for = error.strerror if isinstance(error, OSError) else "not a command"
        raise SecretError(f"{program} cannot be run: {words_for}", place=spot) from None
    if status < 0:
        raise SecretError(f"{program} was ended by signal {-status}", place=spot)
    if status:
        hint = "what it says about that is above"
        raise SecretError(f"{program} failed with exit status {status}", place=spot, hint=hint)
    return output


def _run(words: list[str], folder: Path) -> tuple[int, bytes]:
    """Exit status and output. Raises OSError, ValueError, TimeoutExpired, _TooMuch; then it does not run any more."""
    end = clock.monotonic() + SECONDS
    with subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, cwd=folder, env=environment_of_children()
    ) as process:
        try:
            assert process.stdout is not None, "it is a pipe"
            output = _output(process.stdout.fileno(), end)
            return process.wait(max(end - clock.monotonic(), 0)), output
        except BaseException:
            process.kill()
            raise


def _output(descriptor: int, end: float) -> bytes:
    """All that comes until nobody has the other side open. Raises TimeoutExpired, _TooMuch."""
    found = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(descriptor, selectors.EVENT_READ)
        while len(found) <= LARGEST:
            if not selector.select(max(end - clock.monotonic(), 0)):
                raise subprocess.TimeoutExpired("", SECONDS)
            piece = os.read(descriptor, 65536)
            if not piece:
                return bytes(found)
            found += piece
    raise _TooMuch
