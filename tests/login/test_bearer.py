"""Tokens, against Dovecot behind Postfix, which asks the laboratory's own issuer."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.fixtures.lab import Lab
from tests.login.lab_login import Entry, enter

MINT = Path(__file__).parent.parent / "lab" / "py" / "web.py"
MECHANISMS = ["xoauth2", "oauthbearer"]
PORTS = ["P_SUBMISSION", "P_DSUB"]


def token_for(lab: Lab, user: str, seconds: int = 600) -> str:
    mint = [sys.executable, str(MINT), "mint", user, str(seconds)]
    environment = {"LAB_DIR": str(lab.directory)}
    return subprocess.run(mint, capture_output=True, text=True, check=True, env=environment).stdout.strip()


def come(lab: Lab, port: str, mechanism: str, token: str, user: str = "alice") -> Entry:
    return enter(lab, port, {"mechanism": mechanism, "username": user, "token": token})


@pytest.mark.parametrize("port", PORTS)
@pytest.mark.parametrize("mechanism", [*MECHANISMS, "auto"])
def test_a_token_lets_in(lab: Lab, port: str, mechanism: str) -> None:
    prefix = "Bearer " if mechanism == "auto" else ""
    found = come(lab, port, mechanism, prefix + lab.facts["OAUTH_OPAQUE_TOKEN"])
    used = "OAUTHBEARER" if mechanism == "auto" else mechanism.upper()
    assert (found.method, found.user, found.authenticated_as) == (used, "alice", "alice"), found.record.as_dict()


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_a_long_token_waits_for_the_prompt(lab: Lab, mechanism: str) -> None:
    """A JWT is longer than a line of AUTH may be."""
    found = come(lab, "P_SUBMISSION", mechanism, token_for(lab, "alice"))
    assert (found.method, found.user) == (mechanism.upper(), "alice"), found.record.as_dict()


KINDS = {
    "expired": lambda lab: token_for(lab, "alice", -60),
    "invented": lambda lab: "invented.token.of-mine",
    "of another user": lambda lab: token_for(lab, "bob"),
}
REFUSED = [(kind, port, mechanism) for kind in KINDS for port, mechanism in zip(PORTS, MECHANISMS, strict=True)]
Refusals = dict[tuple[str, str, str], Future[tuple[str, Entry]]]


@pytest.fixture(scope="module")
def refusals(lab: Lab) -> Iterator[Refusals]:
    """All tokens that are no good at once, since servers take half a second to refuse one; each with its token."""

    def refused(kind: str, port: str, mechanism: str) -> tuple[str, Entry]:
        token = KINDS[kind](lab)
        return token, come(lab, port, mechanism, token)

    with ThreadPoolExecutor(len(REFUSED)) as pool:
        yield {case: pool.submit(refused, *case) for case in REFUSED}


@pytest.mark.parametrize(("kind", "port", "mechanism"), REFUSED)
def test_a_token_that_is_none_of_this_user(refusals: Refusals, kind: str, port: str, mechanism: str) -> None:
    token, found = refusals[kind, port, mechanism].result()
    assert (found.record.exit_status, found.error.name) == (77, "AuthError")
    assert "was refused: 535" in found.error.message
    assert "the server tells: status " in found.error.message
    assert "expired" in str(found.error.hint)
    assert token not in str(found.record.as_dict())


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_a_token_never_goes_out_without_tls(lab: Lab, mechanism: str, tmp_path: Path) -> None:
    from mailjobs.errors import JobError

    with pytest.raises(JobError, match="could read the token"):
        enter(lab, "P_PLAINAUTH", {"mechanism": mechanism, "username": "alice", "token": "t"}, tls="none")
