"""One entry of `tls.accept`, as the model has it."""

from __future__ import annotations

import re

from mailjobs import model
from mailjobs.job.build_certificate import build_token, check_type
from mailjobs.job.node import JobPath, Node, place
from mailjobs.job.problems import Problems
from mailjobs.job.secrets import secret
from mailjobs.job.template import check_named
from mailjobs.job.values import plain

KINDS = ("sha256", "file", "pem", "data", "pkcs11")
USELESS = {"sha256": ("password", "type", "subject"), "pem": ("password",)}
SHA256 = re.compile(r"[0-9a-f]{64}")
OTHER_DIGESTS = {32: "MD5", 40: "SHA-1", 56: "SHA-224", 96: "SHA-384", 128: "SHA-512"}


def build_accepted(node: Node, path: JobPath, problems: Problems) -> model.Accepted:
    """Which certificates or keys; what lies in a store is looked at later. Problems are added to `problems`."""
    kind = next(key for key in KINDS if node.get(key) is not None)
    inner, password, wanted = node.value[kind], node.get("password"), node.get("type")
    spot = place(inner, (*path, kind))
    for key in USELESS.get(kind, ()):
        useless = node.get(key)
        if useless is not None:
            problems.at_key(useless, (*path, key), f"`{key}` beside `{kind}` says nothing", hint="leave it out")
    if kind == "sha256":
        return model.Accepted(sha256=_digest(inner, (*path, kind), problems), place=spot)
    if wanted is not None:
        check_type(wanted, (*path, "type"), [kind], problems)
    if kind == "file":
        check_named(inner, (*path, kind), problems)
    return model.Accepted(
        file=inner.source.folder / inner.value if kind == "file" else None,
        pem=inner.value if kind == "pem" else None,
        data=secret(inner, (*path, kind), problems) if kind == "data" else None,
        pkcs11=build_token(inner, (*path, kind), problems) if kind == "pkcs11" else None,
        password=secret(password, (*path, "password"), problems) if password is not None else None,
        type=plain(wanted, "auto"),
        subject=plain(node.get("subject")),
        place=spot,
    )


def _digest(node: Node, path: JobPath, problems: Problems) -> str:
    digits = node.value.strip().lower().replace(":", "")
    if SHA256.fullmatch(digits) or problems.stands_in(node.value):
        return str(digits)
    hint = "'openssl x509 -noout -fingerprint -sha256 -in FILE' shows that of a certificate"
    other = OTHER_DIGESTS.get(len(digits)) if re.fullmatch(r"[0-9a-f]+", digits) else None
    words = f"; {len(digits)} are those of {other}" if other else ""
    problems.at(node, path, f"a SHA-256 has 64 hexadecimal digits{words}", hint=hint)
    return ""
