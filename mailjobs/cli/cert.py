"""`mailjobs cert`: what is in a certificate, key or store."""

from __future__ import annotations

import json
import os
import sys

import click

from mailjobs.errors import SecretError, UsageError
from mailjobs.report.visible import visible, visible_json
from mailjobs.secret import Secret

GIVE_IT = "--ask-pass, or --password-env NAME"


@click.command("cert")
@click.argument("file", metavar="FILE")
@click.option("--password-env", metavar="NAME", help="The environment variable that has the password.")
@click.option("--ask-pass", is_flag=True, help="Ask for the password.")
@click.option("--subject", metavar="S", help="Only the certificate with this subject, or with this in its subject.")
@click.option("--json", "json_", is_flag=True, help="Print JSON, with certificates and public keys in PEM.")
def command(file: str, password_env: str | None, ask_pass: bool, subject: str | None, json_: bool) -> None:
    """Tell what FILE holds (- is standard input): PFX, PEM, DER, P7B, JKS, PPK, XML, JWK, SSH, or a pkcs11: URI.

    The content tells the format. Private keys are never shown.

    \b
    Example:
      mailjobs cert client.pfx --ask-pass
    """
    from mailjobs.certs.look import look
    from mailjobs.certs.sources import MAX_SIZE
    from mailjobs.errors import CertificateError
    from mailjobs.report.certificates import certificate_lines

    data = sys.stdin.buffer.read(MAX_SIZE + 1) if file == "-" else None
    try:
        found = look(file, data, _password(password_env, ask_pass), subject)
        told = found.as_dict()
    except CertificateError as error:
        if error.hint and "`password`" in error.hint:
            error.hint = GIVE_IT
        raise
    if json_:
        click.echo(visible_json(json.dumps(told, indent=2, ensure_ascii=False)))
        return
    for line in certificate_lines(told, found.title):
        click.echo(visible(line))


def _password(name: str | None, ask: bool) -> Secret | None:
    if name is not None and ask:
        raise UsageError("--password-env and --ask-pass are two ways to give one password")
    if ask:
        if not sys.stdin.isatty():
            raise UsageError("--ask-pass asks on a terminal, and there is none", hint="--password-env NAME")
        value: str = click.prompt("Password", hide_input=True, err=True)
        return Secret(lambda: value, "the terminal")
    if name is None:
        return None
    if name not in os.environ:
        raise SecretError(f"the environment variable {name} is not set", hint=f"export {name}=…")
    return Secret(lambda: os.environ[name], f"env {name}")
