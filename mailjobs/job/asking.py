"""`--ask-pass`: the passwords of servers come from a person, whatever the job says of them."""

from __future__ import annotations

from typing import Final

from mailjobs.job.node import JobPath, Node
from mailjobs.job.problems import Problems

NO_PASSWORD = ("external", "anonymous", "xoauth2", "oauthbearer", "gssapi")


class Asked:
    """Stands in the tree where a password would; `words` say whose it is."""

    def __init__(self, words: str) -> None:
        self.words: Final = words


def ask_for_passwords(root: Node, problems: Problems) -> Node:
    """The job with each password of a login to be asked for. Warns where there is none."""
    server, several = root.get("server"), root.get("servers")
    named: list[tuple[JobPath, Node]] = [(("server",), server)] if server else []
    named += [(("servers", name), node) for name, node in (several.items() if several else ())]
    logins = [(path, node, auth) for path, node in named if (auth := node.get("auth")) and _takes_password(auth)]
    if not logins:
        problems.warn(root, (), "--ask-pass asks for nothing: no server of this job takes a password")
    for path, node, auth in logins:
        root = root.replaced((*path, "auth", "password"), auth.like(Asked(_words(node, auth))))
    return root


def _takes_password(auth: Node) -> bool:
    if auth.get("token") is not None or auth.get("oauth2") is not None:
        return False
    if auth.get("password") is not None:
        return True
    mechanism = auth.get("mechanism")
    if mechanism is None or mechanism.value == "auto":
        return auth.get("gssapi") is None
    return mechanism.value not in NO_PASSWORD


def _words(server: Node, auth: Node) -> str:
    username, host = auth.get("username"), server.get("host")
    who = f" of {username.value}" if username else ""
    where = f" at {host.value}" if host else ""
    return "".join(letter if letter.isprintable() else "?" for letter in f"Password{who}{where}")
