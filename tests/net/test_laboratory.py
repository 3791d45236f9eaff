"""The laboratory's certificates and versions, each on real servers."""

from __future__ import annotations

import re

import pytest

from mailjobs.errors import TLSError, VerifyError
from mailjobs.model import Tls
from mailjobs.net import connect
from tests.fixtures.lab import Lab
from tests.net.peers import PATIENCE, dial, trusting

SELF = "CN=localhost,O=Mail Lab"
REFUSED = {
    "expired": (280, rf"{SELF} expired on \d{{4}}-\d\d-\d\d, \d+ days ago", "'tls.allow: [expired]' takes it"),
    "notyet": (280, rf"{SELF} is not valid before \d{{4}}-\d\d-\d\d, \d+ days from now", "clock"),
    "wronghost": (280, r"it is for other\.example, not for localhost", "'tls.allow: [wrong-host]' takes it"),
    "wildcard": (280, r"it is for \*\.lab\.test, not for localhost", "'tls.allow: [wrong-host]' takes it"),
    "cnonly": (
        280,
        "it names no host in subjectAltName, so it is not for localhost",
        "'tls.allow: [wrong-host]' takes it",
    ),
    "clientonly": (
        280,
        rf"{SELF} is not made for servers \(its key usages\)",
        "'tls.allow: [wrong-usage]' takes it",
    ),
    "selfsigned": (275, f"{SELF} is signed by itself, and not trusted here", "'tls.ca'"),
    "otherca": (275, "the chain ends in CN=Lab other CA,O=Mail Lab, which is not trusted here", "'tls.ca'"),
    "nochain": (274, f"{SELF} is signed by CN=Lab issuing CA,O=Mail Lab, which is not trusted here", "'tls.ca'"),
    "weak": (
        280,
        f"{SELF} has a key that is too small; {SELF} is signed with a digest that is too weak",
        "'tls.accept: {sha256:",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_certificate_is_refused_for_its_reason_alone(lab: Lab, name: str) -> None:
    code, words, hint = REFUSED[name]
    with pytest.raises(VerifyError) as caught:
        dial(lab.facts["BAD_CERTS"][name]["implicit"], trusting(lab.ca_file))
    error = caught.value
    assert re.fullmatch(f"the server's certificate is refused: {words}", error.message)
    assert (error.code, error.stage) == (code, "certificate")
    assert hint in str(error.hint)


@pytest.mark.parametrize("name", ["valid", "ecdsa", "revoked"])
def test_a_good_certificate_is_not(lab: Lab, name: str) -> None:
    stream = dial(lab.facts["BAD_CERTS"][name]["implicit"], trusting(lab.ca_file))
    assert stream.read().startswith(b"220 ")
    assert [one["subject"] for one in stream.info.chain][1:] == [
        "CN=Lab issuing CA, O=Mail Lab",
        "CN=Lab root CA, O=Mail Lab",
    ]
    stream.close()


def test_every_certificate_of_the_laboratory_is_tried(lab: Lab) -> None:
    assert set(lab.facts["BAD_CERTS"]) == {*REFUSED, "valid", "ecdsa", "revoked"}


def test_a_wildcard_is_good_for_a_name_below_it(lab: Lab) -> None:
    port = lab.facts["BAD_CERTS"]["wildcard"]["implicit"]
    dial(port, trusting(lab.ca_file), host="any.lab.test").close()
    with pytest.raises(VerifyError):
        dial(port, trusting(lab.ca_file), host="lab.test")


def test_the_missing_link_may_be_trusted_instead(lab: Lab) -> None:
    port = lab.facts["BAD_CERTS"]["nochain"]["implicit"]
    dial(port, trusting(lab.ca_file.with_name("ca-and-issuing.pem"))).close()


def test_the_system_does_not_know_the_laboratory(lab: Lab) -> None:
    with pytest.raises(VerifyError, match="signed by CN=Lab root CA") as caught:
        dial(lab.port("P_SMTPS"), Tls(mode="implicit"))
    assert caught.value.code == 274


@pytest.mark.parametrize("name", ["TLSv1", "TLSv1.1"])
def test_old_versions_are_refused_by_the_alert_s_name(lab: Lab, name: str) -> None:
    with pytest.raises(TLSError, match="the alert 'protocol version'") as caught:
        dial(lab.facts["TLS_ONLY"][name]["implicit"], trusting(lab.ca_file))
    assert (caught.value.code, caught.value.stage) == (276, "handshake")
    assert "1.2 is the oldest" in str(caught.value.hint)


@pytest.mark.parametrize("name", ["TLSv1.2", "TLSv1.3"])
def test_new_versions_are_taken(lab: Lab, name: str) -> None:
    stream = dial(lab.facts["TLS_ONLY"][name]["implicit"], trusting(lab.ca_file))
    assert stream.info.version == name
    stream.close()


@pytest.mark.parametrize(("name", "bounds"), [("TLSv1.3", {"max_version": "1.2"}), ("TLSv1.2", {"min_version": "1.3"})])
def test_the_job_s_own_bounds_are_named_where_they_are_the_reason(lab: Lab, name: str, bounds: dict[str, str]) -> None:
    with pytest.raises(TLSError, match="protocol version") as caught:
        dial(lab.facts["TLS_ONLY"][name]["implicit"], trusting(lab.ca_file, **bounds))
    assert f"TLS {next(iter(bounds.values()))} alone: tls.min_version, tls.max_version" in str(caught.value.hint)


@pytest.mark.parametrize("port", ["P_SMTP", "P_EXIM", "P_SENDMAIL", "P_DSUB"])
def test_plain_ports_are_recognised(lab: Lab, port: str) -> None:
    with pytest.raises(TLSError, match="speaks plain SMTP on this port"):
        dial(lab.port(port), trusting(lab.ca_file))


@pytest.mark.parametrize("port", ["P_SMTPS", "P_EXIM_TLS", "P_DSUB_TLS"])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_every_server_is_secured_by_name_and_by_address(lab: Lab, port: str, host: str) -> None:
    stream = dial(lab.port(port), trusting(lab.ca_file), host)
    assert stream.read().startswith(b"220 ")
    stream.close()


def test_a_name_leads_to_the_server(lab: Lab) -> None:
    stream = connect("localhost", lab.port("P_SMTP"), timeout=PATIENCE)
    assert stream.read().startswith(b"220 ")
    assert stream.peer.address in ("127.0.0.1", "::1")
    stream.close()
