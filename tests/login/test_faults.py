"""Servers that break off, say garbage, or try to be somebody else. Real ones cannot be made to do this."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable

import pytest

from mailjobs.errors import AuthError, ConnectionLost, MailjobsError, ProtocolError
from mailjobs.model import Auth
from mailjobs.sasl import MECHANISMS, Mechanism
from tests.fixtures.scripted import TlsFiles
from tests.login.logging_in import auth, enter
from tests.login.login_server import CLOSE, Exchange, LoginServer
from tests.login.scram_server import ScramServer

Start = Callable[..., LoginServer]
# Kerberos needs tickets before it says a word: see test_kerberos.py.
KINDS = [kind for kind in MECHANISMS.values() if kind.name != "GSSAPI"]
CHALLENGE = {
    "CRAM-MD5": b"<1.2@login.test>",
    "DIGEST-MD5": b'realm="r",nonce="n",qop="auth",algorithm=md5-sess,charset=utf-8',
    "NTLM": b"NTLMSSP\x00\x02\x00\x00\x00"
    + b"\x00" * 4
    + b"\x28\x00\x00\x00\x01\x82\x00\x00"
    + b"c" * 8
    + b"\x00" * 16,
}


def who(kind: type[Mechanism]) -> Auth:
    needs = kind.needs
    return auth(
        kind.name.lower(),
        "user" if "username" in needs else None,
        "pencil" if "password" in needs else None,
        "t0ken" if "token" in needs else None,
    )


def files_for(kind: type[Mechanism], files: TlsFiles) -> TlsFiles | None:
    return files if kind.shows_secret or kind.binds else None


def refused(server: LoginServer, person: Auth, files: TlsFiles | None) -> MailjobsError:
    with pytest.raises(MailjobsError) as caught:
        enter(server.port, person, files)
    assert [line for line in server.lines if line.startswith("AUTH")] == server.lines[1:2], "it tries only once"
    told = f"{caught.value} {caught.value.describe()}"
    assert "pencil" not in told
    assert "t0ken" not in told
    return caught.value


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("reply", ["535 5.7.8 no", "454 4.7.0 later", "535-5.7.8 no\r\n535 5.7.8 pencil t0ken"])
def test_a_refusal_is_told_by_its_codes(
    login_server: Start, tls_files: TlsFiles, kind: type[Mechanism], reply: str
) -> None:
    def exchange(first: bytes | None) -> Exchange:
        return reply
        yield b""

    files = files_for(kind, tls_files)
    error = refused(login_server(kind.name, exchange, files), who(kind), files)
    assert isinstance(error, AuthError)
    assert error.exit_status == (75 if reply[0] == "4" else 77)
    assert f"by {kind.name} was refused: {reply[:3]} {reply[4:9]}" in error.message


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("after", [0, 1])
def test_a_server_that_breaks_off(login_server: Start, tls_files: TlsFiles, kind: type[Mechanism], after: int) -> None:
    def exchange(first: bytes | None) -> Exchange:
        if after:
            yield CHALLENGE.get(kind.name, b"")
        return CLOSE

    files = files_for(kind, tls_files)
    error = refused(login_server(kind.name, exchange, files), who(kind), files)
    if after and kind.name.startswith("SCRAM"):
        assert isinstance(error, AuthError), "an empty challenge is none, and that is told"
    else:
        assert isinstance(error, ConnectionLost)
        assert (error.stage, error.exit_status) == ("AUTH", 75)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("line", ["334 !garbage!", "334 YWJ", "334 ä", "334-YWJj\r\n334 !"])
def test_a_challenge_that_is_no_base64_ends_the_exchange(
    login_server: Start, tls_files: TlsFiles, kind: type[Mechanism], line: str
) -> None:
    def exchange(first: bytes | None) -> Exchange:
        yield line
        return "235 2.7.0 in"

    files = files_for(kind, tls_files)
    server = login_server(kind.name, exchange, files)
    error = refused(server, who(kind), files)
    assert isinstance(error, AuthError)
    assert "is not base64" in error.message
    assert server.lines[-1] == "*"


@pytest.mark.parametrize("cancelled", ["501 cancelled", "235 2.7.0 in all the same", "421 bye"])
@pytest.mark.parametrize(
    ("name", "garbage"),
    [("SCRAM-SHA-256", b"garbage"), ("DIGEST-MD5", b"garbage"), ("NTLM", b"garbage"), ("CRAM-MD5", b"")],
)
def test_garbage_is_refused_whatever_the_server_says_to_that(
    login_server: Start, name: str, garbage: bytes, cancelled: str
) -> None:
    def exchange(first: bytes | None) -> Exchange:
        yield garbage
        return "235 2.7.0 in"

    server = login_server(name, exchange, cancelled=cancelled)
    error = refused(server, auth(name.lower()), None)
    assert isinstance(error, AuthError)
    assert name in error.message
    assert server.lines[-1] == "*"


def test_a_challenge_may_have_12288_octets_and_no_more(login_server: Start) -> None:
    longest = (12288 - len("334 \r\n")) // 4 * 3

    def exchange(first: bytes | None) -> Exchange:
        response = yield b"c" * longest
        assert response.startswith(b"user ")
        return "235 2.7.0 in"

    enter(login_server("CRAM-MD5", exchange).port, auth("cram-md5")).quit()

    def too_long(first: bytes | None) -> Exchange:
        yield b"c" * (longest + 6)
        return "235 2.7.0 in"

    error = refused(login_server("CRAM-MD5", too_long), auth("cram-md5"), None)
    assert isinstance(error, ProtocolError)
    assert "12288" in error.message


@pytest.mark.parametrize("signature", [None, b"wrong", b"\0" * 32])
def test_who_says_235_without_knowing_the_password_is_refused(login_server: Start, signature: bytes | None) -> None:
    """A wrong signature too, though the server says 235 to the star that cancels it."""
    scram = ScramServer(signature=lambda right: signature)
    server = login_server("SCRAM-SHA-256", scram.exchange, cancelled="235 2.7.0 in all the same")
    error = refused(server, auth(), None)
    assert isinstance(error, AuthError)
    assert ("without its own proof" if signature is None else "does not know the password") in error.message


@pytest.mark.parametrize("name", ["SCRAM-SHA-1", "DIGEST-MD5"])
def test_235_to_the_first_word_proves_nothing(login_server: Start, name: str) -> None:
    def exchange(first: bytes | None) -> Exchange:
        return "235 2.7.0 in"
        yield b""

    error = refused(login_server(name, exchange), auth(), None)
    assert "without its own proof" in error.message


def test_digest_md5_wants_the_servers_proof(login_server: Start) -> None:
    def exchange(first: bytes | None) -> Exchange:
        yield CHALLENGE["DIGEST-MD5"]
        yield b"rspauth=" + b"0" * 32
        return "235 2.7.0 in"

    server = login_server("DIGEST-MD5", exchange)
    assert "does not know the password" in refused(server, auth(), None).message
    assert server.lines[-1] == "*"


def test_a_replayed_exchange_answers_somebody_else(login_server: Start) -> None:
    """What a server said to one login is nothing to the next, whose nonce is another."""
    heard: list[bytes] = []

    def listening(first: bytes | None) -> Exchange:
        honest = ScramServer().exchange(first)
        challenge = next(honest)
        try:
            while True:
                assert isinstance(challenge, bytes)
                heard.append(challenge)
                challenge = honest.send((yield challenge))
        except StopIteration as end:
            return str(end.value)

    def replaying(first: bytes | None) -> Exchange:
        yield from heard
        return "235 2.7.0 in"

    enter(login_server("SCRAM-SHA-256", listening).port, auth()).quit()
    assert len(heard) == 2
    error = refused(login_server("SCRAM-SHA-256", replaying), auth(), None)
    assert "no answer to us" in error.message


@pytest.mark.parametrize("iterations", [1, 4095, 5_000_001, 2**31])
def test_iterations_have_bounds(login_server: Start, iterations: int) -> None:
    server = login_server("SCRAM-SHA-256", ScramServer(iterations=iterations).exchange)
    assert f"{iterations} iterations" in refused(server, auth(), None).message


def test_a_wrong_password_is_told_by_the_server_in_its_words(login_server: Start) -> None:
    server = login_server("SCRAM-SHA-256", ScramServer(password="another").exchange)
    error = refused(server, auth(), None)
    assert "535 5.7.8; the server tells: invalid-proof" in error.message
    assert "check user name and password" in str(error.hint)


@pytest.mark.parametrize("first_word", ["334 ", "334", "334 go ahead", "334 NTLM supported", "334 !"])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.name in ("PLAIN", "XOAUTH2", "EXTERNAL", "NTLM")])
def test_a_server_that_chokes_on_an_initial_response_is_not_given_one(
    login_server: Start, tls_files: TlsFiles, kind: type[Mechanism], first_word: str
) -> None:
    said: list[bytes] = []

    def exchange(first: bytes | None) -> Exchange:
        assert first is None
        said.append((yield first_word))
        return "235 2.7.0 in"

    files = files_for(kind, tls_files)
    server = login_server(kind.name, exchange, files)
    patient = who(kind)
    patient = Auth(patient.username, patient.password, patient.mechanism, token=patient.token, initial_response="never")
    enter(server.port, patient, files).quit()
    assert server.lines[1] == f"AUTH {kind.name}"
    assert b64decode(server.lines[2]) == said[0]


@pytest.mark.parametrize(("length", "early"), [(372, True), (373, False), (3000, False)])
def test_what_does_not_fit_into_512_octets_waits_for_the_prompt(
    login_server: Start, tls_files: TlsFiles, length: int, early: bool
) -> None:
    """RFC 4954 section 4."""
    token = "t" * (length - len("user=user\x01auth=Bearer \x01\x01"))

    def exchange(first: bytes | None) -> Exchange:
        assert (first is not None) is early
        assert token.encode() in (first if first is not None else (yield b""))
        return "235 2.7.0 in"

    server = login_server("XOAUTH2", exchange, tls_files)
    enter(server.port, auth("xoauth2", password=None, token=token), tls_files).quit()
    assert max(len(line) + 2 for line in server.lines if line.startswith("AUTH")) <= 512


def test_a_response_that_no_line_holds_is_not_begun(login_server: Start, tls_files: TlsFiles) -> None:
    def exchange(first: bytes | None) -> Exchange:
        raise AssertionError("nothing should be said")
        yield b""

    server = login_server("XOAUTH2", exchange, tls_files)
    with pytest.raises(AuthError, match="longer than 9000"):
        enter(server.port, auth("xoauth2", password=None, token="t" * 9000), tls_files)
    assert len(server.lines) == 1


def test_an_empty_initial_response_is_an_equals_sign(login_server: Start) -> None:
    def exchange(first: bytes | None) -> Exchange:
        assert first == b""
        return "235 2.7.0 in"
        yield b""

    server = login_server("ANONYMOUS", exchange)
    conversation = enter(server.port, auth("anonymous", None, None))
    assert conversation.authenticated_as == "anonymous"
    conversation.quit()
    assert server.lines[1] == "AUTH ANONYMOUS ="


@pytest.mark.parametrize(("name", "answer"), [("XOAUTH2", b""), ("OAUTHBEARER", b"\x01")])
def test_the_error_of_a_bearer_is_answered_and_told(
    login_server: Start, tls_files: TlsFiles, name: str, answer: bytes
) -> None:
    def exchange(first: bytes | None) -> Exchange:
        assert (yield b'{"status":"invalid_token","scope":"mail","note":"t0ken"}') == answer
        return "535 5.7.8 t0ken"

    server = login_server(name, exchange, tls_files)
    error = refused(server, auth(name.lower(), password=None, token="t0ken"), tls_files)
    assert "535 5.7.8; the server tells: status invalid_token, scope mail" in error.message
    assert "expired" in str(error.hint)
    assert server.lines[-1] == b64encode(answer).decode() or server.lines[-1] == "QUIT"


@pytest.mark.parametrize(
    ("reply", "hint"),
    [
        ("250 2.0.0 fine", "no answer to a login"),
        ("501 5.5.2 what?", "initial_response: never"),
        ("534 5.7.9 Application-specific password required. Learn more at", "app password"),
        (
            "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant",
            "switched off",
        ),
        ("534-5.7.14 Please log in via your web browser\r\n534 5.7.14 and then try again", "app password"),
        ("538 5.7.11 Encryption required", "tls: starttls"),
        ("432 4.7.12 A password transition is needed", "plain"),
        ("504 5.5.4 Unrecognized authentication type", "another one"),
        ("454 4.7.0 Temporary authentication failure", "later"),
        ("535 5.7.8 Bad", "check user name and password"),
    ],
)
def test_what_may_help(login_server: Start, reply: str, hint: str) -> None:
    def exchange(first: bytes | None) -> Exchange:
        return reply
        yield b""

    assert hint in str(refused(login_server("CRAM-MD5", exchange), auth(), None).hint)
