"""Logins by tokens that are asked for: Postfix, with Dovecot as the judge, and an endpoint that gives them."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest

from mailjobs.events import Trace
from mailjobs.run import RunRecord
from tests.fixtures.lab import Lab
from tests.fixtures.running import Listen, command, run_text
from tests.fixtures.scripted import ScriptedServer, TlsFiles
from tests.fixtures.tokens import TokenEndpoint, mint

Endpoint = Callable[..., TokenEndpoint]
JOB = """
    name: by-token
    server:
      host: localhost
      port: {port}
      tls: {{mode: starttls, ca: {{file: "{ca}"}}}}
      auth: {{username: alice, mechanism: {mechanism}, oauth2: {oauth2}}}
    messages: {{m: {{from: alice@lab.test, to: {box}@lab.test, subject: s, text: t}}}}
    steps: [send: m]
"""


@pytest.fixture(autouse=True)
def secrets(cache_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIENT_SECRET", "mailjobs-secret")
    monkeypatch.setenv("REFRESH_TOKEN", "lab-refresh-alice")


def by_refresh(endpoint: TokenEndpoint | str, **more: str) -> str:
    url = endpoint if isinstance(endpoint, str) else endpoint.url
    keys = {"token_url": url, "client_id": "mailjobs", "client_secret": "{env: CLIENT_SECRET}",
            "refresh_token": "{env: REFRESH_TOKEN}", **more}  # fmt: skip
    return "{" + ", ".join(f"{key}: {value}" for key, value in keys.items()) + "}"


def run(lab: Lab, oauth2: str, mechanism: str = "auto", box: str = "alice") -> tuple[RunRecord, Listen]:
    return run_text(
        JOB.format(port=lab.port("P_SUBMISSION"), ca=lab.ca_file, mechanism=mechanism, oauth2=oauth2, box=box)
    )


def said(listen: Listen) -> list[str]:
    return [event.line for event in listen.of(Trace)]  # type: ignore[attr-defined]


@pytest.mark.parametrize("mechanism", ["auto", "xoauth2", "oauthbearer"])
def test_a_token_for_a_refresh_token_sends_mail(
    lab: Lab, token_endpoint: Endpoint, box_name: str, mechanism: str
) -> None:
    box = lab.mailbox(box_name)
    record, _ = run(lab, by_refresh(token_endpoint()), mechanism, box_name)
    assert record.exit_status == 0, record.as_dict()
    assert b"Authenticated sender: alice" in box.wait()[0].raw


def test_the_token_endpoint_of_the_laboratory(lab: Lab) -> None:
    record, _ = run(lab, by_refresh(f"http://127.0.0.1:{lab.port('P_WEB')}/token", client_authentication="basic"))
    assert record.exit_status == 0, record.as_dict()


def test_client_credentials(lab: Lab, token_endpoint: Endpoint) -> None:
    url = token_endpoint().url
    oauth2 = f"{{token_url: '{url}', client_id: mailjobs, client_secret: {{env: CLIENT_SECRET}}, cache: none}}"
    assert run(lab, oauth2)[0].exit_status == 0


@pytest.mark.parametrize("as_json", [False, True])
def test_a_program_gives_the_token(lab: Lab, tmp_path: Path, as_json: bool) -> None:
    token = mint("alice", 600)
    file = tmp_path / "token"
    file.write_text(json.dumps({"access_token": token, "expires_in": 600}) if as_json else token + "\n")
    assert run(lab, f"{{command: [cat, {shlex.quote(str(file))}]}}")[0].exit_status == 0


def test_a_token_that_the_server_finds_too_old_is_renewed_once(lab: Lab, token_endpoint: Endpoint) -> None:
    endpoint = token_endpoint(lives=-60, said=3600)
    record, _ = run(lab, by_refresh(endpoint))
    assert record.exit_status == 77, "a new token that is refused is not replaced"
    assert len(endpoint.requests) == 1
    endpoint.lives = 3600
    record, listen = run(lab, by_refresh(endpoint))
    assert record.exit_status == 0, "the one in the cache is"
    assert len(endpoint.requests) == 2
    assert "the access token was refused, and there is a new one: once more" in said(listen)
    assert len([line for line in said(listen) if line.startswith("AUTH ")]) == 2
    record, listen = run(lab, by_refresh(endpoint))
    assert record.exit_status == 0
    assert len(endpoint.requests) == 2, "and is in the cache from then on"
    assert said(listen)[0] == "an access token from the cache of tokens"


def test_a_token_that_is_refused_again_fails_the_login(lab: Lab, token_endpoint: Endpoint) -> None:
    endpoint = token_endpoint(lives=-60, said=3600)
    assert run(lab, by_refresh(endpoint))[0].exit_status == 77
    record, listen = run(lab, by_refresh(endpoint))
    assert record.exit_status == 77
    assert len(endpoint.requests) == 2
    error = record.steps[0].error
    assert error is not None
    assert "535" in error.message
    assert not any(token in repr(record.as_dict()) + repr(said(listen)) for token in endpoint.given)


def test_a_refusal_of_the_endpoint_is_the_error_of_the_step(lab: Lab, token_endpoint: Endpoint) -> None:
    record, listen = run(lab, by_refresh(token_endpoint(refresh_token="another")))
    assert record.exit_status == 77
    error = record.steps[0].error
    assert error is not None
    assert error.describe()["message"] == (
        "the token endpoint refused: invalid_grant: Token has been expired or revoked. (HTTP 400)"
    )
    assert error.stage == "token"
    assert said(listen) == [], "nothing was said to the server"


def test_the_time_of_a_step_is_for_its_token_too(token_endpoint: Endpoint) -> None:
    import threading

    over = threading.Event()
    endpoint = token_endpoint()
    endpoint.answers.append(lambda handler: over.wait(20))
    record, _ = run_text(f"""
        server: {{host: localhost, port: 1, auth: {{username: alice, oauth2: {by_refresh(endpoint)}}}}}
        steps: [{{connect: true, timeout: 500ms}}]
    """)
    over.set()
    assert record.exit_status == 75
    assert "did not answer within 0." in str(record.steps[0].error)


def test_a_server_that_hangs_up_after_a_refusal_is_called_again(
    scripted: Callable[..., ScriptedServer], tls_files: TlsFiles, token_endpoint: Endpoint
) -> None:
    opening = """
        S: 220 ready
        C: EHLO re:.*
        S: 250-mail
        S: 250 STARTTLS
        C: STARTTLS
        S: 220 go on
        S! starttls
        C: EHLO re:.*
        S: 250-mail
        S: 250 AUTH XOAUTH2
        C: AUTH XOAUTH2 re:.+
    """
    refusing = opening + """
        S: 334 eyJzdGF0dXMiOiI0MDEifQ==
        C:
        S: 535 5.7.8 no
        S! close
    """  # fmt: skip
    taking = opening + """
        S: 235 2.7.0 yes
        C: NOOP
        S: 250 yes
        C: QUIT
        S: 221 bye
    """  # fmt: skip
    endpoint = token_endpoint()
    endpoint.answers += [(200, {"access_token": name, "expires_in": 3600}, {}) for name in ("one", "two")]
    job = """
        server:
          host: localhost
          port: {port}
          tls: {{ca: {{file: "{ca}"}}}}
          auth: {{username: alice, oauth2: {oauth2}}}
        steps: [{step}]
    """
    first = scripted(taking)
    text = job.format(port=first.port, ca=tls_files.ca, oauth2=by_refresh(endpoint), step="command: NOOP")
    assert run_text(text)[0].exit_status == 0
    second = scripted(refusing, taking)
    text = job.format(port=second.port, ca=tls_files.ca, oauth2=by_refresh(endpoint), step="command: NOOP")
    record, _ = run_text(text)
    assert record.exit_status == 0, record.as_dict()
    assert len(endpoint.requests) == 2


def test_connections_and_processes_of_a_batch_share_a_token(
    lab: Lab, token_endpoint: Endpoint, box_name: str, tmp_path: Path
) -> None:
    box = lab.mailbox(box_name)
    endpoint = token_endpoint()
    (tmp_path / "rows.csv").write_text("n\n" + "".join(f"{n}\n" for n in range(24)))
    text = JOB.format(
        port=lab.port("P_SUBMISSION"), ca=lab.ca_file, mechanism="auto", oauth2=by_refresh(endpoint), box=box_name
    )
    batch = "[send: {message: m, for_each: rows, connections: 4, processes: 2, again: true}]"
    text = text.replace("steps: [send: m]", f"data: {{rows: {{csv: rows.csv, key: n}}}}\n    steps: {batch}")
    (tmp_path / "job.yaml").write_text("version: 1\n" + "\n".join(line[4:] for line in text.splitlines()) + "\n")
    done = command("run", tmp_path / "job.yaml", "-q")
    assert done.returncode == 0, done.stderr
    assert len(box.wait(24)) == 24
    assert len(endpoint.requests) == 1
