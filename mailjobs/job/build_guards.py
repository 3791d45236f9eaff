"""The guards of the job, as the model has them."""

from __future__ import annotations

from mailjobs import model
from mailjobs.job.node import JobPath, Node, key_place
from mailjobs.job.problems import Problems
from mailjobs.job.values import plain

PATH: JobPath = ("guards",)


def build_guards(node: Node | None, problems: Problems) -> model.Guards:
    """The guards, which the schema has passed; none where there is no node."""
    if node is None or not isinstance(node.value, dict) or problems.touches(PATH):
        return model.Guards()
    return model.Guards(
        max_recipients=plain(node.get("max_recipients")),
        allow_domains=tuple(domain.lower() for domain in plain(node.get("allow_domains"), ())),
        redirect_all_to=_address(node.get("redirect_all_to"), problems),
        confirm_above=plain(node.get("confirm_above")),
        place=key_place(node, PATH),
    )


def _address(node: Node | None, problems: Problems) -> str | None:
    """One address without a name."""
    if node is None:
        return None
    text = str(node.value).strip()
    local, at, domain = text.rpartition("@")
    if not (local and at and domain) or any(character <= " " or character in "<>," for character in text):
        problems.at(node, (*PATH, "redirect_all_to"), f"{text[:80]!r} is not one address", hint="write dev@example.com")
        return None
    return text
