"""GSSAPI with a real KDC: against the laboratory's servers, and an acceptor of our own that can be made to err."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from mailjobs.errors import AuthError, ConnectionLost, MailjobsError
from mailjobs.model import Gssapi
from mailjobs.sasl.gssapi import Gssapi as Mechanism
from mailjobs.sasl.kerberos_failure import kerberos_failure
from tests.fixtures.lab import Lab, missing
from tests.login import lab_login
from tests.login.kerberos import Realm
from tests.login.logging_in import auth, enter
from tests.login.login_server import CLOSE, Exchange, LoginServer
from tests.sasl.asking import me

try:
    import gssapi
except ImportError:
    gssapi = None

Start = Callable[..., LoginServer]
SETTINGS: dict[str, Any] = {"mechanism": "gssapi", "username": "alice"}


@pytest.fixture(autouse=True)
def needs_gssapi() -> None:
    if gssapi is None:
        missing("the extra `kerberos` is not installed: it is compiled, with gcc, python3-dev and libkrb5-dev")


@pytest.fixture
def realm(lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Realm:
    realm = Realm(lab, tmp_path)
    realm.write()
    monkeypatch.setenv("KRB5_CONFIG", str(realm.conf))
    for variable in ("KRB5CCNAME", "KRB5_CLIENT_KTNAME"):
        monkeypatch.delenv(variable, raising=False)
    return realm


def ways(realm: Realm) -> dict[str, dict[str, Any]]:
    """How a ticket is had."""
    return {
        "password": {**SETTINGS, "password": "alice-secret"},
        "keytab": {**SETTINGS, "gssapi": {"keytab": realm.keytab}},
        "cache": {"mechanism": "gssapi", "gssapi": {"credential_cache": realm.cache()}},
        "usual cache": {"mechanism": "gssapi"},
        "usual cache, by auto": {"gssapi": {}},
    }


@pytest.mark.parametrize("port", ["P_SUBMISSION", "P_EXIM", "P_DSUB"])
@pytest.mark.parametrize("way", ["password", "keytab", "cache", "usual cache", "usual cache, by auto"])
def test_a_ticket_lets_in(lab: Lab, realm: Realm, way: str, port: str) -> None:
    if "usual" in way:
        realm.cache("usual")
    found = lab_login.enter(lab, port, ways(realm)[way])
    assert found.record.exit_status == 0, found.record.as_dict()
    assert (found.method, found.user.lower().partition("@")[0]) == ("GSSAPI", "alice")
    assert found.authenticated_as == "alice@LAB.TEST"


def test_service_host_and_realm_may_be_named(lab: Lab, realm: Realm) -> None:
    realm.write(realm="OTHER.TEST")
    named = {"service": "smtp", "host": "mail.lab.test", "realm": "LAB.TEST"}
    found = lab_login.enter(lab, "P_SUBMISSION", {**SETTINGS, "password": "alice-secret", "gssapi": named})
    assert found.authenticated_as == "alice@LAB.TEST", found.record.as_dict()


def test_whom_to_act_as(lab: Lab, realm: Realm) -> None:
    password = {**SETTINGS, "password": "alice-secret"}
    found = lab_login.enter(lab, "P_SUBMISSION", {**password, "authorization_identity": "alice"})
    assert (found.method, found.user) == ("GSSAPI", "alice")
    found = lab_login.enter(lab, "P_SUBMISSION", {**password, "authorization_identity": "bob"})
    assert "login as bob by GSSAPI was refused: 535" in found.error.message


@pytest.mark.parametrize(
    ("more", "words", "hint"),
    [
        ({"password": "wrong"}, "integrity check failed|Preauthentication failed", "check user name and password"),
        ({"username": "nobody", "password": "x"}, "not found in Kerberos database", "does not know this user"),
        ({"password": "alice-secret", "gssapi": {"host": "other.test"}}, "Cannot find|not found", "gssapi"),
        ({"password": "alice-secret", "gssapi": {"service": "imaps"}}, "not found in Kerberos", "gssapi.service"),
        ({"username": "a@NONE.TEST", "password": "x"}, "Cannot find KDC", "krb5.conf"),
        ({"gssapi": {"credential_cache": "none"}}, "[Nn]o .*cache", "kinit"),
        ({"gssapi": {"credential_cache": "NOSUCH:x"}}, "credential cache type", "gssapi.credential_cache"),
        ({"gssapi": {"keytab": "krb5.conf"}}, "[Nn]o .*cache", "klist -k"),
        ({}, "find client principal", "kinit"),
    ],
)
def test_what_kerberos_says_and_what_may_help(
    lab: Lab, realm: Realm, more: dict[str, Any], words: str, hint: str
) -> None:
    found = lab_login.enter(lab, "P_SUBMISSION", {**SETTINGS, **more}, folder=realm.folder)
    assert (found.record.exit_status, found.error.name, found.error.stage) == (77, "AuthError", "AUTH")
    assert re.search(words, found.error.message), found.error.message
    assert hint in str(found.error.hint)
    assert "alice-secret" not in str(found.record.as_dict())


def test_a_kdc_that_does_not_answer_is_tried_again_later(lab: Lab, realm: Realm) -> None:
    found = lab_login.enter(lab, "P_SUBMISSION", {**SETTINGS, "username": "a@GONE.TEST", "password": "x"})
    assert found.record.exit_status == 75
    assert "KDC does not answer" in str(found.error.hint)


@pytest.mark.parametrize(
    ("later", "gssapi_settings", "words", "hint"),
    [("+1h", {}, "Clock skew too great", "NTP"), ("+30h", {"credential_cache": "cache"}, "expired", "kinit")],
)
def test_another_time(
    lab: Lab, realm: Realm, later: str, gssapi_settings: dict[str, str], words: str, hint: str
) -> None:
    """A machine whose clock is wrong, and a ticket of the day before."""
    realm.cache()
    secret = {"gssapi": gssapi_settings} if gssapi_settings else {"password": "alice-secret"}
    job = lab_login.job(lab, "P_SUBMISSION", {**SETTINGS, **secret})
    (realm.folder / "job.yaml").write_text(yaml.safe_dump({"version": 1, **job}))
    command = ["faketime", "-f", later, sys.executable, "-m", "mailjobs", "run", "job.yaml"]
    done = subprocess.run(command, cwd=realm.folder, capture_output=True, text=True, timeout=60, env=dict(os.environ))
    assert done.returncode == 77, done.stdout + done.stderr
    assert words in done.stdout
    assert hint in done.stdout


class Acceptor:
    """The server's half of RFC 4752, with an offer of layers that a test names."""

    def __init__(self, realm: Realm, offer: bytes = b"\x01\0\0\0", plain: bool = False) -> None:
        self._keytab = realm.server_keytab
        self._offer, self._plain = offer, plain
        self.context: Any = None
        self.chosen = b""

    def exchange(self, first: bytes | None) -> Exchange:
        credentials = gssapi.Credentials(usage="accept", store={"keytab": self._keytab})
        self.context = gssapi.SecurityContext(creds=credentials, usage="accept")
        token = first if first is not None else (yield b"")
        while not self.context.complete:
            answer = self.context.step(token)
            token = yield answer or b""
        offer = self._offer if self._plain else self.context.wrap(self._offer, False).message
        self.chosen = self.context.unwrap((yield offer)).message
        return "235 2.7.0 in"


def person(**settings: Any) -> Any:
    return auth("gssapi", "alice", "alice-secret", gssapi=Gssapi(**settings))


@pytest.mark.parametrize("delegate", [True, False])
def test_a_ticket_is_handed_on_where_it_is_wanted(login_server: Start, realm: Realm, delegate: bool) -> None:
    acceptor = Acceptor(realm)
    server = login_server("GSSAPI", acceptor.exchange)
    conversation = enter(server.port, person(delegate=delegate))
    assert conversation.authenticated_as == "alice@LAB.TEST"
    conversation.quit()
    assert str(acceptor.context.initiator_name) == "alice@LAB.TEST"
    assert (acceptor.context.delegated_creds is not None) is delegate
    if delegate:
        assert str(acceptor.context.delegated_creds.name) == "alice@LAB.TEST"
    assert acceptor.chosen == b"\x01\0\0\0"


def test_the_identity_stands_behind_the_choice_of_no_layer(login_server: Start, realm: Realm) -> None:
    acceptor = Acceptor(realm, b"\x07\0\xff\xff")
    server = login_server("GSSAPI", acceptor.exchange)
    who = auth("gssapi", "alice", "alice-secret", authorization_identity="jürgen", gssapi=Gssapi())
    enter(server.port, who).quit()
    assert acceptor.chosen == b"\x01\0\0\0" + "jürgen".encode()


def refused(server: LoginServer) -> MailjobsError:
    with pytest.raises(MailjobsError) as caught:
        enter(server.port, person())
    return caught.value


@pytest.mark.parametrize(
    ("offer", "plain", "words"),
    [
        (b"\x06\0\0\0", False, "a layer of its own"),
        (b"\x01", False, "not four octets"),
        (b"\x01\0\0\0", True, "has gone wrong"),
        (b"", True, "has gone wrong"),
    ],
)
def test_an_offer_that_is_none(login_server: Start, realm: Realm, offer: bytes, plain: bool, words: str) -> None:
    server = login_server("GSSAPI", Acceptor(realm, offer, plain).exchange)
    error = refused(server)
    assert isinstance(error, AuthError)
    assert words in error.message
    assert server.lines[-1] == "*"


@pytest.mark.parametrize("garbage", [b"garbage", b"", b"\x60\x82\xff\xff", b"\x00" * 9000])
def test_garbage_for_a_token(login_server: Start, realm: Realm, garbage: bytes) -> None:
    def exchange(first: bytes | None) -> Exchange:
        if first is None:  # a ticket is longer than a line of AUTH
            yield b""
        yield garbage
        return "235 2.7.0 in"

    server = login_server("GSSAPI", exchange, cancelled="235 2.7.0 in all the same")
    error = refused(server)
    assert isinstance(error, AuthError)
    assert "GSSAPI has gone wrong" in error.message


@pytest.mark.parametrize("early", [True, False])
def test_who_has_not_shown_who_it_is(login_server: Start, realm: Realm, early: bool) -> None:
    def exchange(first: bytes | None) -> Exchange:
        yield b""
        return "235 2.7.0 in" if early else CLOSE

    error = refused(login_server("GSSAPI", exchange))
    assert isinstance(error, AuthError if early else ConnectionLost)
    assert not early or "without having shown who it is" in error.message


@pytest.mark.parametrize(
    ("number", "hint"), [(37, "NTP"), (33, "NTP"), (32, "kinit"), (7, "gssapi.host"), (24, "password"), (156, "KDC")]
)
def test_numbers_of_kerberos(number: int, hint: str) -> None:
    minor = (number - 1765328384) % (1 << 32)
    error = kerberos_failure(Mechanism(me()), gssapi.exceptions.GSSError(851968, minor))
    assert hint in str(error.hint)
    assert error.temporary is (number == 156)
    assert "GSSAPI has gone wrong: " in error.message
