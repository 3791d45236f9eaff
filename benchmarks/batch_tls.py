"""A batch over TLS beside the same over plain TCP: stunnel stands before Postfix's smtp-sink, and before csink.c.

One connection with each, and ten over TLS; DATA and CHUNKING. The plain connections go to the sink itself, and for
comparison through a relay that adds no time, since stunnel is one more program to pass through as well. stunnel's
own processor time stands beside it, for its handing on has to be no bottleneck. Start-up, handshakes included, is part
of every figure.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from measured import Run, interleaved, show
from senders import Senders
from servers import delayed, free_port, started, tool
from sinks import Sink, counting_sink, cpu_of, smtp_sink
from verdicts import Verdicts

RATIO, TEN = 0.7, 4000
CONFIGURATION = """\
foreground = yes
pid =
debug = err
[smtps]
accept = 127.0.0.1:{port}
connect = 127.0.0.1:{target}
cert = {folder}/both.pem
"""


class Secured(NamedTuple):
    """A TLS end before a sink. `pid` is its process."""

    port: int
    pid: int


@contextmanager
def stunnel(target: int, folder: Path) -> Iterator[Secured]:
    """Implicit TLS before port `target`, with the certificate in `folder`."""
    port = free_port()
    settings = folder / f"stunnel-{target}.conf"
    settings.write_text(CONFIGURATION.format(port=port, target=target, folder=folder))
    with started([tool("stunnel4", "stunnel4"), str(settings)], port) as pid:
        yield Secured(port, pid)


def certificate(folder: Path) -> Path:
    """One that signs itself, for 127.0.0.1."""
    key, own = folder / "key.pem", folder / "own.pem"
    name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    make = [tool("openssl", "openssl"), "req", "-x509", *curve, "-nodes"]
    subprocess.run([*make, "-keyout", str(key), "-out", str(own), *name], check=True, capture_output=True)
    (folder / "both.pem").write_text(key.read_text() + own.read_text())
    return own


def through(secured: Secured, call: Callable[[], Run], used: list[float]) -> Run:
    """Run it; `used` gets the share of a processor that stunnel has taken."""
    before = cpu_of(secured.pid)
    found = call()
    used.append((cpu_of(secured.pid) - before) / found.seconds)
    return found


def measure(how: str, sink: Sink, given: argparse.Namespace, folder: Path, verdicts: Verdicts) -> None:
    """Print the table of one way to send."""
    send = {"preflight": "sample", "in_flight": 32 if how == "CHUNKING" else 1}
    tls = {"tls": {"mode": "implicit", "ca": [{"file": str(folder / "own.pem")}]}}
    used: list[float] = []
    with stunnel(sink.port, folder) as secured, delayed(sink.port, 0, folder) as relay:
        plain, passed = Senders(folder, given.rows, sink), Senders(folder, given.rows, sink, relay)
        safe = Senders(folder, given.rows, sink, secured.port)
        found = interleaved(
            given.runs,
            {
                "plain x 1": partial(plain.mailjobs, connections=1, **send),
                "plain x 1, through a relay": partial(passed.mailjobs, connections=1, **send),
                "TLS x 1": partial(through, secured, partial(safe.mailjobs, tls, connections=1, **send), used),
                "TLS x 10": partial(through, secured, partial(safe.mailjobs, tls, connections=10, **send), used),
            },
        )
    print(f"{given.rows:,} rows, {how}, TLS by stunnel; whole commands, medians of {given.runs}")
    show(found)
    print(f"  stunnel used at most {max(used):.0%} of a processor")
    verdicts.at_least("TLS beside plain, one connection", found["TLS x 1"].rate / found["plain x 1"].rate, RATIO)
    verdicts.at_least("TLS, ten connections", found["TLS x 10"].rate, TEN, "/s")


def main() -> int:
    """Print the tables; 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000, help="messages of each run (10,000)")
    parser.add_argument("--runs", type=int, default=5, help="of each (5)")
    given = parser.parse_args()
    verdicts = Verdicts()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        certificate(folder)
        with smtp_sink() as sink:
            measure("DATA", sink, given, folder, verdicts)
        with counting_sink(folder) as sink:
            measure("CHUNKING", sink, given, folder, verdicts)
    return verdicts.status


if __name__ == "__main__":
    raise SystemExit(main())
