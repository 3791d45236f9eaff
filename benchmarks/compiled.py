"""What a personalised message of 3 KB costs beyond its two Jinja renders: one invoice for each row, text and html.

The peer is Jinja itself, plain and sandboxed, rendering the same two templates for the same rows. Exit status 1 where
the target is missed.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

TARGET = 2.0
ROWS = 1000
ROUNDS = 9

TEXT = """Dear {{ row.name }},

thank you for your order of {{ row.date }}. Your invoice {{ row.number }}:

{% for item in row.items_ %}{{ "%-28s %3d x %9.2f" | format(item.what, item.count, item.price) }}
{% endfor %}
Total: {{ "%.2f" | format(row.total) }} {{ row.currency }}

Please pay it by {{ row.due }}, with the number {{ row.number }}, to the account that you know.
If something is wrong with it, write to {{ row.contact }}.

Kind regards,
Example Billing
"""
HTML = """<html><body style="font-family: sans-serif"><p>Dear {{ row.name }},</p>
<p>thank you for your order of {{ row.date }}. Your invoice <b>{{ row.number }}</b>:</p>
<table cellpadding="4" cellspacing="0" border="1" width="100%">
{% for item in row.items_ %}<tr><td>{{ item.what }}</td><td align="right">{{ item.count }}</td><td align="right">{{ "%.2f" | format(item.price) }}</td></tr>
{% endfor %}</table>
<p>Total: <b>{{ "%.2f" | format(row.total) }} {{ row.currency }}</b></p>
<p>Please pay it by {{ row.due }}, with the number {{ row.number }}, to the account that you know.
If something is wrong with it, write to <a href="mailto:{{ row.contact }}">{{ row.contact }}</a>.</p>
<p>Kind regards,<br>Example Billing</p></body></html>
"""  # noqa: E501


def row(number: int) -> dict[str, Any]:
    """One customer with an order of twelve items."""
    items = [{"what": f"Thing number {n} of the catalogue", "count": n + 1, "price": 9.9 + n} for n in range(12)]
    return {
        "name": f"Reader {number}", "email": f"reader{number}@example.com", "number": f"2026-{number:05}",
        "date": "1 March 2026", "due": "1 April 2026", "currency": "EUR", "contact": "billing@example.com",
        "items_": items, "total": sum(item["price"] for item in items),
    }  # fmt: skip


def median(action: Callable[[], None]) -> float:
    """Microseconds for each row, the median of ROUNDS."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        action()
        times.append((time.perf_counter() - start) / ROWS * 1e6)
    return statistics.median(times)


def main() -> int:
    """Print each time beside the two renders; 1 where the target is missed."""
    import jinja2
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    from mailjobs.errors import Place
    from mailjobs.message import Identity, compile_message
    from mailjobs.model import AddressEntry, Message, Template
    from mailjobs.templates import Templates

    def template(source: str) -> Template:
        return Template(source, Place("job", 1, 1), Place("job", 1, 1))

    message = Message(
        "invoice",
        Place("job"),
        from_=AddressEntry(text=template("Billing <billing@example.com>")),
        to=(AddressEntry(text=template("{{ row.name }} <{{ row.email }}>")),),
        subject=template("Invoice {{ row.number }}"),
        text=template(TEXT),
        html=template(HTML),
    )
    compiled = compile_message(message, Templates([]))
    scopes = [{"vars": {}, "row": row(number)} for number in range(ROWS)]
    identities = [Identity("20260301T212452Z-5f0c9a12", datetime(2026, 3, 1, tzinfo=UTC), str(n)) for n in range(ROWS)]
    size = compiled.fill(scopes[0], identities[0]).size

    def renders(environment: type[jinja2.Environment]) -> Callable[[], None]:
        plain = environment(undefined=jinja2.StrictUndefined).from_string(TEXT)
        rich = environment(undefined=jinja2.StrictUndefined, autoescape=True).from_string(HTML)
        return lambda: [(plain.render(scope), rich.render(scope)) for scope in scopes] and None

    def fills() -> None:
        for scope, identity in zip(scopes, identities, strict=True):
            compiled.fill(scope, identity)

    jinja, sandboxed, ours = (
        median(renders(jinja2.Environment)),
        median(renders(ImmutableSandboxedEnvironment)),
        median(fills),
    )
    ratio = ours / sandboxed
    print(f"A message of {size} bytes for each of {ROWS} rows, medians of {ROUNDS}: microseconds a message")
    print(f"  two renders, plain Jinja          {jinja:7.1f}")
    print(f"  two renders, sandboxed Jinja      {sandboxed:7.1f}")
    print(f"  the whole message                 {ours:7.1f}")
    print(
        f"  ratio to the sandboxed renders {ratio:.2f}, target under {TARGET}: {'ok' if ratio < TARGET else 'MISSED'}"
    )
    print(f"  ratio to the plain renders        {ours / jinja:7.2f}")
    return int(ratio >= TARGET)


if __name__ == "__main__":
    sys.exit(main())
