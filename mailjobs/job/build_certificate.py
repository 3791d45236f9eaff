"""A private key with its certificate, as the model has it."""

from __future__ import annotations

from pathlib import Path

from mailjobs import model
from mailjobs.errors import CertificateError, FileError
from mailjobs.job.node import JobPath, Node, place
from mailjobs.job.problems import Problems
from mailjobs.job.secrets import secret
from mailjobs.job.template import check_named
from mailjobs.job.values import plain

STORES = ("file", "data", "pkcs11")


def build_certificate(node: Node | None, path: JobPath, problems: Problems) -> model.CertificateStore | None:
    """The store; what lies in it is looked at later. Problems are added to `problems`."""
    if node is None:
        return None
    given = [key for key in STORES if node.get(key) is not None]
    if len(given) > 1:
        problems.at_key(node.value[given[1]], (*path, given[1]), f"a certificate has `{given[0]}` or `{given[1]}`")
    token, data, password, pem = (node.get(name) for name in ("pkcs11", "data", "password", "pem"))
    key, kind = node.get("key"), node.get("type")
    if kind is not None:
        check_type(kind, (*path, "type"), given, problems)
    if pem is not None and key is None and not given:
        hint = "`key` names the file of the key"
        problems.at_key(pem, (*path, "pem"), "this certificate has no private key", hint=hint, code=NO_KEY)
    return model.CertificateStore(
        place=place(node, path),
        file=_file(node.get("file"), (*path, "file"), problems),
        pem=plain(pem),
        data=secret(data, (*path, "data"), problems) if data is not None else None,
        pkcs11=build_token(token, (*path, "pkcs11"), problems) if token is not None else None,
        password=secret(password, (*path, "password"), problems) if password is not None else None,
        type=plain(kind, "auto"),
        subject=plain(node.get("subject")),
        key=_key(key, (*path, "key"), problems) if key is not None else None,
        chain=tuple(_source(one, at, problems) for one, at in _chain(node.get("chain"), (*path, "chain"))),
    )


NO_KEY = 273


def check_type(node: Node, path: JobPath, given: list[str], problems: Problems) -> None:
    """Stores that are not read are refused by name, with what to convert them to; tokens have a key of their own."""
    from mailjobs.certs.foreign import REFUSED_TYPES

    if node.value in REFUSED_TYPES:
        words, hint = REFUSED_TYPES[node.value]
        problems.at(node, path, words, hint=hint, code=CertificateError.code)
    elif (node.value == "pkcs11") != ("pkcs11" in given) and node.value != "auto":
        hint = "leave `type` out: `auto` finds out by itself"
        problems.at(node, path, f"the type {node.value} is none of `{' and '.join(given) or 'pem'}`", hint=hint)


def _chain(node: Node | None, path: JobPath) -> list[tuple[Node, JobPath]]:
    if node is None:
        return []
    if isinstance(node.value, list):
        return [(one, (*path, index)) for index, one in enumerate(node.entries())]
    return [(node, path)]


def _file(node: Node | None, path: JobPath, problems: Problems) -> Path | None:
    if node is None:
        return None
    check_named(node, path, problems, FileError.missing_certificate)
    named: Path = node.source.folder / node.value
    return named


def _key(node: Node, path: JobPath, problems: Problems) -> model.KeySource:
    shown = node.get("pem")
    if shown is not None:
        hint = "a `file`, or `data: {env: NAME}`"
        problems.at_key(shown, (*path, "pem"), "a private key would stand in the job for all to read", hint=hint)
    return _source(node, path, problems)


def _source(node: Node, path: JobPath, problems: Problems) -> model.KeySource:
    if isinstance(node.value, str):
        return model.KeySource(file=_file(node, path, problems))
    kind, inner = next(node.items())
    if kind == "file":
        return model.KeySource(file=_file(inner, (*path, kind), problems))
    if kind == "pem":
        return model.KeySource(pem=inner.value)
    return model.KeySource(data=secret(inner, (*path, kind), problems))


def build_token(node: Node, path: JobPath, problems: Problems) -> model.Token:
    """A PKCS #11 token, which names its module and its objects."""
    module, uri = node.value["module"], node.value["uri"]
    check_named(module, (*path, "module"), problems, FileError.missing_certificate)
    if "pin-value=" in uri.value:
        hint = "the PIN is `password: {env: NAME}`"
        problems.at(uri, (*path, "uri"), "a URI with the PIN in it shows a secret", hint=hint)
    return model.Token(module.source.folder / module.value, uri.value)
