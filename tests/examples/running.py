"""The examples, run as a user runs them."""

from __future__ import annotations

import json
import os
import subprocess
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from tests.sandbox.process import MAILJOBS

EXAMPLES = Path(__file__).parents[2] / "examples"


def mailjobs(*arguments: str | Path, port: int = 1, **variables: str) -> subprocess.CompletedProcess[str]:
    """`mailjobs ARGUMENTS`, with the examples' server on loopback at `port`. Nothing else of our variables is seen."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "MAILJOBS_RUN_STATE_DIR") if name in os.environ}
    server = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(port), "SMTP_TLS": "none"}
    command = [*MAILJOBS, *map(str, arguments)]
    environment = {**kept, **server, **variables}
    return subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", timeout=60, check=False)


def run(job: Path, port: int, **variables: str) -> dict[str, Any]:
    """The report of a run, which must succeed."""
    done = mailjobs("run", "--json", job, port=port, **variables)
    assert done.returncode == 0, done.stdout + done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def parsed(content: bytes) -> EmailMessage:
    """A message as the standard library reads it."""
    return message_from_bytes(content, _class=EmailMessage, policy=policy.default)


def body(message: EmailMessage, kind: str = "plain") -> str:
    """The decoded text of a body, its lines ended by LF."""
    part = message.get_body((kind,))
    assert part is not None
    text: str = part.get_content()
    return text.replace("\r\n", "\n")
