"""`auth.oauth2`: how a token is had, and what cannot be meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from mailjobs import model
from mailjobs.job import Loaded

REFRESH = {
    "token_url": "https://login.example/token",
    "client_id": "c",
    "client_secret": {"env": "CS"},
    "refresh_token": {"env": "RT"},
}


def job(oauth2: Any, auth: dict[str, Any] | None = None, server: dict[str, Any] | None = None) -> str:
    login = {"username": "ci@example.com", "oauth2": oauth2, **(auth or {})}
    given = {"host": "mail.example.com", **(server or {}), "auth": login}
    given = {key: value for key, value in given.items() if value is not None}
    return yaml.safe_dump(
        {"version": 1, "server": given, "steps": [{"connect": True}]}, default_flow_style=None, width=1000
    )


@pytest.fixture
def oauth2(load):
    def built(settings: Any, **others: Any) -> tuple[model.Server, model.Oauth2]:
        loaded: Loaded = load(head=job(settings, **others))
        server = loaded.job.servers["server"]
        assert server.auth is not None
        assert server.auth.oauth2 is not None
        assert server.auth.password is None
        return server, server.auth.oauth2

    return built


def test_a_refresh_token(oauth2) -> None:
    _, found = oauth2(
        {**REFRESH, "scope": "mail", "timeout": "5s", "cache": "keyring", "client_authentication": "basic"}
    )
    assert (found.token_url, found.client_id, found.scope) == ("https://login.example/token", "c", "mail")
    assert (found.timeout, found.cache, found.client_authentication) == (5, "keyring", "basic")
    assert [secret.origin for secret in found.secrets] == ["env CS", "env RT"]
    assert found.place is not None


@pytest.mark.parametrize(
    ("settings", "host", "url", "scope"),
    [
        ({"provider": "google", "client_id": "c", "client_secret": {"env": "CS"}, "refresh_token": {"env": "RT"}},
         "smtp.gmail.com", "https://oauth2.googleapis.com/token", "https://mail.google.com/"),
        ({"provider": "google", "service_account": {"key": {"env": "KEY"}}},
         "smtp.gmail.com", "https://oauth2.googleapis.com/token", "https://mail.google.com/"),
        ({"provider": "microsoft", "client_id": "c", "refresh_token": {"env": "RT"}},
         "smtp.office365.com", "https://login.microsoftonline.com/common/oauth2/v2.0/token",
         "https://outlook.office.com/SMTP.Send offline_access"),
        ({"provider": "microsoft", "tenant": "contoso.example", "client_id": "c", "client_secret": {"env": "CS"}},
         "smtp.office365.com", "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token",
         "https://outlook.office365.com/.default"),
    ],
)  # fmt: skip
def test_presets(oauth2, settings: dict[str, Any], host: str, url: str, scope: str) -> None:
    server, found = oauth2(settings, server={"host": None})
    assert (server.host, server.port, server.tls.mode) == (host, 587, "starttls")
    assert (found.token_url, found.scope) == (url, scope)
    server, found = oauth2({**settings, "scope": "mine"})
    assert (server.host, found.scope) == ("mail.example.com", "mine")


def test_a_program_is_not_run_when_the_job_is_read(oauth2, tmp_path: Path) -> None:
    _, found = oauth2({"command": ["touch", str(tmp_path / "mark")]})
    assert found.command is not None
    assert not (tmp_path / "mark").exists()
    assert str(tmp_path) not in repr(found)


def test_settings_may_be_templates(load) -> None:
    text = (
        job({**REFRESH, "client_id": "{{ vars.id }}", "cache": "{{ vars.cache }}"}) + "vars: {id: mine, cache: none}\n"
    )
    found = load(head=text).job.servers["server"].auth.oauth2
    assert (found.client_id, found.cache) == ("mine", "none")


def without(*keys: str) -> dict[str, Any]:
    return {key: value for key, value in REFRESH.items() if key not in keys}


@pytest.mark.parametrize(
    ("settings", "auth", "words"),
    [
        (without("token_url"), {}, "missing key 'token_url' (or `provider: google` or `provider: microsoft`)"),
        (without("client_id"), {}, "missing key 'client_id'"),
        (without("client_secret", "refresh_token"), {}, "nothing says how a token is had"),
        ({**REFRESH, "command": ["x"]}, {}, "by refresh_token or by command, not both"),
        ({"command": ["x"], "scope": "y"}, {}, "'scope' has no meaning beside 'command'"),
        ({**REFRESH, "tenant": "x"}, {}, "'tenant' goes with 'provider: microsoft'"),
        ({"provider": "microsoft", "client_id": "c", "client_secret": {"env": "CS"}}, {}, "missing key 'tenant'"),
        (
            {"provider": "microsoft", "tenant": "a/b?c", "client_id": "c", "refresh_token": {"env": "R"}},
            {},
            "no id or domain",
        ),
        ({**REFRESH, "token_url": "http://login.example/token"}, {}, "secrets are sent by https alone"),
        ({**REFRESH, "token_url": "https://u:hunter2@login.example/token"}, {}, "a password in a URL is refused"),
        ({**REFRESH, "provider": "yahoo"}, {}, "'yahoo' is not one of google, microsoft"),
        ({**REFRESH, "cache": "memory"}, {}, "'memory' is not one of file, keyring, none"),
        ({**REFRESH, "ca": "nowhere.pem"}, {}, "nowhere.pem"),
        ({**REFRESH, "service_account": {"issuer": "x"}}, {}, "missing key 'key'"),
        (REFRESH, {"token": {"env": "T"}}, "a login has 'token' or 'oauth2', not both"),
        (REFRESH, {"password": {"env": "P"}, "mechanism": "xoauth2"}, "xoauth2 has no use for 'password'"),
        (REFRESH, {"mechanism": "plain"}, "plain has no use for 'oauth2'"),
        (REFRESH, {"username": None}, "username"),
    ],
)
def test_what_cannot_be_meant(load, settings: Any, auth: dict[str, Any], words: str) -> None:
    from mailjobs.errors import JobError, MailjobsError

    with pytest.raises(MailjobsError) as caught:
        load(head=job(settings, auth))
    error = caught.value
    told = " ".join(str(problem) for problem in error.problems) if isinstance(error, JobError) else str(error)
    assert words in told
    assert "hunter2" not in told + str([problem.source for problem in error.problems])


def test_a_plain_secret_is_warned_about_and_masked(load) -> None:
    loaded = load(head=job({**REFRESH, "refresh_token": "1//hunter2", "client_secret": "hunter2"}))
    assert [warning.place.path for warning in loaded.warnings] == [
        "server.auth.oauth2.client_secret",
        "server.auth.oauth2.refresh_token",
    ]
    assert "hunter2" not in repr(loaded)
