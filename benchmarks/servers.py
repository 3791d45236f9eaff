"""What the measurements run against, all on loopback: sinks that take mail, and a relay that delays it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
SYSTEM_FOLDERS = "/usr/sbin:/sbin:/usr/local/sbin"
START_SECONDS = 10.0


def tool(name: str, package: str) -> str:
    """The path of a program. Ends the measurement where it is missing."""
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":" + SYSTEM_FOLDERS)
    if found is None:
        raise SystemExit(f"{name} is missing; Debian has it in the package {package}")
    return found


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port: int = sock.getsockname()[1]
        return port


def compiled(name: str, folder: Path) -> str:
    """`benchmarks/NAME.c` as a program in `folder`."""
    program = folder / name
    subprocess.run([tool("cc", "gcc"), "-O2", "-o", str(program), str(HERE / f"{name}.c")], check=True)
    return str(program)


@contextmanager
def started(command: Sequence[str], port: int) -> Iterator[int]:
    """A program that listens on `port`, and is certain to end."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        try:
            _wait(process, port)
            yield port
        finally:
            process.terminate()


def _wait(process: subprocess.Popen[str], port: int) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    process.terminate()
    errors = process.stderr.read() if process.stderr else ""
    raise SystemExit(f"{process.args!r} does not listen on port {port}: {errors}")


@contextmanager
def smtp_sink() -> Iterator[int]:
    """Postfix's smtp-sink: takes all mail, keeps none. Gives its port."""
    port = free_port()
    # It refuses to run as root unless told whom to become.
    become = ["-u", "nobody"] if os.geteuid() == 0 else []
    with started([tool("smtp-sink", "postfix"), *become, f"127.0.0.1:{port}", "100"], port):
        yield port


@contextmanager
def counting_sink(folder: Path) -> Iterator[int]:
    """csink.c: takes all mail and counts it. Gives its port."""
    port = free_port()
    with started([compiled("csink", folder), str(port)], port):
        yield port


@contextmanager
def delayed(target: int, one_way_us: int, folder: Path) -> Iterator[int]:
    """delayproxy.c before port `target`: each byte takes `one_way_us` microseconds longer. Gives its port."""
    port = free_port()
    with started([compiled("delayproxy", folder), str(port), str(target), str(one_way_us)], port):
        yield port
