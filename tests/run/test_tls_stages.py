"""Failures of TLS name their stage, the peer, and a hint where the cause is known."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mailjobs.errors import MailjobsError
from tests.fixtures.lab import Lab
from tests.fixtures.running import run_text
from tests.fixtures.scripted import ScriptedServer

Scripted = Callable[..., ScriptedServer]


def failure(port: int, tls: str, idle: float = 20) -> MailjobsError:
    """How a job that only connects fails."""
    record, _ = run_text(
        f"server: {{host: localhost, port: {port}, timeout: {idle}, tls: {tls}}}\nsteps: [connect: true]\n"
    )
    error = record.steps[0].error
    assert error is not None
    assert (error.host, error.address, error.port) == ("localhost", "127.0.0.1", port)
    return error


@pytest.mark.parametrize("port", ["P_SMTP", "P_EXIM", "P_SENDMAIL", "P_DSUB"])
def test_tls_on_a_plain_port(lab: Lab, port: str) -> None:
    error = failure(lab.port(port), "implicit")
    assert (error.name, error.stage) == ("TLSError", "handshake")
    assert "speaks plain SMTP on this port" in error.message
    assert "'tls: starttls' secures the connection after the greeting" in str(error.hint)


@pytest.mark.parametrize("port", ["P_SMTPS", "P_EXIM_TLS", "P_DSUB_TLS"])
def test_plain_on_a_tls_port(lab: Lab, port: str) -> None:
    error = failure(lab.port(port), "starttls", idle=0.3)
    assert (error.name, error.stage) == ("TimedOut", "greeting")
    assert "'tls: implicit'" in str(error.hint)


def test_starttls_that_is_not_offered(lab: Lab) -> None:
    error = failure(lab.port("P_BARE"), "starttls")
    assert (error.name, error.stage) == ("TLSError", "STARTTLS")
    assert "somebody between may have removed it" in str(error.hint)


HELLO = "S: 220 hi\nC: EHLO re:.*\nS: 250-me\nS: 250 STARTTLS\nC: STARTTLS\n"


def test_starttls_that_is_refused(scripted: Scripted) -> None:
    error = failure(scripted(HELLO + "S: 454 4.7.0 not now\nS! swallow").port, "starttls")
    assert (error.name, error.stage, error.temporary) == ("TLSError", "STARTTLS", True)
    assert "454 4.7.0 not now" in error.message


@pytest.mark.parametrize("mode", ["starttls", "opportunistic"])
def test_what_is_said_in_clear_behind_the_reply_to_starttls_ends_it(scripted: Scripted, mode: str) -> None:
    server = scripted(HELLO + "S! bytes '220 go\\r\\n250 injected\\r\\n'\nS! swallow")
    error = failure(server.port, mode)
    server.finish()
    assert server.contents == [b""]
    assert (error.name, error.stage) == ("ProtocolError", "STARTTLS")
    assert "somebody may be injecting" in error.message


def test_a_server_that_goes_on_in_clear(scripted: Scripted) -> None:
    error = failure(scripted(HELLO + "S: 220 go\nS! bytes '250 hello\\r\\n'\nS! swallow").port, "starttls")
    assert error.name in ("TLSError", "ProtocolError")
    assert error.stage in ("handshake", "STARTTLS")


def test_a_server_that_hangs_up_on_the_handshake(scripted: Scripted) -> None:
    error = failure(scripted(HELLO + "S: 220 go\nS! reset").port, "starttls")
    assert (error.name, error.stage) == ("ConnectionLost", "handshake")


def test_a_server_that_is_silent_in_the_handshake(scripted: Scripted) -> None:
    error = failure(scripted(HELLO + "S: 220 go\nS! silence").port, "starttls", idle=0.3)
    assert (error.name, error.stage) == ("TimedOut", "handshake")


CAUSES = {
    "expired": "'tls.allow: [expired]' takes it all the same",
    "notyet": "is the clock of this machine right?; 'tls.allow: [not-yet-valid]' takes it all the same",
    "wronghost": "one of its names as 'host'; 'tls.allow: [wrong-host]'",
    "nochain": "the server sends no certificate of an authority between, as it should; "
    "http://127.0.0.1:2580/issuing.crt has it; if you trust that authority: its certificate in 'tls.ca'; "
    "'tls.allow: [unknown-ca]'",
    "selfsigned": "this certificate in 'tls.ca'; 'tls.allow: [unknown-ca]'",
    "otherca": "its certificate in 'tls.ca'; 'tls.allow: [unknown-ca]'",
    "clientonly": "'tls.allow: [wrong-usage]'",
    "weak": "'tls.accept: {sha256: ",
}


@pytest.mark.parametrize("mode", ["implicit", "starttls"])
@pytest.mark.parametrize("name", CAUSES)
def test_what_is_wrong_with_a_certificate_and_what_would_take_it(lab: Lab, name: str, mode: str) -> None:
    port = lab.facts["BAD_CERTS"][name][mode]
    error = failure(port, f"{{mode: {mode}, ca: {{file: {lab.ca_file}}}}}")
    assert (error.name, error.stage) == ("VerifyError", "certificate")
    assert CAUSES[name] in str(error.hint)
    assert error.temporary is False
