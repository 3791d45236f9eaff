"""Sessions that later connections take up, and what keeps them apart."""

from __future__ import annotations

import socket
from datetime import timedelta
from pathlib import Path

import pytest

from mailjobs import clock
from mailjobs.errors import VerifyError
from mailjobs.events import Publish, ServerCertificate, TLSStatus
from mailjobs.model import CaSource, Named, Tls
from mailjobs.net import sessions
from mailjobs.net.sessions import Sessions
from mailjobs.net.tls_info import TlsInfo
from tests.fixtures.lab import Lab
from tests.fixtures.scripted import TlsFiles
from tests.net.peers import Authority, Listen, Peers, dial, trusting


def talked(port: int, tls: Tls, host: str = "localhost", publish: Publish | None = None) -> TlsInfo:
    """What was negotiated by a connection that has heard the greeting and was closed in order."""
    stream = dial(port, tls, host, publish)
    stream.read()
    info = stream.info
    stream.close()
    return info


@pytest.mark.parametrize("name", ["TLSv1.2", "TLSv1.3"])
def test_a_second_connection_takes_up_the_session_of_the_first(lab: Lab, name: str) -> None:
    port, tls = lab.facts["TLS_ONLY"][name]["implicit"], trusting(lab.ca_file)
    first, second, third = (talked(port, tls) for _ in range(3))
    assert (first.resumed, second.resumed, third.resumed) == (False, True, True)
    assert second.version == name
    assert (second.peer, second.chain, second.key_exchange) == (first.peer, first.chain, first.key_exchange)


def test_also_while_the_first_is_still_open(lab: Lab) -> None:
    tls = trusting(lab.ca_file)
    first = dial(lab.port("P_SMTPS"), tls)
    first.read()
    assert talked(lab.port("P_SMTPS"), tls).resumed
    first.close()


def test_what_the_server_says_agrees(peers: Peers, tls_files: TlsFiles) -> None:
    reused: list[bool] = []

    def talk(sock: socket.socket) -> None:
        reused.append(sock.session_reused)
        sock.sendall(b"hello")
        sock.recv(1)

    assert not talked(peers.serve(talk, tls_files), trusting(tls_files.ca)).resumed
    assert reused == [False]


@pytest.mark.parametrize(
    "other",
    [
        {"allow": ("expired",)},
        {"ciphers": (Named("ECDHE+AESGCM"),)},
        {"ca": (CaSource(system=True), CaSource(file=Path("/nowhere")))},
        {"session_reuse": False},
    ],
    ids=["allow", "ciphers", "ca", "turned off"],
)
def test_never_across_other_settings(lab: Lab, other: dict[str, object]) -> None:
    port = lab.port("P_SMTPS")
    talked(port, trusting(lab.ca_file))
    assert talked(port, trusting(lab.ca_file)).resumed
    settings = {"ca": (CaSource(file=lab.ca_file),), **other}
    if "ca" in other:
        settings["ca"] = (CaSource(file=lab.ca_file), CaSource(file=lab.ca_file.with_name("ca-and-issuing.pem")))
    assert not talked(port, Tls(mode="implicit", **settings)).resumed


def test_a_session_is_no_way_round_a_check(lab: Lab) -> None:
    port = lab.facts["BAD_CERTS"]["expired"]["implicit"]
    talked(port, trusting(lab.ca_file, allow=("expired",)))
    with pytest.raises(VerifyError, match="expired"):
        talked(port, trusting(lab.ca_file))


def test_never_for_another_name_or_port(lab: Lab) -> None:
    tls = trusting(lab.ca_file)
    talked(lab.port("P_SMTPS"), tls)
    assert not talked(lab.port("P_SMTPS"), tls, "mail.lab.test").resumed
    assert not talked(lab.facts["BAD_CERTS"]["valid"]["implicit"], tls).resumed
    with pytest.raises(VerifyError):
        talked(lab.port("P_SMTPS"), tls, "other.example")


def test_after_an_hour_the_server_is_judged_anew(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    tls, now = trusting(lab.ca_file), clock.monotonic()
    talked(lab.port("P_SMTPS"), tls)
    assert talked(lab.port("P_SMTPS"), tls).resumed
    monkeypatch.setattr(sessions, "LONGEST", 0)
    kept = Sessions()
    kept.keep(("a", 1), None, [])  # type: ignore[arg-type]
    assert kept.of(("a", 1)) is None
    monkeypatch.undo()
    kept.keep(("a", 1), None, [])  # type: ignore[arg-type]
    found = kept.of(("a", 1))
    assert found is not None
    assert 3590 < found.until - now < 3700


def test_no_longer_than_its_certificates_live() -> None:
    now = clock.monotonic()
    kept = Sessions()
    certificate = Authority("short", days=0.01).certificate
    kept.keep(("a", 1), None, [certificate])  # type: ignore[arg-type]
    found = kept.of(("a", 1))
    assert found is not None
    assert found.until - now < timedelta(days=0.011).total_seconds()


def test_only_so_many_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "MOST", 2)
    kept = Sessions()
    for number in range(3):
        kept.keep(("a", number), None, [])  # type: ignore[arg-type]
    assert [kept.of(("a", number)) is not None for number in range(3)] == [False, True, True]


def test_it_is_told_and_no_certificate_is_shown_again(lab: Lab) -> None:
    tls, listen = trusting(lab.ca_file), Listen()
    talked(lab.port("P_SMTPS"), tls)
    talked(lab.port("P_SMTPS"), tls, publish=Publish([listen]))
    told = [event.message for event in listen.heard if isinstance(event, TLSStatus)]
    assert told[-1].endswith(", session resumed")
    assert not any(isinstance(event, ServerCertificate) for event in listen.heard)


def test_a_server_that_keeps_no_sessions_is_none_the_worse(lab: Lab) -> None:
    tls = trusting(lab.ca_file)
    assert [talked(lab.port("P_EXIM_TLS"), tls).resumed for _ in range(2)] == [False, False]
