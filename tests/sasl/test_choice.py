"""Which mechanism is chosen when."""

from __future__ import annotations

import random

import pytest

from mailjobs.errors import AuthError
from mailjobs.model import Gssapi
from mailjobs.sasl import MECHANISMS, Credentials, choose
from mailjobs.secret import Secret
from tests.sasl.asking import bearer, me, server

BY_PASSWORD = [
    "SCRAM-SHA-512-PLUS", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1",
    "DIGEST-MD5", "CRAM-MD5", "PLAIN", "LOGIN", "NTLM",
]  # fmt: skip
WITHOUT_TLS = ["SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1", "DIGEST-MD5", "CRAM-MD5", "NTLM"]


@pytest.mark.parametrize(("tls", "order"), [(True, BY_PASSWORD), (False, WITHOUT_TLS)])
def test_the_strongest_that_both_have_is_chosen(tls: bool, order: list[str]) -> None:
    offered = [*MECHANISMS, "X-OTHER", "GSS-SPNEGO"]
    random.Random(7).shuffle(offered)
    for name in order:
        assert choose(server(*offered, tls=tls), me()).name == name
        offered.remove(name)
    with pytest.raises(AuthError):
        choose(server(*offered, tls=tls), me())


@pytest.mark.parametrize("kind", [kind for kind in MECHANISMS.values() if kind.shows_secret])
@pytest.mark.parametrize("named", [True, False])
def test_nothing_that_shows_a_secret_is_used_without_tls(kind: type, named: bool) -> None:
    who = Credentials("u", Secret.literal("p"), None, Secret.literal("t"))
    with pytest.raises(AuthError, match="never used without TLS"):
        choose(server(kind.name, tls=False), who, kind.name.lower() if named else None)


@pytest.mark.parametrize("name", ["scram-sha-256-plus", "external"])
def test_what_is_tied_to_tls_needs_it(name: str) -> None:
    with pytest.raises(AuthError, match="there is none"):
        choose(server(name.upper(), tls=False), me(), name)


def test_what_is_wanted_is_taken_where_something_stronger_is_offered() -> None:
    assert choose(server("SCRAM-SHA-256", "LOGIN"), me(), "login").name == "LOGIN"


def test_auto_goes_by_what_the_job_gives() -> None:
    everything = server(*MECHANISMS)
    assert choose(everything, bearer("t")).name == "OAUTHBEARER"
    assert choose(server("PLAIN", "XOAUTH2"), bearer("t")).name == "XOAUTH2"
    assert choose(everything, Credentials("u", Secret.literal("p"), None, None, Gssapi())).name == "GSSAPI"
    assert choose(everything, Credentials(gssapi=Gssapi())).name == "GSSAPI"
    assert choose(server("CRAM-MD5", "LOGIN", "PLAIN"), me(authzid="other")).name == "PLAIN"


@pytest.mark.parametrize("name", ["EXTERNAL", "ANONYMOUS"])
def test_nobody_logs_in_as_nobody_without_having_said_so(name: str) -> None:
    with pytest.raises(AuthError, match="offers no mechanism"):
        choose(server(name), me())
    assert choose(server(name), Credentials(), name.lower()).name == name


@pytest.mark.parametrize(("offered", "wanted"), [((), None), (("GSSAPI",), None), (("PLAIN",), "login")])
def test_what_is_not_offered_is_said_with_what_is(offered: tuple[str, ...], wanted: str | None) -> None:
    with pytest.raises(AuthError, match=", ".join(offered) or "none"):
        choose(server(*offered), me(), wanted)


@pytest.mark.parametrize(
    ("offered", "words"), [("GSSAPI", "gssapi"), ("XOAUTH2", "token"), ("EXTERNAL", "mechanism: external")]
)
def test_what_would_have_to_stand_in_the_job_is_told(offered: str, words: str) -> None:
    with pytest.raises(AuthError) as caught:
        choose(server(offered), me())
    assert words in str(caught.value.hint)


@pytest.mark.parametrize(
    ("wanted", "words"), [("external", "client certificate"), ("anonymous", "without a name"), ("login", "auto")]
)
def test_what_is_never_chosen_by_itself_is_not_sent_back_to_auto(wanted: str, words: str) -> None:
    with pytest.raises(AuthError) as caught:
        choose(server("PLAIN"), me(), wanted)
    assert words in str(caught.value.hint)
    assert ("auto" in str(caught.value.hint)) is (wanted == "login")
