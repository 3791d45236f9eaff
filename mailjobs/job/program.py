"""What a program of the job prints, where that is a secret."""

from __future__ import annotations

import subprocess

from mailjobs.errors import Place, SecretError
from mailjobs.secret import environment_of_children

SECONDS = 60


def printed(words: list[str], spot: Place) -> bytes:
    """All that the program prints on its standard output. No shell is asked, and other secrets are kept from it.

    Neither output nor arguments go into errors. What it says on its standard error goes to ours as it comes, so that
    a person sees what it waits for. Raises SecretError: it cannot be run, fails, or takes longer than a minute.
    """
    program = f"the program '{words[0]}'"
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            env=environment_of_children(),
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SecretError(f"{program} did not end within {SECONDS} seconds", place=spot) from None
    except (OSError, ValueError) as error:
        words_for = error.strerror if isinstance(error, OSError) else "not a command"
        raise SecretError(f"{program} cannot be run: {words_for}", place=spot) from None
    if done.returncode:
        hint = "what it says about that is above" if done.returncode > 0 else None
        raise SecretError(f"{program} failed with exit status {done.returncode}", place=spot, hint=hint)
    return done.stdout
