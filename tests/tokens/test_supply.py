"""When a token is asked for, when one that is there is taken, and what is asked with."""

from __future__ import annotations

import base64
import json
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from mailjobs.errors import AuthError, MailjobsError, ProtocolError, SecretError
from mailjobs.model import Oauth2, ServiceAccount
from mailjobs.secret import Secret
from mailjobs.tokens.endpoint import Response
from mailjobs.tokens.grants import question
from mailjobs.tokens.request import ask
from mailjobs.tokens.supply import Supply
from tests.fixtures.tokens import TokenEndpoint
from tests.tokens.conftest import Clock
from tests.tokens.test_key_file import RSA, key_file, pem, unpacked, verify

Endpoint = Callable[..., TokenEndpoint]
By = Callable[..., Oauth2]


def supply(oauth2: Oauth2) -> Supply:
    return Supply(oauth2, "alice")


def test_a_token_is_asked_for_once_and_shown_until_it_ends(
    token_endpoint: Endpoint, by_refresh: By, time: Clock
) -> None:
    endpoint = token_endpoint(lives=3600)
    found = supply(by_refresh(endpoint, cache="none"))
    assert found.token().reveal() == found.token().reveal() == endpoint.given[0]
    time.goes_on(3600 - 61)
    assert found.token().reveal() == endpoint.given[0]
    time.goes_on(2)
    assert found.token().reveal() == endpoint.given[1]
    assert endpoint.requests[0].form == {
        "grant_type": "refresh_token",
        "refresh_token": "lab-refresh-alice",
        "client_id": "mailjobs",
        "client_secret": "mailjobs-secret",
    }


def test_a_token_that_lives_shorter_than_the_leeway_is_shown_once(token_endpoint: Endpoint, by_refresh: By) -> None:
    endpoint = token_endpoint(lives=5)
    found = supply(by_refresh(endpoint))
    assert [found.token().reveal(), found.token().reveal()] == endpoint.given


def test_the_next_process_takes_the_token_from_the_cache(token_endpoint: Endpoint, by_refresh: By, time: Clock) -> None:
    endpoint = token_endpoint()
    first = supply(by_refresh(endpoint)).token().reveal()
    assert supply(by_refresh(endpoint)).token().reveal() == first
    time.goes_on(3600)
    assert supply(by_refresh(endpoint)).token().reveal() != first
    assert len(endpoint.requests) == 2


@pytest.mark.parametrize("cache", ["file", "none"])
def test_a_rotated_refresh_token_is_kept_and_used_next(
    token_endpoint: Endpoint, by_refresh: By, time: Clock, cache: str
) -> None:
    endpoint = token_endpoint(rotates=True)
    settings = by_refresh(endpoint, cache=cache)
    found = supply(settings)
    for _ in range(3):
        found.token()
        time.goes_on(3600)
        if cache == "file":
            found = supply(settings)
    asked = [request.form["refresh_token"] for request in endpoint.requests]
    assert asked == ["lab-refresh-alice", "rotated-1-alice", "rotated-2-alice"]


def test_where_the_rotated_one_is_refused_that_of_the_job_is_tried(
    token_endpoint: Endpoint, by_refresh: By, time: Clock
) -> None:
    endpoint = token_endpoint(rotates=True)
    settings = by_refresh(endpoint)
    supply(settings).token()
    time.goes_on(3600)
    endpoint.refresh_token = "lab-refresh-alice"
    supply(settings).token()
    assert [request.form["refresh_token"] for request in endpoint.requests] == [
        "lab-refresh-alice",
        "rotated-1-alice",
        "lab-refresh-alice",
    ]


def test_a_new_refresh_token_in_the_job_leaves_the_cache_aside(token_endpoint: Endpoint, by_refresh: By) -> None:
    endpoint = token_endpoint(rotates=True)
    supply(by_refresh(endpoint)).token()
    endpoint.refresh_token = "from-a-new-consent"
    supply(by_refresh(endpoint)).token()
    assert endpoint.requests[1].form["refresh_token"] == "from-a-new-consent"


def test_a_refused_token_is_renewed_unless_it_is_new(token_endpoint: Endpoint, by_refresh: By) -> None:
    endpoint = token_endpoint()
    found = supply(by_refresh(endpoint))
    first = found.token()
    assert not found.renew(first), "nobody has ever taken it, so it is not too old"
    found.accepted(first)
    assert found.renew(first)
    second = found.token()
    assert second.reveal() == endpoint.given[1]
    assert found.renew(first), "another connection has renewed it meanwhile"
    assert found.token() is second
    assert len(endpoint.requests) == 2


def test_a_refused_token_of_the_cache_is_renewed(token_endpoint: Endpoint, by_refresh: By) -> None:
    endpoint = token_endpoint()
    supply(by_refresh(endpoint)).token()
    found = supply(by_refresh(endpoint))
    assert found.renew(found.token())
    assert found.token().reveal() == endpoint.given[1]


def test_many_threads_ask_once(token_endpoint: Endpoint, by_refresh: By) -> None:
    endpoint = token_endpoint()
    found = supply(by_refresh(endpoint, cache="none"))
    threads = [threading.Thread(target=found.token) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(endpoint.requests) == 1


def test_client_credentials_by_http_basic(token_endpoint: Endpoint, by_refresh: By) -> None:
    endpoint = token_endpoint(client_secret="mail: jobs/ü%")
    settings = by_refresh(endpoint, refresh_token=None, scope="mail other", client_authentication="basic")
    assert supply(settings).token().reveal() == endpoint.given[0]
    assert endpoint.requests[0].form == {"grant_type": "client_credentials", "scope": "mail other"}


def test_a_client_without_a_secret_only_says_who_it_is(token_endpoint: Endpoint, by_refresh: By) -> None:
    endpoint = token_endpoint()
    endpoint.answers.append((200, {"access_token": "t"}, {}))
    supply(by_refresh(endpoint, client_secret=None)).token()
    assert endpoint.requests[0].form == {
        "grant_type": "refresh_token",
        "refresh_token": "lab-refresh-alice",
        "client_id": "mailjobs",
    }


def test_a_service_account_vouches_by_its_key_file(token_endpoint: Endpoint, by_refresh: By) -> None:
    endpoint = token_endpoint()
    key = Secret.literal(key_file(private_key=pem(RSA), token_uri=endpoint.url, client_email="job@project"))
    account = ServiceAccount(key)
    settings = by_refresh(
        endpoint, token_url=None, client_id=None, client_secret=None, refresh_token=None, scope="https://mail.example/",
        service_account=account,
    )  # fmt: skip
    assert supply(settings).token().reveal() == endpoint.given[0]
    form = endpoint.requests[0].form
    head, claims, signature, signed = unpacked(form.pop("assertion"))
    assert form == {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer"}
    assert (head["kid"], claims["iss"], claims["sub"]) == ("k1", "job@project", "alice")
    assert (claims["aud"], claims["scope"]) == (endpoint.url, "https://mail.example/")
    verify("RS256", signature, signed)


def test_a_service_account_vouches_by_key_and_claims(token_endpoint: Endpoint, by_refresh: By) -> None:
    endpoint = token_endpoint()
    account = ServiceAccount(Secret.literal(pem(RSA)), "me", "ci@example.com", "https://login.example", "k7")
    settings = by_refresh(endpoint, client_secret=None, refresh_token=None, scope="mail", service_account=account)
    supply(settings).token()
    form = endpoint.requests[0].form
    head, claims, *_ = unpacked(form["assertion"])
    assert (head["kid"], claims["iss"], claims["sub"], claims["aud"]) == (
        "k7",
        "me",
        "ci@example.com",
        "https://login.example",
    )
    assert (form["scope"], form["client_id"]) == ("mail", "mailjobs")
    assert "scope" not in claims


def test_a_key_file_cannot_lead_secrets_elsewhere(token_endpoint: Endpoint, by_refresh: By) -> None:
    account = ServiceAccount(Secret.literal(key_file(private_key=pem(RSA), token_uri="http://evil.example/token")))
    settings = by_refresh(token_endpoint(), token_url=None, refresh_token=None, service_account=account)
    with pytest.raises(MailjobsError, match="token_uri: secrets are sent by https alone"):
        supply(settings).token()


def test_a_program_is_run_again_when_its_token_ends(by_refresh: By, token_endpoint: Endpoint, time: Clock) -> None:
    printed = iter(["one", '{"access_token": "two", "expires_in": 600}', "three"])
    command = Secret(lambda: next(printed), "command get-token")
    found = supply(by_refresh(token_endpoint(), command=command, refresh_token=None))
    first = found.token()
    assert (first.reveal(), found.token().reveal()) == ("one", "one")
    found.accepted(first)
    assert found.renew(first)
    assert found.token().reveal() == "two"
    time.goes_on(600)
    assert found.token().reveal() == "three"


def test_what_a_program_prints_may_be_no_token(by_refresh: By, token_endpoint: Endpoint) -> None:
    command = Secret(lambda: "Error: log in first", "command get-token")
    with pytest.raises(SecretError, match="what the command get-token prints is no access token") as caught:
        supply(by_refresh(token_endpoint(), command=command, refresh_token=None)).token()
    assert "log in" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "body", "kind", "temporary", "words", "hint"),
    [
        (400, {"error": "invalid_grant", "error_description": "Bad Request"}, AuthError, False,
         "the token endpoint refused: invalid_grant: Bad Request (HTTP 400)", "auth.oauth2.refresh_token is expired"),
        (401, {"error": "invalid_client"}, AuthError, False, "invalid_client (HTTP 401)", "client_id and"),
        (400, {"error": "invalid_scope"}, AuthError, False, "invalid_scope (HTTP 400)", "auth.oauth2.scope"),
        (400, {"error": "temporarily_unavailable"}, AuthError, True, "temporarily_unavailable", "try again later"),
        (503, b"<html>", AuthError, True, "gives no token: HTTP 503", "try again later"),
        (429, {"error": "slow_down"}, AuthError, True, "slow_down (HTTP 429)", "try again later"),
        (404, b"nothing here", AuthError, False, "gives no token: HTTP 404", "auth.oauth2.token_url"),
        (302, b"", AuthError, False, "points elsewhere (HTTP 302)", "auth.oauth2.token_url"),
        (200, {"error": "invalid_scope"}, AuthError, False, "refused: invalid_scope (HTTP 200)", "auth.oauth2.scope"),
        (200, b"<html>", ProtocolError, False, "not what RFC 6749 has: it is not JSON", "token_url"),
        (200, {"access_token": "a b"}, ProtocolError, False, "its access_token is no token", ""),
    ],
)  # fmt: skip
def test_refusals_in_words(
    token_endpoint: Endpoint, by_refresh: By, status: int, body: object, kind: type[MailjobsError], temporary: bool,
    words: str, hint: str,
) -> None:  # fmt: skip
    endpoint = token_endpoint()
    endpoint.answers.append((status, body, {}))
    with pytest.raises(kind) as caught:
        ask(by_refresh(endpoint), "alice", Secret.literal("lab-refresh-alice"))
    error = caught.value
    assert words in error.message
    assert hint in (error.hint or "")
    assert (error.temporary, error.exit_status) == (temporary, 75 if temporary else 77 if kind is AuthError else 76)
    assert (error.place, error.host) == (("job.yaml", 4, 7, ""), "localhost")


def test_an_endpoint_that_echoes_is_not_quoted(token_endpoint: Endpoint, by_refresh: By) -> None:
    endpoint = token_endpoint(client_secret="the-client-secret")
    for shown in ("lab-refresh-alice", "the-client-secret", base64.b64encode(b"mailjobs:the-client-secret").decode()):
        endpoint.answers.append((400, {"error": "invalid_grant", "error_description": f"wrong: {shown}"}, {}))
        with pytest.raises(AuthError) as caught:
            supply(by_refresh(endpoint, cache="none", client_authentication="basic")).token()
        assert caught.value.message == "the token endpoint refused: invalid_grant (HTTP 400)"


def test_a_secret_that_is_no_text_is_an_error(token_endpoint: Endpoint, by_refresh: By) -> None:
    """As a variable with bytes that are not UTF-8 is read."""
    for way in ("post", "basic"):
        settings = by_refresh(
            token_endpoint(), client_secret=Secret.literal("hunter2\udcff"), client_authentication=way, cache="none"
        )
        with pytest.raises(SecretError, match="not UTF-8") as caught:
            supply(settings).token()
        assert "hunter2" not in str(caught.value)


def test_what_is_asked_and_answered_has_no_text_form(token_endpoint: Endpoint, by_refresh: By) -> None:
    settings = by_refresh(token_endpoint(), client_authentication="basic")
    asked = question(settings, "alice", settings.refresh_token, 0)
    shown = f"{asked!r} {Response(200, b'lab-refresh-alice')!r} {settings!r}"
    assert not any(form in shown for form in ("lab-refresh-alice", "mailjobs-secret", "Basic"))


CHILD = """
import json, sys
from mailjobs.model import Oauth2
from mailjobs.secret import Secret
from mailjobs.tokens.supply import Supply
settings = json.loads(sys.stdin.read())
for name in ("client_secret", "refresh_token"):
    settings[name] = Secret.literal(settings[name])
print(Supply(Oauth2(**settings), "alice").token().reveal())
"""


def test_many_processes_ask_once(token_endpoint: Endpoint, cache_home: Path) -> None:
    import subprocess

    endpoint = token_endpoint(rotates=True)
    settings = json.dumps({
        "token_url": endpoint.url, "client_id": "mailjobs", "client_secret": "mailjobs-secret",
        "refresh_token": "lab-refresh-alice",
    })  # fmt: skip
    children = [
        subprocess.Popen([sys.executable, "-c", CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for child in children:
        assert child.stdin is not None
        child.stdin.write(settings)
        child.stdin.close()
    found = set()
    for child in children:
        assert child.stdout is not None
        found.add(child.stdout.read().strip())
        child.stdout.close()
        assert child.wait(30) == 0
    assert found == set(endpoint.given)
    assert len(endpoint.requests) == 1
