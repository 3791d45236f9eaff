"""How a connection is secured, as the model has it."""

from __future__ import annotations

import re
from os.path import isdir

from mailjobs import model
from mailjobs.errors import FileError
from mailjobs.job.build_accept import build_accepted
from mailjobs.job.build_certificate import build_certificate
from mailjobs.job.node import JobPath, Node, key_place, place
from mailjobs.job.problems import Problems
from mailjobs.job.template import check_named
from mailjobs.job.values import plain

SEPARATORS = re.compile(r"[:;,\s]+")  # those of OpenSSL's cipher strings, and the semicolon that others have


def build_tls(node: Node | None, path: JobPath, problems: Problems) -> model.Tls:
    """The settings of `tls`. Problems are added to `problems`."""
    if node is None:
        return model.Tls()
    defaults = model.Tls()
    low, high = _versions(node, path, problems)
    log = node.get("key_log_file")
    if log is not None:
        problems.warn(log, (*path, "key_log_file"), "whoever has the key log can read what goes over the connection")
    tls = model.Tls(
        mode=plain(node.get("mode"), "auto"),
        min_version=low,
        max_version=high,
        ciphers=_names(node, path, "ciphers", problems),
        min_strength=plain(node.get("min_strength"), 0),
        groups=_names(node, path, "groups", problems),
        signature_algorithms=_names(node, path, "signature_algorithms", problems),
        renegotiation=plain(node.get("renegotiation"), False),
        log=plain(node.get("log"), False),
        ca=tuple(build_authority(one, at, problems) for one, at in _entries(node, path, "ca")) or defaults.ca,
        accept=tuple(build_accepted(one, at, problems) for one, at in _entries(node, path, "accept")),
        allow=tuple(dict.fromkeys(plain(node.get("allow"), ()))),
        revocation=_revocation(node.get("revocation"), (*path, "revocation"), problems),
        session_reuse=plain(node.get("session_reuse"), True),
        key_log_file=log.source.folder / log.value if log is not None else None,
        certificate=build_certificate(node.get("certificate"), (*path, "certificate"), problems),
        place=key_place(node, path),
    )
    if tls.certificate is not None and tls.mode == "none":
        problems.at_key(node.value["certificate"], (*path, "certificate"), "without TLS no certificate is shown")
    elif tls.mode == "none":  # a warning: the other keys may come from a base that secures other servers
        for key in [key for key in node.value if key != "mode"]:
            problems.warn(node.value[key], (*path, key), f"'tls: none' leaves '{key}' without effect")
    _check_accept(node, path, tls, problems)
    return tls


def _versions(node: Node, path: JobPath, problems: Problems) -> tuple[model.TlsVersion, model.TlsVersion]:
    """The lowest version is no higher than the highest, unless both are written so."""
    low, high = plain(node.get("min_version")), plain(node.get("max_version"))
    if low is None:
        low = min(model.Tls().min_version, high or model.Tls().min_version)
    if high is None:
        high = model.Tls().max_version
    if low > high:
        spot = node.get("min_version") or node
        problems.at(spot, (*path, "min_version"), f"the lowest version, {low}, is above the highest, {high}")
    return low, high


def _entries(node: Node, path: JobPath, key: str) -> list[tuple[Node, JobPath]]:
    found = node.get(key)
    return [(one, (*path, key, index)) for index, one in enumerate(found.entries() if found else ())]


def _names(node: Node, path: JobPath, key: str, problems: Problems) -> tuple[model.Named, ...]:
    """Each entry is a name, or several with marks between them."""
    found: list[model.Named] = []
    for one, at in _entries(node, path, key):
        names = SEPARATORS.split(one.value.strip()) if not problems.stands_in(one.value) else []
        found += [model.Named(name, place(one, at)) for name in names if name]
    return tuple(found)


def build_authority(node: Node, path: JobPath, problems: Problems) -> model.CaSource:
    """One entry of `ca`."""
    spot = place(node, path)
    if isinstance(node.value, str):
        return model.CaSource(system=True, place=spot)
    kind, inner = next(node.items())
    if kind == "pem":
        return model.CaSource(pem=inner.value, place=spot)
    named = inner.source.folder / inner.value
    if kind == "file":
        check_named(inner, (*path, kind), problems)
        return model.CaSource(file=named, place=spot)
    if not problems.stands_in(inner.value) and not isdir(named):
        problems.at(inner, (*path, kind), f"the directory '{named}' does not exist", code=FileError.code)
    return model.CaSource(dir=named, place=spot)


def _revocation(node: Node | None, path: JobPath, problems: Problems) -> model.Revocation:
    if node is None:
        return model.Revocation()
    files = node.get("crl_files")
    listed = files.entries() if files is not None else []
    for index, one in enumerate(listed):
        check_named(one, (*path, "crl_files", index), problems)
    crl = plain(node.get("crl"), "off")
    if files is not None and listed and crl == "off":
        problems.at_key(files, (*path, "crl_files"), "nobody reads these lists while `crl` is off", hint="crl: hard")
    return model.Revocation(
        crl=crl,
        ocsp=plain(node.get("ocsp"), "off"),
        crl_files=tuple(one.source.folder / one.value for one in listed),
        place=key_place(node, path),
    )


def _check_accept(node: Node, path: JobPath, tls: model.Tls, problems: Problems) -> None:
    """`accept` stands in the place of all checks, so that what is said of them beside it would be ignored."""
    asked = tls.revocation.crl != "off" or tls.revocation.ocsp != "off"
    for key, given in (("allow", bool(tls.allow)), ("revocation", asked)):
        spot = node.get(key)
        if tls.accept and given and spot is not None:
            words = (
                f"`accept` takes exactly what it names, whatever else is wrong with it: `{key}` beside it says nothing"
            )
            problems.at_key(spot, (*path, key), words, hint=f"leave out one of `accept` and `{key}`")
