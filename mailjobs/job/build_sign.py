"""How a message is signed and encrypted."""

from __future__ import annotations

from mailjobs import model
from mailjobs.job.build_certificate import build_certificate
from mailjobs.job.node import JobPath, Node, place
from mailjobs.job.problems import Problems
from mailjobs.job.secrets import secret
from mailjobs.job.template import check_named
from mailjobs.job.values import plain


def build_sign(node: Node | None, path: JobPath, problems: Problems) -> model.Sign:
    """DKIM, S/MIME and PGP/MIME, as far as they are given."""
    if node is None:
        return model.Sign()
    smime, pgp = node.get("smime"), node.get("pgp")
    if smime is not None and pgp is not None:
        problems.at_key(pgp, (*path, "pgp"), "content is sealed by S/MIME or by PGP, not by both")
    return model.Sign(
        dkim=_dkim(node.get("dkim"), (*path, "dkim"), problems),
        smime=_smime(smime, (*path, "smime"), problems),
        pgp=_pgp(pgp, (*path, "pgp"), problems),
    )


def _dkim(node: Node | None, path: JobPath, problems: Problems) -> model.Dkim | None:
    if node is None:
        return None
    key = secret(node.value["key"], (*path, "key"), problems)
    return model.Dkim(place(node, path), plain(node.get("domain")), plain(node.get("selector")), key)


def _smime(node: Node | None, path: JobPath, problems: Problems) -> model.Smime | None:
    if node is None:
        return None
    to = node.get("encrypt_to")
    listed = to.entries() if to is not None else []
    for index, entry in enumerate(listed):
        check_named(entry, (*path, "encrypt_to", index), problems)
    return model.Smime(
        place=place(node, path),
        certificate=build_certificate(node.get("certificate"), (*path, "certificate"), problems),
        encrypt_to=tuple(entry.source.folder / entry.value for entry in listed),
    )


def _pgp(node: Node | None, path: JobPath, problems: Problems) -> model.Pgp | None:
    if node is None:
        return None
    phrase, home = node.get("passphrase"), node.get("home")
    return model.Pgp(
        place=place(node, path),
        key=plain(node.get("key")),
        passphrase=secret(phrase, (*path, "passphrase"), problems) if phrase is not None else None,
        encrypt=plain(node.get("encrypt"), False),
        home=home.source.folder / home.value if home is not None else None,
    )
