"""EXTERNAL: the servers of the laboratory that know users by their client certificates."""

from __future__ import annotations

import pytest

from tests.fixtures.lab import Lab
from tests.login.lab_login import enter


@pytest.mark.parametrize("port", ["P_EXIM", "P_DSUB"])
@pytest.mark.parametrize("initial_response", ["auto", "never"])
def test_who_shows_a_certificate_is_known(lab: Lab, port: str, initial_response: str) -> None:
    """Exim is configured so that it wants to be told whom."""
    auth = {"mechanism": "external", "initial_response": initial_response}
    whom = {"authorization_identity": "alice"} if port == "P_EXIM" else {}
    found = enter(lab, port, auth | whom, certificate="alice")
    assert (found.method, found.user) == ("EXTERNAL", "alice"), found.record.as_dict()


@pytest.mark.parametrize("port", ["P_EXIM_TLS", "P_DSUB_TLS"])
def test_who_asks_to_be_somebody_else_is_refused(lab: Lab, port: str) -> None:
    auth = {"mechanism": "external", "authorization_identity": "alice"}
    found = enter(lab, port, auth, tls="implicit", certificate="bob")
    assert found.record.exit_status == 77
    assert "login as alice by EXTERNAL was refused: 535" in found.error.message
    assert "client certificate" in str(found.error.hint)


def test_exim_offers_it_to_nobody_whose_certificate_it_does_not_trust(lab: Lab) -> None:
    found = enter(lab, "P_EXIM", {"mechanism": "external"}, certificate="untrusted")
    assert found.record.exit_status == 77
    assert "does not offer EXTERNAL" in found.error.message
    assert "client certificate" in str(found.error.hint)


@pytest.mark.parametrize("certificate", ["untrusted", "expired"])
def test_dovecot_refuses_a_certificate_that_it_does_not_trust(lab: Lab, certificate: str) -> None:
    auth = {"mechanism": "external", "authorization_identity": "alice"}
    found = enter(lab, "P_DSUB", auth, certificate=certificate)
    assert found.record.exit_status == 77
