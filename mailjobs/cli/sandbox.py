"""`mailjobs sandbox`: the capture server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mailjobs.sandbox import Seen


@click.command("sandbox")
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path), default="sandbox")
@click.option("--host", default="127.0.0.1", show_default=True, help="A loopback address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=2525, show_default=True, help="0 takes a free port.")
@click.option("--tls", is_flag=True, help="Offer STARTTLS (and take any login); trust DIRECTORY/ca.pem, made anew.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
def command(directory: Path, host: str, port: int, tls: bool, as_json: bool) -> None:
    """Take every message on loopback and keep it in DIRECTORY (default: sandbox). Nothing is delivered.

    Each message becomes NNNN-subject.eml, its exact octets, and NNNN.json, its envelope. Files are never
    overwritten: numbers go on after those already there.

    \b
    Example:
      mailjobs sandbox inbox --port 2525
    """
    from mailjobs.sandbox import serve

    def show(seen: Seen) -> None:
        click.echo(json.dumps(seen.as_dict()) if as_json else str(seen))

    serve(directory, host, port, out=show, tls=tls)
