"""`mailjobs init`: a first job to change."""

from __future__ import annotations

from os.path import lexists
from pathlib import Path

import click

from mailjobs.errors import OutputError

JOB = """\
# yaml-language-server: $schema=job.schema.json
# Check it with `mailjobs validate job.yaml`, try it with `mailjobs run --dry-run job.yaml`.
version: 1
name: first-job

vars:                                   # public values, which templates may see
  build: {env: BUILD_NUMBER, default: "1"}

server:
  host: 127.0.0.1                       # `mailjobs sandbox` listens here and keeps what it gets
  port: 2525
  tls: none                             # the sandbox has none
  # A relay of your own, with STARTTLS required (the default) and a login:
  # host: smtp.example.com
  # port: 587
  # auth: {username: ci, password: {env: SMTP_PASSWORD}}

messages:
  hello:
    from: CI <ci@example.com>
    to: Team <team@example.com>
    subject: "Build {{ vars.build }} is done"
    text: {file: hello.txt.j2}

steps:
  - name: is the server alive?
    connect: true
  - send: hello
"""

BODY = """\
Hello,

build {{ vars.build }} is done.
"""

NEXT = """\
Next:
  mailjobs validate {job}
  mailjobs sandbox            (in another terminal: it keeps what it gets)
  mailjobs run {job}"""


@click.command("init")
@click.argument("directory", type=click.Path(file_okay=False, path_type=Path), default=".")
def command(directory: Path) -> None:
    """Write a small commented job into DIRECTORY (default: here): job.yaml, its text, and the schema for editors.

    Nothing that exists is overwritten.

    \b
    Example:
      mailjobs init mail
    """
    from mailjobs.job.schema import schema_text

    files = {"job.yaml": JOB, "hello.txt.j2": BODY, "job.schema.json": schema_text("job")}
    _write({directory / name: text for name, text in files.items()})
    click.echo("Wrote " + ", ".join(str(directory / name) for name in files) + ".")
    click.echo(NEXT.format(job=directory / "job.yaml"))


def _write(files: dict[Path, str]) -> None:
    for path in files:
        if lexists(path):
            raise OutputError(f"{path} exists already; nothing was written", hint="name another directory")
    for path, text in files.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except OSError as cause:
            raise OutputError(f"cannot write {path}: {cause.strerror}") from cause
