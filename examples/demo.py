"""`make demo`: start the sandbox, run two examples against it, show what arrived, stop it.

Needs nothing but mailjobs with its sandbox extra. Uses a temporary directory and a free port, so it can be run
at any time and as often as one likes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
MAILJOBS = (sys.executable, "-m", "mailjobs")
JOBS = (HERE / "ci-notification" / "job.yaml", HERE / "batch-from-csv" / "job.yaml")


@contextmanager
def sandbox(directory: str) -> Iterator[int]:
    """A sandbox that keeps messages in `directory`; gives its port, and is certain to end."""
    command = [*MAILJOBS, "sandbox", directory, "--port", "0", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8") as process:
        try:
            ready = process.stdout.readline() if process.stdout else ""
            if not ready:
                raise SystemExit(process.wait() or 1)
            yield json.loads(ready)["port"]
        finally:
            process.terminate()


def say(line: str = "") -> None:
    """Write at once, so that our lines and those of the commands keep their order."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def show_kept(directory: str) -> None:
    """List the messages, and show the first as it arrived."""
    messages = sorted(Path(directory).glob("*.eml"))
    say(f"\nThe sandbox kept {len(messages)} messages:")
    for message in messages:
        envelope = json.loads((message.parent / f"{message.name[:4]}.json").read_text(encoding="utf-8"))
        say(f"  {message.name}  {envelope['from']} -> {', '.join(envelope['to'])}")
    if messages:
        say(f"\n{messages[0].name}:\n")
        for line in messages[0].read_text(encoding="utf-8").splitlines():
            say(f"  {line}")


def main() -> int:
    """The whole demonstration; its exit status is that of the first job that fails."""
    with tempfile.TemporaryDirectory(prefix="mailjobs-demo-") as directory:
        with sandbox(directory) as port:
            say(f"A sandbox listens on 127.0.0.1:{port}: it takes every message and delivers none.")
            environment = {**os.environ, "SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(port), "SMTP_TLS": "none"}
            environment["MAILJOBS_RUN_STATE_DIR"] = os.path.join(directory, "state")
            for job in JOBS:
                shown = os.path.relpath(job)
                say(f"\n$ mailjobs run {shown}")
                done = subprocess.run([*MAILJOBS, "run", shown], env=environment, check=False)
                if done.returncode:
                    return done.returncode
        show_kept(directory)
    return 0


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except KeyboardInterrupt:
        raise SystemExit(130) from None
