"""How long commands take to start, as ratios to the imports that they cannot do without.

Medians of interleaved runs, so that a busy moment of the machine touches all alike. Exit status 1 where a target
is missed.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from measured import environment
from sinks import counting_sink

ROOT = Path(__file__).parents[1]
JOB = ROOT / "examples" / "ci-notification" / "job.yaml"
MAILJOBS = (sys.executable, "-m", "mailjobs")
BASELINES = {
    "bare Python": "pass",
    "import click": "import click",
    "import yaml, jinja2, jsonschema, click": "import yaml, jinja2, jsonschema, click",
}


class Target(NamedTuple):
    """A command must take at most `most` times as long as a baseline."""

    command: str
    baseline: str
    most: float


TARGETS = (
    Target("mailjobs --help", "import click", 1.3),
    Target("mailjobs validate", "import yaml, jinja2, jsonschema, click", 1.3),
    Target("mailjobs run, without TLS", "import yaml, jinja2, jsonschema, click", 1.5),
)


def milliseconds(command: Sequence[str], variables: Mapping[str, str]) -> float:
    """The wall time of one run, which must succeed."""
    start = time.perf_counter()
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    elapsed = (time.perf_counter() - start) * 1000
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed with {done.returncode}:\n{done.stdout}{done.stderr}")
    return elapsed


def medians(runs: int, port: int) -> dict[str, float]:
    """The median time of each baseline and command, in ms; the first run of each only warms up."""
    commands: dict[str, Sequence[str]] = {
        **{name: (sys.executable, "-c", code) for name, code in BASELINES.items()},
        "mailjobs --help": (*MAILJOBS, "--help"),
        "mailjobs validate": (*MAILJOBS, "validate", str(JOB)),
        "mailjobs run, without TLS": (*MAILJOBS, "run", str(JOB)),
    }
    variables = {**environment(), "SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(port), "SMTP_TLS": "none"}
    times: dict[str, list[float]] = {name: [] for name in commands}
    for number in range(runs + 1):
        for name, command in commands.items():
            elapsed = milliseconds(command, variables)
            if number:
                times[name].append(elapsed)
    return {name: statistics.median(found) for name, found in times.items()}


def main() -> int:
    """Print the table; 1 where a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=21, help="of each command (21)")
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as folder, counting_sink(Path(folder)) as sink:
        found = medians(runs, sink.port)
    print(f"Start-up: medians of {runs} runs, ms")
    for name in BASELINES:
        print(f"  {name:<40} {found[name]:6.0f}")
    missed = False
    for target in TARGETS:
        ratio = found[target.command] / found[target.baseline]
        missed |= ratio > target.most
        verdict = "ok" if ratio <= target.most else "MISSED"
        ratios = f"{ratio:.2f} of {target.baseline!r}, target at most {target.most:.2f}"
        print(f"  {target.command:<40} {found[target.command]:6.0f}   {ratios}: {verdict}")
    return int(missed)


if __name__ == "__main__":
    raise SystemExit(main())
