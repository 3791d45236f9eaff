"""Whether all senders of the benchmarks say the same: the messages of mailjobs, its peers and the sketch, compared.

csink.c keeps every message, Python's email package reads them. Envelope, From, To, Subject, text and html must be
equal, row by row. mailjobs sends with DATA and with CHUNKING; smtp-sink and csink must have counted the same. Exit
status 1 where anything differs.
"""

from __future__ import annotations

import argparse
import email.policy
import tempfile
from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import NamedTuple

from batch_workload import FROM_ADDRESS, address
from measured import Run
from senders import Senders
from sinks import counting_sink, recipient_sum, smtp_sink, statistics_of


class Said(NamedTuple):
    """What a recipient would see of one message, and its envelope."""

    sender: str
    from_: str
    to: str
    subject: str
    text: str
    html: str


def senders_of(senders: Senders) -> dict[str, Callable[[], Run]]:
    """All that render the rows."""
    return {
        "mailjobs, DATA": partial(senders.mailjobs, connections=2),
        "mailjobs, CHUNKING": partial(senders.mailjobs, in_flight=8),
        "mailjobs, two processes": partial(senders.mailjobs, processes=2),
        "smtplib": senders.smtplib,
        "aiosmtplib": partial(senders.aiosmtplib, 2),
        "Nodemailer": partial(senders.nodemailer, 2),
        "the sketch, DATA": partial(senders.sketch, "data", 2),
        "the sketch, CHUNKING": partial(senders.sketch, "bdat", 2),
    }


def read(path: Path, stuffed: bool) -> tuple[str, Said]:
    """The recipient of a message that csink kept, and the message; csink leaves stuffed dots as they came."""
    envelope, recipient, content = path.read_bytes().split(b"\r\n", 2)
    if stuffed:
        content = content.replace(b"\r\n.", b"\r\n")
    message = message_from_bytes(content, _class=EmailMessage, policy=email.policy.default)
    text, html = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))
    said = Said(
        envelope.decode().removeprefix("X-Sink-From: "),
        str(message["From"]), str(message["To"]), str(message["Subject"]),
        *(part.replace("\r\n", "\n").rstrip("\n") for part in (text, html)),
    )  # fmt: skip
    return recipient.decode().removeprefix("X-Sink-Rcpt: "), said


def collect(count: int, sums: int, folder: Path, name: str) -> dict[str, Said]:
    """What one sender has said to whom."""
    kept = folder / "kept"
    kept.mkdir()
    with counting_sink(folder, "-d", str(kept)) as sink:
        senders_of(Senders(folder, count, sink))[name]()
        if statistics_of(sink.port)["rcpt_sum"] != sums:
            raise SystemExit(f"{name} has sent to other recipients than those of the rows")
    found = dict(read(path, "CHUNKING" not in name) for path in kept.iterdir())
    for path in kept.iterdir():
        path.unlink()
    kept.rmdir()
    return found


def parting(one: str, other: str) -> str:
    """Where two texts part, and a few characters of each from there."""
    at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return f"{one[at : at + 30]!r} and {other[at : at + 30]!r} after {one[max(0, at - 30) : at]!r}"


def differences(expected: dict[str, Said], found: dict[str, Said]) -> list[str]:
    """The first messages that are not the same, in words."""
    told = []
    for to, said in expected.items():
        if found[to] != said:
            pairs = zip(Said._fields, said, found[to], strict=True)
            told += [f"{to}: {field}: {parting(one, other)}" for field, one, other in pairs if one != other]
    return told


def main() -> int:
    """Print a line for each sender; 1 where one says something else than the first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200, help="of which each sender makes a message (200)")
    count = parser.parse_args().rows
    sums = recipient_sum(address(n) for n in range(1, count + 1))
    expected: dict[str, Said] = {}
    status = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with smtp_sink() as sink:
            calls = senders_of(Senders(folder, count, sink))
            for sender, send in calls.items():
                if "CHUNKING" not in sender:
                    send()  # which checks the count of smtp-sink
        for sender in calls:
            found = collect(count, sums, folder, sender)
            expected = expected or found
            assert len(found) == count
            assert {said.sender for said in found.values()} == {FROM_ADDRESS}
            told = differences(expected, found)
            status |= bool(told)
            print(f"  {sender:<24} {'the same' if not told else told[:3]}", flush=True)
    size = max(len(said.text) + len(said.html) for said in expected.values())
    print(f"  {count} messages each, text and html together at most {size} characters")
    return status


if __name__ == "__main__":
    raise SystemExit(main())
