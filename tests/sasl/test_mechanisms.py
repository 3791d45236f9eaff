"""The plain mechanisms, and what holds for all of them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailjobs.errors import AuthError
from mailjobs.sasl import MECHANISMS, Credentials, Mechanism
from mailjobs.sasl.anonymous import Anonymous
from mailjobs.sasl.cram_md5 import CramMd5
from mailjobs.sasl.external import External
from mailjobs.sasl.login import Login
from mailjobs.sasl.oauthbearer import OAuthBearer
from mailjobs.sasl.plain import Plain
from mailjobs.sasl.xoauth2 import XOAuth2
from mailjobs.secret import Secret
from tests.sasl.asking import bearer, me, server

AT_ONCE = (Plain, External, Anonymous)


def test_plain_says_everything_at_once() -> None:
    """The last two are the examples of RFC 4616 section 4."""
    assert Plain(me()).initial() == b"\0j\xc3\xbcrgen\0sesame"
    assert Plain(me("tanstaaftanstaaf", "tim")).initial() == b"\0tim\0tanstaaftanstaaf"
    assert Plain(me("xipj3plmq", "Kurt", "Ursel")).initial() == b"Ursel\0Kurt\0xipj3plmq"


@pytest.mark.parametrize("kind", AT_ONCE)
def test_who_says_everything_at_once_may_be_asked_once(kind: type[Mechanism]) -> None:
    mechanism = kind(Credentials("u", Secret.literal("p")))
    assert mechanism.respond(b"") == mechanism.initial()
    for late in (b"", b"more"):
        with pytest.raises(AuthError, match="nothing more to say"):
            mechanism.respond(late)
    with pytest.raises(AuthError):
        kind(Credentials("u", Secret.literal("p"))).respond(b"more")


def test_login_answers_prompts_in_their_order_whatever_they_say() -> None:
    login = Login(me())
    assert login.initial() is None
    assert login.respond(b"Password:") == b"j\xc3\xbcrgen"
    assert login.respond(b"anything") == b"sesame"
    with pytest.raises(AuthError, match="third"):
        login.respond(b"again")


def test_cram_md5_of_rfc_2195() -> None:
    mechanism = CramMd5(me("tanstaaftanstaaf", "tim"))
    challenge = b"<1896.697170952@postoffice.reston.mci.net>"
    assert mechanism.respond(challenge) == b"tim b913a602c7eda7a495b4e6e7334d3890"
    with pytest.raises(AuthError, match="second time"):
        mechanism.respond(challenge)
    with pytest.raises(AuthError, match="empty"):
        CramMd5(me()).respond(b"")


def test_oauthbearer_of_rfc_7628() -> None:
    """Section 4.1."""
    token = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="
    mechanism = OAuthBearer(bearer(token), server(host="server.example.com", port=143))
    assert mechanism.initial() == (
        b"n,a=user@example.com,\x01host=server.example.com\x01port=143\x01auth=Bearer " + token.encode() + b"\x01\x01"
    )
    assert mechanism.respond(b'{"status":"invalid_token","scope":"example_scope"}') == b"\x01"
    assert mechanism.complaint == "status invalid_token, scope example_scope"
    with pytest.raises(AuthError, match="after its error"):
        mechanism.respond(b"{}")


def test_oauthbearer_names_whom_to_act_as_with_its_commas_hidden() -> None:
    assert (OAuthBearer(bearer("t", authzid="a,b=c")).initial()).startswith(b"n,a=a=2Cb=3Dc,\x01")


@pytest.mark.parametrize(
    "token", ["ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg", "Bearer abc", "bearer  abc", "abc "]
)
def test_xoauth2_takes_a_token_with_or_without_the_word(token: str) -> None:
    bare = token.removeprefix("Bearer ").removeprefix("bearer  ").strip()
    mechanism = XOAuth2(bearer(token, "someuser@example.com"))
    assert mechanism.initial() == f"user=someuser@example.com\x01auth=Bearer {bare}\x01\x01".encode()
    assert mechanism.respond(b'{"status":"401","schemes":"bearer","scope":"https://mail.example/"}') == b""
    assert mechanism.complaint == "status 401, scope https://mail.example/, schemes bearer"


@pytest.mark.parametrize("kind", [XOAuth2, OAuthBearer])
@pytest.mark.parametrize(("token", "user"), [("a\x01b", "u"), ("a b", "u"), ("ü", "u"), ("", "u"), ("t", "u\x01v")])
def test_nothing_gets_into_a_message_that_ends_its_part(kind: type[Mechanism], token: str, user: str) -> None:
    with pytest.raises(AuthError) as caught:
        kind(bearer(token, user)).initial()
    assert "cannot say" in str(caught.value)


@pytest.mark.parametrize(
    "told",
    [
        b"no json", b"[]", b'"x"', b"{}", b"[" * 100_000, b'{"status":{"a":1}}', b'{"status":"se-cret-token"}',
        b'{"status":"\\u001b[31m"}', b'{"status":"' + b"9" * 5000 + b'"}', b'{"status":1e999}', b"\xff\xfe",
        b'{"status":' + b"9" * 300 + b"}",
    ],
)  # fmt: skip
def test_an_error_is_shown_only_where_it_is_one_and_harmless(told: bytes) -> None:
    mechanism = XOAuth2(bearer("se-cret-token"))
    assert mechanism.respond(told) == b""
    assert mechanism.complaint in ("an error that is not JSON", "an error that says nothing")


def test_external_and_anonymous_without_a_word_say_the_empty_one() -> None:
    assert External(Credentials()).initial() == b""
    assert External(Credentials(authorization_identity="fred@example.com")).initial() == b"fred@example.com"
    assert Anonymous(Credentials()).initial() == b""


def test_anonymous_of_rfc_4505() -> None:
    assert Anonymous(Credentials("sirhc")).initial() == b"sirhc"
    assert Anonymous(Credentials("ü" * 255)).initial() == "ü".encode() * 255
    for trace in ("a" * 256, "a\nb"):
        with pytest.raises(AuthError, match="trace"):
            Anonymous(Credentials(trace)).initial()


@pytest.mark.parametrize("kind", [kind for kind in MECHANISMS.values() if not kind.authorizes])
def test_who_has_no_authorization_identity_says_so(kind: type[Mechanism]) -> None:
    with pytest.raises(AuthError, match="PLAIN"):
        kind(Credentials("u", Secret.literal("p"), "other", Secret.literal("t")))


@pytest.mark.parametrize("kind", [kind for kind in MECHANISMS.values() if "password" in kind.needs])
@pytest.mark.parametrize("password", ["se\0same", "se\udcffsame", "same" * 2500])
def test_what_cannot_be_said_is_refused_and_not_shown(kind: type[Mechanism], password: str) -> None:
    with pytest.raises(AuthError) as caught:
        answer_all(kind(me(password)))
    assert "same" not in str(caught.value)


def answer_all(mechanism: Mechanism) -> None:
    """Whatever a server may ask, one thing after another."""
    mechanism.initial()
    for _ in range(3):
        mechanism.respond(b"" if isinstance(mechanism, Plain) else b"challenge")


CHALLENGES = st.binary(max_size=200) | st.sampled_from(
    [b"", b"\x00" * 12288, b"=" * 9000, b"NTLMSSP\x00\x02\x00\x00\x00"]
)


@pytest.mark.parametrize("kind", [kind for kind in MECHANISMS.values() if kind.name != "GSSAPI"])
@settings(deadline=None, max_examples=40)
@given(challenges=st.lists(CHALLENGES, min_size=4, max_size=4))
def test_a_server_that_asks_on_and_on_is_refused(kind: type[Mechanism], challenges: list[bytes]) -> None:
    who = Credentials("u", Secret.literal("p"), None, Secret.literal("t"))
    mechanism = kind(who, server())
    mechanism.initial()
    with pytest.raises(AuthError):
        for challenge in challenges:
            mechanism.respond(challenge)
