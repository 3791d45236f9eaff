"""The settings of Kerberos, as the model has them."""

from __future__ import annotations

import re

from mailjobs import model
from mailjobs.job.node import JobPath, Node
from mailjobs.job.problems import Problems
from mailjobs.job.template import check_named
from mailjobs.job.values import plain

TYPED = re.compile(r"[A-Z]+:")


def build_gssapi(node: Node | None, path: JobPath, problems: Problems) -> model.Gssapi | None:
    """The settings, or None where there are none. A keytab that is not there is a problem."""
    if node is None:
        return None
    keytab, cache = node.get("keytab"), node.get("credential_cache")
    if keytab is not None:
        check_named(keytab, (*path, "keytab"), problems)
    return model.Gssapi(
        service=plain(node.get("service"), "smtp"),
        host=plain(node.get("host")),
        realm=plain(node.get("realm")),
        credential_cache=None if cache is None else _cache(cache),
        keytab=None if keytab is None else keytab.source.folder / keytab.value,
        delegate=bool(plain(node.get("delegate"), False)),
    )


def _cache(node: Node) -> str:
    """A cache as Kerberos names it; a path without a type is a file."""
    return str(node.value) if TYPED.match(node.value) else f"FILE:{node.source.folder / node.value}"
