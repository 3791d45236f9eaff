"""A million rows of each kind of data source, read one at a time: peak memory and rows a second.

Each is read in a process of its own; the peak of a process that only imports the readers is printed beside them. Exit
status 1 where one takes more than the target.
"""

from __future__ import annotations

import argparse
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TARGET_MB = 100
HEAD = "number,name,email\n"


def write(folder: Path, kind: str, count: int) -> dict[str, object]:
    """The file of one kind, and the settings that read it."""
    path = folder / f"rows.{kind}"
    if kind == "sqlite":
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE people (number INTEGER, name TEXT, email TEXT)")
        rows = ((n, f"Reader {n}", f"reader{n}@example.com") for n in range(count))
        connection.executemany("INSERT INTO people VALUES (?, ?, ?)", rows)
        connection.commit()
        connection.close()
        return {"query": "SELECT * FROM people"}
    line = {
        "csv": "{n},Reader {n},reader{n}@example.com\n",
        "yaml": "- number: {n}\n  name: Reader {n}\n  email: reader{n}@example.com\n",
    }.get(kind, '{{"number": {n}, "name": "Reader {n}", "email": "reader{n}@example.com"}}')
    with path.open("w") as file:
        file.write({"csv": HEAD, "json": "["}.get(kind, ""))
        for n in range(count):
            file.write(line.format(n=n))
            file.write({"jsonl": "\n", "json": "," if n < count - 1 else "]"}.get(kind, ""))
    return {}


def read(path: str, kind: str, query: str) -> None:
    """Read all rows; print their number, the seconds, and the peak in megabytes."""
    from mailjobs.errors import Place
    from mailjobs.model import Source
    from mailjobs.rows import open_rows

    start = time.perf_counter()
    count = 0
    if path:
        words = (sys.executable, "-c", f"print(open({path!r}).read(), end='')") if kind == "command" else ()
        where = Path(path).parent if kind == "command" else Path(path)
        for _ in open_rows(Source("d", where, Place("job"), kind, query=query, words=words)):  # type: ignore[arg-type]
            count += 1
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1_000_000
    print(count, time.perf_counter() - start, peak)


def child(*arguments: str) -> tuple[int, float, float]:
    """What `read` prints in a process of its own."""
    done = subprocess.run([sys.executable, __file__, "--read", *arguments], capture_output=True, text=True, check=True)
    count, seconds, peak = done.stdout.split()
    return int(count), float(seconds), float(peak)


def main() -> int:
    """Print a line for each kind; 1 where the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--read", nargs=3, metavar=("PATH", "KIND", "QUERY"), help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.read:
        read(*given.read)
        return 0
    missed = False
    print(f"{given.rows:,} rows of each kind: rows a second, peak memory (target under {TARGET_MB} MB)")
    print(f"  {'imports':8} {'':>10}  {child('', 'csv', '')[2]:6.1f} MB")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind in ("csv", "jsonl", "json", "yaml", "sqlite", "command"):
            made = write(folder, "jsonl" if kind == "command" else kind, given.rows)
            path = folder / f"rows.{'jsonl' if kind == 'command' else kind}"
            count, seconds, peak = child(str(path), kind, str(made.get("query", "")))
            assert count == given.rows, f"{count} rows of {kind}"
            missed = missed or peak >= TARGET_MB
            print(f"  {kind:8} {count / seconds:10,.0f}  {peak:6.1f} MB  {'ok' if peak < TARGET_MB else 'MISSED'}")
            path.unlink()
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
