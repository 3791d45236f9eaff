"""What the laboratory's servers write down of a login: by which mechanism, and as whom."""

from __future__ import annotations

import re
import time
from pathlib import Path

from tests.fixtures.lab import Lab

PATIENCE = 20  # seconds until a line that does not come is a failure
LATELY = 200_000  # octets of a log that are looked at
# What Exim calls its authenticators.
EXIM = {
    "plain": "PLAIN", "login": "LOGIN", "cram": "CRAM-MD5", "ntlm": "NTLM", "digest": "DIGEST-MD5",
    "scram256": "SCRAM-SHA-256", "gssapi": "GSSAPI", "external": "EXTERNAL",
}  # fmt: skip


def postfix_login(lab: Lab, reply: str) -> tuple[str, str]:
    """Mechanism and user of the message that Postfix took with `reply`."""
    queued = re.search(r"queued as (\w+)", reply)
    assert queued, reply
    pattern = rf"{queued[1]}: client=\S+, sasl_method=(\S+), sasl_username=(\S+)"
    found = _wait(lab.directory / "log" / "postfix.log", pattern)
    return found[1], found[2]


def exim_login(lab: Lab, reply: str) -> tuple[str, str]:
    """Mechanism and user of the message that Exim took with `reply`."""
    taken = re.search(r"id=(\S+)", reply)
    assert taken, reply
    found = _wait(lab.directory / "exim" / "log" / "mainlog", rf"{re.escape(taken[1])} <= .* A=(\w+):(\S+)")
    return EXIM[found[1]], found[2]


def dovecot_login(lab: Lab, port: int) -> tuple[str, str]:
    """Mechanism and user of the connection that came from `port` to Dovecot's submission server, the last one."""
    log = lab.directory / "dovecot" / "log" / "dovecot.log"
    session = _wait(log, rf"service=submission.*session=(\S+).*\brport={port}\b")[1]
    found = _wait(log, rf"Login: user=<(\S*)>, method=(\S+), .*session=<{re.escape(session)}>")
    return found[2], found[1]


def _end_of(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(max(0, file.seek(0, 2) - LATELY))
        return file.read().decode(errors="replace")


def _wait(log: Path, pattern: str) -> re.Match[str]:
    """The last line that fits; lines are written a little after the reply."""
    end = time.monotonic() + PATIENCE
    while True:
        found = list(re.finditer(pattern, _end_of(log)))
        if found:
            return found[-1]
        assert time.monotonic() < end, f"{log} has nothing of {pattern}"
        time.sleep(0.02)
