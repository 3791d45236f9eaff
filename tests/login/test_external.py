"""EXTERNAL: the servers of the laboratory that know users by their client certificates."""

from __future__ import annotations

from typing import Any

import pytest
from OpenSSL import SSL

from mailjobs.net import tls
from mailjobs.net.trust import trusting_context
from tests.fixtures.lab import Lab
from tests.login.lab_login import enter


@pytest.fixture
def certificate(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Show the client certificate of somebody in each handshake from now on."""

    def show(name: str) -> None:
        def context(*arguments: Any) -> SSL.Context:
            made = trusting_context(*arguments)
            folder = lab.directory / "ca" / "client"
            made.use_certificate_file(str(folder / f"{name}.crt"))
            made.use_privatekey_file(str(folder / f"{name}.key"))
            return made

        monkeypatch.setattr(tls, "trusting_context", context)

    return show


@pytest.mark.parametrize("port", ["P_EXIM", "P_DSUB"])
@pytest.mark.parametrize("initial_response", ["auto", "never"])
def test_who_shows_a_certificate_is_known(lab: Lab, certificate: Any, port: str, initial_response: str) -> None:
    """Exim is configured so that it wants to be told whom."""
    certificate("alice")
    auth = {"mechanism": "external", "initial_response": initial_response}
    found = enter(lab, port, auth | ({"authorization_identity": "alice"} if port == "P_EXIM" else {}))
    assert (found.method, found.user) == ("EXTERNAL", "alice"), found.record.as_dict()


@pytest.mark.parametrize("port", ["P_EXIM_TLS", "P_DSUB_TLS"])
def test_who_asks_to_be_somebody_else_is_refused(lab: Lab, certificate: Any, port: str) -> None:
    certificate("bob")
    auth = {"mechanism": "external", "authorization_identity": "alice"}
    found = enter(lab, port, auth, tls="implicit")
    assert found.record.exit_status == 77
    assert "login as alice by EXTERNAL was refused: 535" in found.error.message
    assert "client certificate" in str(found.error.hint)


def test_exim_offers_it_to_nobody_without_a_certificate(lab: Lab) -> None:
    found = enter(lab, "P_EXIM", {"mechanism": "external"})
    assert found.record.exit_status == 77
    assert "does not offer EXTERNAL" in found.error.message


def test_dovecot_refuses_who_has_no_certificate(lab: Lab) -> None:
    found = enter(lab, "P_DSUB", {"mechanism": "external", "authorization_identity": "alice"})
    assert found.record.exit_status == 77
