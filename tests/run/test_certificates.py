"""Jobs against each of the laboratory's certificates and TLS versions: the exit status, and not a word too many."""

from __future__ import annotations

import pytest

from mailjobs.events import Trace
from mailjobs.run import RunRecord
from tests.fixtures.lab import Lab
from tests.fixtures.running import run_text

GOOD = ("valid", "ecdsa", "revoked", "TLSv1.2", "TLSv1.3")
BAD = {
    "expired": "expired on",
    "notyet": "not valid before",
    "wronghost": "it is for other.example, not for localhost",
    "wildcard": "it is for *.lab.test, not for localhost",
    "cnonly": "names no host in subjectAltName",
    "clientonly": "not made for servers",
    "selfsigned": "signed by itself",
    "otherca": "the chain ends in CN=Lab other CA",
    "nochain": "signed by CN=Lab issuing CA",
    "weak": "a key that is too small",
    "TLSv1": "protocol version",
    "TLSv1.1": "protocol version",
}
MAIL = "messages: {m: {from: a@lab.test, to: nobody@lab.test, subject: x, text: x}}\nsteps: [send: m]\n"


def ports(lab: Lab, name: str) -> dict[str, int]:
    found: dict[str, int] = {**lab.facts["BAD_CERTS"], **lab.facts["TLS_ONLY"]}[name]
    return found


def said(lab: Lab, port: int, mode: str, steps: str, host: str = "localhost") -> tuple[RunRecord, list[str]]:
    """The record of a run, and what the client said."""
    server = f'server: {{host: "{host}", port: {port}, tls: {{mode: {mode}, ca: {{file: "{lab.ca_file}"}}}}}}\n'
    record, listen = run_text(server + steps)
    return record, [
        event.line for event in listen.of(Trace) if isinstance(event, Trace) and event.direction == "client"
    ]


@pytest.mark.parametrize("mode", ["implicit", "starttls"])
@pytest.mark.parametrize("name", BAD)
def test_a_bad_certificate_or_version_ends_the_job_before_a_word(lab: Lab, name: str, mode: str) -> None:
    record, lines = said(lab, ports(lab, name)[mode], mode, MAIL)
    error = record.steps[0].error
    assert error is not None
    assert (record.exit_status, error.name) == (77, "TLSError" if name.startswith("TLS") else "VerifyError")
    assert BAD[name] in error.message
    assert lines == ([] if mode == "implicit" else ["EHLO [127.0.0.1]", "STARTTLS"])


@pytest.mark.parametrize("mode", ["implicit", "starttls"])
@pytest.mark.parametrize("name", GOOD)
def test_a_good_one_does_not(lab: Lab, name: str, mode: str) -> None:
    record, lines = said(lab, ports(lab, name)[mode], mode, "steps: [command: NOOP]\n")
    assert record.exit_status == 0
    assert lines[-2:] == ["NOOP", "QUIT"]


def test_every_one_of_the_laboratory_is_tried(lab: Lab) -> None:
    assert {*GOOD, *BAD} == {*lab.facts["BAD_CERTS"], *lab.facts["TLS_ONLY"]}


@pytest.mark.parametrize(("port", "mode"), [("P_SMTP", "starttls"), ("P_SMTPS", "implicit"), ("P_EXIM", "starttls")])
@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "[::1]"])
def test_addresses_are_verified_as_names_are(lab: Lab, host: str, port: str, mode: str) -> None:
    record, lines = said(lab, lab.port(port), mode, "steps: [command: NOOP]\n", host)
    assert record.exit_status == 0, record.as_dict()
    assert lines[0] == ("EHLO [127.0.0.1]" if "." in host else "EHLO [IPv6:::1]")
    record, _ = said(lab, ports(lab, "wildcard")[mode], mode, MAIL, host)
    assert record.exit_status == 77


def test_an_authority_besides_the_system_s_may_be_given(lab: Lab) -> None:
    server = f"server: {{host: localhost, port: {lab.port('P_SMTPS')}, tls: {{mode: implicit, ca: %s}}}}\n"
    trust = {"system": 77, f'[system, {{file: "{lab.ca_file}"}}]': 0, f'{{file: "{lab.ca_file}"}}': 0}
    for source, status in trust.items():
        record, _ = run_text(server % source + "steps: [command: NOOP]\n")
        assert record.exit_status == status, source


@pytest.mark.parametrize(
    ("content", "words"),
    [("", "has no certificate in PEM"), ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "be read")],
)
def test_a_trust_file_of_garbage_ends_the_job_before_it_connects(
    lab: Lab, tmp_path_factory: pytest.TempPathFactory, content: str, words: str
) -> None:
    path = tmp_path_factory.mktemp("trust") / "ca.pem"
    path.write_text(content)
    server = (
        f'server: {{host: localhost, port: {lab.port("P_SMTPS")}, tls: {{mode: implicit, ca: {{file: "{path}"}}}}}}\n'
    )
    record, listen = run_text(server + "steps: [command: NOOP]\n")
    assert record.exit_status == 77
    assert record.error is not None
    assert words in str(record.error)
    assert listen.of(Trace) == []
