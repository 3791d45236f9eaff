"""Each mechanism that real servers have, and what those servers write down of it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest

from tests.fixtures.lab import Lab
from tests.login.lab_login import Entry, enter

ALICE, BOB, JURGEN = ("alice", "alice-secret"), ("bob", 'p@ss word"\\#1'), ("jürgen", "pässword€")
BY_DOVECOT = ["plain", "login", "cram-md5", "digest-md5", "scram-sha-1", "scram-sha-256"]
SERVERS = {
    "P_SUBMISSION": BY_DOVECOT,
    "P_DSUB": BY_DOVECOT,
    "P_CYRUS": [*BY_DOVECOT, "scram-sha-512", "ntlm"],
    "P_EXIM": ["plain", "login", "cram-md5", "digest-md5", "scram-sha-256", "ntlm"],
}
STRONGEST = {
    "P_SUBMISSION": "SCRAM-SHA-256",
    "P_DSUB": "SCRAM-SHA-256",
    "P_CYRUS": "SCRAM-SHA-512",
    "P_EXIM": "SCRAM-SHA-256",
}
ONCE = [
    *[("P_SUBMISSION", mechanism) for mechanism in BY_DOVECOT], ("P_CYRUS", "digest-md5"), ("P_CYRUS", "scram-sha-512"),
    ("P_CYRUS", "ntlm"), ("P_EXIM", "ntlm"), ("P_EXIM", "cram-md5"), ("P_DSUB", "scram-sha-256"),
]  # fmt: skip
EACH = [(port, mechanism) for port, mechanisms in SERVERS.items() for mechanism in mechanisms]


def who(port: str, user: str, password: str, mechanism: str, **more: Any) -> dict[str, Any]:
    """Cyrus knows users with their domain."""
    name = f"{user}@lab.test" if port == "P_CYRUS" else user
    return {"mechanism": mechanism, "username": name, "password": password, **more}


@pytest.mark.parametrize(("port", "mechanism"), EACH)
def test_the_right_password(lab: Lab, port: str, mechanism: str) -> None:
    user, password = BOB
    auth = who(port, user, password, mechanism)
    found = enter(lab, port, auth)
    assert found.record.exit_status == 0, found.record.as_dict()
    assert (found.method, found.user.partition("@")[0]) == (mechanism.upper(), user)
    assert found.authenticated_as == auth["username"]


@pytest.fixture(scope="module")
def refusals(lab: Lab) -> Iterator[dict[tuple[str, str], Future[Entry]]]:
    """All wrong passwords at once, since servers take half a second to refuse one."""
    with ThreadPoolExecutor(len(ONCE)) as pool:
        yield {
            (port, mechanism): pool.submit(enter, lab, port, who(port, "alice", "not-the-Password-42", mechanism))
            for port, mechanism in ONCE
        }


@pytest.mark.parametrize(("port", "mechanism"), ONCE)
def test_a_wrong_password(refusals: dict[tuple[str, str], Future[Entry]], port: str, mechanism: str) -> None:
    found = refusals[port, mechanism].result()
    assert (found.record.exit_status, found.error.name, found.error.stage) == (77, "AuthError", "AUTH")
    assert f"by {mechanism.upper()} was refused: 535" in found.error.message
    assert "check user name and password" in str(found.error.hint)
    assert "not-the" not in str(found.record.as_dict())


@pytest.mark.parametrize("port", SERVERS)
def test_the_strongest_that_both_sides_have(lab: Lab, port: str) -> None:
    found = enter(lab, port, who(port, *ALICE, "auto"))
    assert (found.method, found.user.partition("@")[0]) == (STRONGEST[port], "alice")


@pytest.mark.parametrize("mechanism", ["plain", "login", "cram-md5", "scram-sha-1", "scram-sha-256"])
def test_names_and_passwords_of_any_script(lab: Lab, mechanism: str) -> None:
    """Not digest-md5: Dovecot hashes UTF-8 where RFC 2831 has ISO 8859-1."""
    found = enter(lab, "P_SUBMISSION", who("P_SUBMISSION", *JURGEN, mechanism))
    assert found.record.exit_status == 0, found.record.as_dict()
    assert found.method == mechanism.upper()


@pytest.mark.parametrize("mechanism", ["auto", "cram-md5", "digest-md5", "scram-sha-256"])
def test_a_challenge_needs_no_tls_where_none_is_written(lab: Lab, mechanism: str) -> None:
    found = enter(lab, "P_PLAINAUTH", who("P_PLAINAUTH", *ALICE, mechanism), tls="none")
    assert (found.method, found.user) == (mechanism.upper().replace("AUTO", "SCRAM-SHA-256"), "alice")


@pytest.mark.parametrize("mechanism", ["plain", "digest-md5", "scram-sha-256"])
def test_to_act_as_oneself_is_allowed_and_as_somebody_else_is_not(lab: Lab, mechanism: str) -> None:
    """Dovecot lets nobody but a master user act as another."""
    auth = who("P_SMTP", *ALICE, mechanism, authorization_identity="bob")
    assert enter(lab, "P_SMTP", auth).record.exit_status == 77
    port = "P_CYRUS"
    same = enter(lab, port, who(port, *ALICE, mechanism, authorization_identity="alice@lab.test"))
    assert (same.method, same.user) == (mechanism.upper(), "alice@lab.test")


@pytest.mark.parametrize("trace", [None, "trace@example.com"])
def test_anonymous(lab: Lab, trace: str | None) -> None:
    auth = {"mechanism": "anonymous"} | ({"username": trace} if trace else {})
    found = enter(lab, "P_SMTP", auth)
    assert (found.method, found.user, found.authenticated_as) == ("ANONYMOUS", "anonymous", "anonymous")


def test_what_is_not_offered(lab: Lab) -> None:
    found = enter(lab, "P_SUBMISSION", {"mechanism": "anonymous"})
    assert found.record.exit_status == 77
    assert "does not offer ANONYMOUS; it offers: PLAIN, LOGIN" in found.error.message
    assert "without a name" in str(found.error.hint)


def test_a_refusal_says_where_the_login_stands_in_the_job(lab: Lab) -> None:
    found = enter(lab, "P_SUBMISSION", who("P_SUBMISSION", "alice", "wrong", "plain"))
    assert found.error.place is not None
    assert found.error.place.path == "server.auth"


def test_exim_is_not_told_version_1_of_ntlm_without_tls(lab: Lab) -> None:
    found = enter(lab, "P_EXIM", who("P_EXIM", *ALICE, "ntlm"), tls="none")
    assert "by NTLM was refused: 535" in found.error.message
    assert "inside TLS alone" in str(found.error.hint)


@pytest.mark.parametrize("port", ["P_SUBMISSION", "P_CYRUS", "P_EXIM", "P_DSUB"])
@pytest.mark.parametrize("mechanism", ["scram-sha-256"])
def test_the_server_may_be_asked_to_speak_first(lab: Lab, port: str, mechanism: str) -> None:
    found = enter(lab, port, who(port, *ALICE, mechanism, initial_response="never"))
    assert found.method == mechanism.upper(), found.record.as_dict()


def test_a_user_who_is_locked_out(lab: Lab) -> None:
    found = enter(lab, "P_SUBMISSION", who("P_SUBMISSION", "disabled", "disabled-secret", "auto"))
    assert found.record.exit_status == 77
