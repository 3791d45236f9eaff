"""PLAIN and LOGIN, and which mechanism is chosen when."""

from __future__ import annotations

import pytest

from mailjobs.errors import AuthError
from mailjobs.sasl import Credentials, choose
from mailjobs.sasl.login import Login
from mailjobs.sasl.plain import Plain
from mailjobs.secret import Secret


def me(password: str = "sesame", authzid: str | None = None) -> Credentials:
    return Credentials("jürgen", Secret.literal(password), authzid)


def test_plain_says_everything_at_once() -> None:
    assert Plain(me()).initial() == b"\0j\xc3\xbcrgen\0sesame"
    assert Plain(me(authzid="other")).initial() == b"other\0j\xc3\xbcrgen\0sesame"
    assert Plain(me()).respond(b"") == b"\0j\xc3\xbcrgen\0sesame"


def test_plain_answers_no_challenge() -> None:
    with pytest.raises(AuthError):
        Plain(me()).respond(b"more")


def test_login_answers_prompts_in_their_order_whatever_they_say() -> None:
    login = Login(me())
    assert login.initial() is None
    assert login.respond(b"Password:") == b"j\xc3\xbcrgen"
    assert login.respond(b"anything") == b"sesame"
    with pytest.raises(AuthError, match="third"):
        login.respond(b"again")


def test_login_has_no_authorization_identity() -> None:
    with pytest.raises(AuthError, match="PLAIN has"):
        Login(me(authzid="other"))


@pytest.mark.parametrize("kind", [Plain, Login])
def test_a_nul_is_refused_and_the_password_not_shown(kind: type[Plain] | type[Login]) -> None:
    with pytest.raises(AuthError) as caught:
        mechanism = kind(me("se\0same"))
        mechanism.initial()
        mechanism.respond(b"")
        mechanism.respond(b"")
    assert "same" not in str(caught.value)


def test_the_strongest_that_both_have_is_chosen() -> None:
    assert choose(("LOGIN", "PLAIN", "X-OTHER"), None, tls=True) is Plain
    assert choose(("LOGIN",), None, tls=True) is Login
    assert choose(("LOGIN", "PLAIN"), "login", tls=True) is Login


def test_no_password_is_shown_without_tls() -> None:
    for wanted in (None, "plain", "login"):
        with pytest.raises(AuthError, match="never used without TLS"):
            choose(("PLAIN", "LOGIN"), wanted, tls=False)


@pytest.mark.parametrize(("offered", "wanted"), [((), None), (("GSSAPI",), None), (("PLAIN",), "login")])
def test_what_is_not_offered_is_said_with_what_is(offered: tuple[str, ...], wanted: str | None) -> None:
    with pytest.raises(AuthError, match=", ".join(offered) or "none"):
        choose(offered, wanted, tls=True)
