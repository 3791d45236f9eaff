"""Twenty messages with an attachment of 10 MB: megabytes a second on the wire, and peak memory, beside three peers.

mailjobs sends a batch: the same file to everybody, and a file of their own to each. smtplib and Nodemailer make each
message anew; curl sends a message that was made beforehand, over one connection. Megabytes are those of the file in
base64, lines and all, over the time of the whole command; the rate beyond start-up, the same command with a file of one
octet, stands beside it. The sink is csink.c, which also counts the octets: smtp-sink takes some 200 MB/s at most.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
from binascii import b2a_base64
from collections.abc import Callable, Sequence
from pathlib import Path

from batch_workload import address
from measured import MEGABYTE, Run, interleaved, own_peak, run
from senders import PEERS, nodemailer
from sinks import Sink, counting_sink, statistics_of
from verdicts import Verdicts

TARGET_RATE, TARGET_MB = 350, 90
OWN = "own/{{ row.number }}.bin"


def write(folder: Path, port: int, count: int, size: int) -> Path:
    """Files of `size` octets, rows, the jobs and what the peers read."""
    (folder / "own").mkdir(parents=True)
    to = [address(n) for n in range(1, count + 1)]
    for number in range(count + 1):
        fill(folder / ("same.bin" if not number else f"own/{number}.bin"), size)
    encode(folder / "same.bin", folder / "ready.eml")
    rows = "".join(f"{number},{one}\n" for number, one in enumerate(to, 1))
    (folder / "rows.csv").write_text("number,email\n" + rows)
    (folder / "single.json").write_text(json.dumps({"to": to, "attachment": "same.bin"}))
    for name, attachment in (("same", "same.bin"), ("own", OWN)):
        message = {"from": "news@example.com", "to": "{{ row.email }}", "subject": "News", "text": "See there."}
        job = {
            "version": 1,
            "name": name,
            "data": {"rows": {"csv": "rows.csv", "key": "number"}},
            "server": {"host": "127.0.0.1", "port": port, "tls": "none"},
            "messages": {"m": {**message, "attachments": attachment}},
            "steps": [{"send": {"message": "m", "for_each": "rows"}}],
        }
        (folder / f"{name}.yaml").write_text(json.dumps(job))
    return folder


def fill(path: Path, size: int) -> None:
    """Octets that nothing can compress; a few at a time, for the measuring process has to stay small."""
    with path.open("wb") as file:
        for left in range(size, 0, -MEGABYTE):
            file.write(os.urandom(min(left, MEGABYTE)))


def encode(path: Path, message: Path) -> None:
    """A message whose body is the file in base64."""
    with path.open("rb") as file, message.open("wb") as out:
        out.write(b"From: news@example.com\r\nSubject: News\r\nContent-Transfer-Encoding: base64\r\n\r\n")
        while line := file.read(57):
            out.write(b2a_base64(line, newline=False) + b"\r\n")


def curl(folder: Path, port: int, count: int) -> list[str]:
    """One call that sends the ready message to everybody."""
    command = ["curl", "--silent", "--show-error"]
    for number in range(1, count + 1):
        envelope = ["--mail-from", "news@example.com", "--mail-rcpt", address(number)]
        where = ["--url", f"smtp://127.0.0.1:{port}", "--upload-file", str(folder / "ready.eml")]
        command += [*(["--next"] if number > 1 else []), *where, *envelope]
    return command


def commands(folder: Path, port: int, count: int) -> dict[str, list[str]]:
    """How each sender is called."""
    events = ["--events", str(folder / "events.jsonl"), "--state-dir", str(folder / "state")]
    ours = [sys.executable, "-m", "mailjobs", "run", "--quiet", *events]
    found = {
        "mailjobs, the same file": [*ours, str(folder / "same.yaml")],
        "mailjobs, files of their own": [*ours, str(folder / "own.yaml")],
        "smtplib": [sys.executable, str(PEERS / "single_smtplib.py"), str(folder), str(port)],
        "Nodemailer": [*nodemailer("single_nodemailer.js"), str(folder), str(port)],
    }
    return found | ({"curl, made beforehand": curl(folder, port, count)} if shutil.which("curl") else {})


def attempt(who: str, command: Sequence[str], sink: Sink, count: int, folder: Path) -> Callable[[], Run]:
    """Run it once, and have messages and octets counted."""
    least = count * (folder / "same.bin").stat().st_size * 4 / 3

    def call() -> Run:
        before = statistics_of(sink.port)["bytes"]
        try:
            found = run(command)
        finally:
            shutil.rmtree(folder / "state", ignore_errors=True)
        sink.check(count, who)
        if statistics_of(sink.port)["bytes"] - before < least:
            raise SystemExit(f"{who} has sent less than the files in base64")
        return found

    return call


def main() -> int:
    """Print speed and peaks; 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=20, help="of each run (20)")
    parser.add_argument("--megabytes", type=int, default=10, help="of the attachment (10)")
    parser.add_argument("--runs", type=int, default=5, help="of each sender (5)")
    given = parser.parse_args()
    count, size = given.messages, given.megabytes * MEGABYTE
    with tempfile.TemporaryDirectory() as name, counting_sink(Path(name)) as sink:
        small, large = write(Path(name) / "1", sink.port, 1, 1), write(Path(name) / "2", sink.port, count, size)
        calls = commands(small, sink.port, 1)
        start = interleaved(given.runs, {who: attempt(who, call, sink, 1, small) for who, call in calls.items()})
        calls = commands(large, sink.port, count)
        found = interleaved(given.runs, {who: attempt(who, call, sink, count, large) for who, call in calls.items()})
    wire = count * size / 57 * 78 / MEGABYTE
    print(f"{count} messages with {given.megabytes} MB each, {wire:.0f} MB on the wire, medians of {given.runs}")
    verdicts = Verdicts()
    for who, each in found.items():
        beyond = wire / (each.seconds - start[who].seconds)
        speed = wire / each.seconds
        print(f"  {who:<30} {speed:7.1f} MB/s, {beyond:7.1f} beyond start-up, {each.peak:7.1f} MB of memory")
    print(f"  (nothing below {own_peak():.1f} MB can be told)")
    for who in list(found)[:2]:
        verdicts.at_least(who, wire / found[who].seconds, TARGET_RATE, " MB/s")
        verdicts.at_most(f"{who}: memory", found[who].peak, TARGET_MB, " MB")
    return verdicts.status


if __name__ == "__main__":
    raise SystemExit(main())
