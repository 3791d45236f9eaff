"""Three ways out of a command: an expected error, an interruption, a bug with a report ready to paste."""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any, cast

import click

from mailjobs import __version__
from mailjobs.cli.actions import annotate, on_actions
from mailjobs.errors import ExitStatus, Interrupted, MailjobsError, Problem
from mailjobs.report.problems import problems_text
from mailjobs.report.visible import visible
from mailjobs.secret import bug_report


class _Lossy:
    """stderr. Where nobody can be told any more what is wrong, the exit status still says it."""

    def __init__(self, inner: io.TextIOWrapper) -> None:
        self._inner = inner

    def write(self, text: str) -> int:
        with suppress(OSError):
            self._inner.write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._inner.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def guarded(action: Callable[[], object]) -> int:
    """Carry out `action` and turn whatever it raises into words on stderr and an exit status."""
    _open_missing()
    _never_refuse()
    signal.signal(signal.SIGTERM, _terminated)
    signal.signal(signal.SIGINT, _interrupted)
    try:
        status = action()
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return int(ExitStatus.USAGE)
    except click.Abort:
        return int(ExitStatus.INTERRUPTED)
    except (BrokenPipeError, SystemExit):  # click leaves by the latter where nobody reads any more
        _silence_stdout()
        return int(ExitStatus.IOERR)
    except MailjobsError as error:
        return tell(error)
    except OSError as error:  # of files the other rooms tell; what is left is what is printed
        _silence_stdout()
        what = visible(str(error.filename or "standard output"))
        click.echo(f"mailjobs: cannot write {what}: {error.strerror}", err=True)
        return int(ExitStatus.IOERR)
    except Exception as error:  # noqa: BLE001 - the last line of defence tells a bug as a bug
        return _bug(error)
    return status if isinstance(status, int) else int(ExitStatus.OK)


def tell(error: MailjobsError) -> int:
    """Say on stderr what is wrong; its exit status."""
    text = problems_text(error.problems) if error.problems else visible(f"mailjobs: {error}")
    click.echo(text, err=True)
    if on_actions():
        annotate(error.problems or [Problem(error.message, error.place, hint=error.hint)])
    return int(error.exit_status)


def _interrupted(number: int, frame: FrameType | None) -> None:
    raise Interrupted("interrupted")


def _terminated(number: int, frame: FrameType | None) -> None:
    error = Interrupted("terminated")
    error.exit_status = ExitStatus.TERMINATED
    raise error


def _open_missing() -> None:
    """A stream that was closed before the start is as good as /dev/null; no file or socket may get its number."""
    for name, number in (("stdin", 0), ("stdout", 1), ("stderr", 2)):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)
            if descriptor != number:
                os.dup2(descriptor, number)
                os.close(descriptor)
            setattr(sys, name, open(number, "r" if number == 0 else "w", encoding="utf-8", closefd=False))  # noqa: SIM115 it stays open


def _never_refuse() -> None:
    """What the encoding of a terminal lacks is shown as an escape: half a character of a file name, é in ASCII."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    if isinstance(sys.stderr, io.TextIOWrapper):
        sys.stderr = cast(io.TextIOWrapper, _Lossy(sys.stderr))


def _silence_stdout() -> None:
    """Nobody reads any more; keep the interpreter from complaining when it flushes at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _bug(error: Exception) -> int:
    """A report ready to paste: versions and the traceback, without local values."""
    import platform

    click.echo(
        "mailjobs: this is a bug in mailjobs, not in your job. Please report it with what follows.\n\n"
        f"mailjobs {__version__}, Python {platform.python_version()}, {platform.platform()}\n{bug_report(error)}",
        err=True,
    )
    return int(ExitStatus.SOFTWARE)
