"""What every sender of a batch is given: rows, templates, and the job that mailjobs makes of them.

A folder holds `rows.csv`; `letter.json` with the templates of sender, subject, text and html for the peers; and
the two bodies as files of their own for mailjobs. The templates have holes and nothing else, so that any language
can fill them alike. One name in ten is not ASCII, which has it and the bodies encoded.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

FROM_NAME, FROM_ADDRESS = "Example Energy", "billing@example.com"
SUBJECT = "{{ row.name }}, your statement {{ row.number }} for {{ row.month }}"
NAMES = ("Anna", "Bram", "Carla", "Dmitri", "Elif", "Femi", "Grace", "Hugo", "Ines", "Jürgen")
COLUMNS = ("number", "name", "email", "city", "month", "plan", "amount", "due", "meter", "used")
HOLES = "Your plan {{ row.plan }} in {{ row.city }} used {{ row.used }} kWh on meter {{ row.meter }}."
LINE = "This line stands for the words that a real sender would have written to its customers here."
TEXT = f"""Dear {{{{ row.name }}}},

your statement {{{{ row.number }}}} for {{{{ row.month }}}} is ready. {HOLES}

{(LINE + chr(10)) * 12}
Amount:  {{{{ row.amount }}}} EUR
Due by:  {{{{ row.due }}}}
Sent to: {{{{ row.email }}}}

Kind regards,
Example Energy
"""
HTML = f"""<!doctype html>
<html><head><title>Statement {{{{ row.number }}}}</title></head><body style="font-family: sans-serif; color: #222">
<p>Dear {{{{ row.name }}}},</p>
<p>your statement <b>{{{{ row.number }}}}</b> for {{{{ row.month }}}} is ready. {HOLES}</p>
<p>{(LINE + chr(10)) * 12}</p>
<table cellpadding="4" cellspacing="0" border="0"><tr><td>Amount</td><td><b>{{{{ row.amount }}}} EUR</b></td></tr>
<tr><td>Due by</td><td>{{{{ row.due }}}}</td></tr>
<tr><td>Sent to</td><td><a href="mailto:{{{{ row.email }}}}">{{{{ row.email }}}}</a></td></tr></table>
<p>Kind regards,<br>Example Energy</p></body></html>
"""


def rows(count: int) -> Iterator[tuple[str, ...]]:
    """The rows, as `COLUMNS` names them."""
    for n in range(1, count + 1):
        yield (
            f"2026-{n:07}", f"{NAMES[n % 10]} Reader {n}", address(n), f"Town {n % 997}", "October 2026",
            ("Basic", "Green", "Night")[n % 3], f"{n % 211}.{n % 100:02}", f"{n % 28 + 1} December 2026",
            f"M{n * 7919 % 1000003:07}", str(n % 463),
        )  # fmt: skip


def address(n: int) -> str:
    """The recipient of row `n`, which counts from 1."""
    return f"reader{n}@d{n % 20}.example.net"


def write_workload(folder: Path, count: int) -> Path:
    """All files for so many rows, in `folder`, which is made."""
    folder.mkdir()
    with (folder / "rows.csv").open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(COLUMNS) + "\n")
        file.writelines(",".join(row) + "\n" for row in rows(count))
    letter = {"from": [FROM_NAME, FROM_ADDRESS], "subject": SUBJECT, "text": TEXT, "html": HTML}
    (folder / "letter.json").write_text(json.dumps(letter), encoding="utf-8")
    (folder / "body.txt.j2").write_text(TEXT, encoding="utf-8")
    (folder / "body.html.j2").write_text(HTML, encoding="utf-8")
    return folder


def write_job(folder: Path, port: int, send: Mapping[str, Any], server: Mapping[str, Any] | None = None) -> Path:
    """The job for the files of `folder`; `send` and `server` add to those mappings. JSON is YAML."""
    job = {
        "version": 1,
        "name": "statements",
        "data": {"customers": {"csv": "rows.csv", "key": "number"}},
        "server": {"host": "127.0.0.1", "port": port, "tls": "none", **(server or {})},
        "messages": {
            "statement": {
                "from": f"{FROM_NAME} <{FROM_ADDRESS}>",
                "to": "{{ row.name }} <{{ row.email }}>",
                "subject": SUBJECT,
                "text": {"file": "body.txt.j2"},
                "html": {"file": "body.html.j2"},
            }
        },
        "steps": [{"send": {"message": "statement", "for_each": "customers", **send}}],
    }
    path = folder / "job.yaml"
    path.write_text(json.dumps(job, indent=1), encoding="utf-8")
    return path
