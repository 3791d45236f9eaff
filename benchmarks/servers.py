"""What the measurements run against, all on loopback: programs that listen, and a relay that delays what it passes on.

The sinks themselves are in sinks.py.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

HERE = Path(__file__).parent
SYSTEM_FOLDERS = "/usr/sbin:/sbin:/usr/local/sbin"
START_SECONDS = 10.0
END_SECONDS = 5.0


def tool(name: str, package: str) -> str:
    """The path of a program. Ends the measurement where it is missing."""
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":" + SYSTEM_FOLDERS)
    if found is None:
        raise SystemExit(f"{name} is missing; Debian has it in the package {package}: apt-get install {package}")
    return found


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
        return port


def compiled(name: str, folder: Path) -> str:
    """`benchmarks/NAME.c` as a program in `folder`; compiled once."""
    program = folder / name
    if not program.exists():
        subprocess.run([tool("cc", "gcc"), "-O2", "-o", str(program), str(HERE / f"{name}.c")], check=True)
    return str(program)


@contextmanager
def started(command: Sequence[str], port: int, out: IO[bytes] | None = None) -> Iterator[int]:
    """A program that listens on `port`, and is certain to end. Gives its process id."""
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(command, stdout=out or subprocess.DEVNULL, stderr=errors)
        try:
            _wait(process, port, errors)
            yield process.pid
        finally:
            process.terminate()
            try:
                process.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, errors: IO[bytes]) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    errors.seek(0)
    raise SystemExit(f"{process.args!r} does not listen on port {port}: {errors.read().decode(errors='replace')}")


@contextmanager
def delayed(target: int, one_way_us: int, folder: Path) -> Iterator[int]:
    """delayproxy.c before port `target`: each byte takes `one_way_us` microseconds longer. Gives its port."""
    port = free_port()
    with started([compiled("delayproxy", folder), str(port), str(target), str(one_way_us)], port):
        yield port
