"""Every bad certificate of the laboratory against every value of `allow`: each cell comes out as the table says."""

from __future__ import annotations

import pytest

from mailjobs.errors import VerifyError
from mailjobs.model import Revocation
from mailjobs.net.complaints import ALLOWED
from tests.fixtures.lab import Lab
from tests.net.peers import dial, trusting

COLUMNS = ("", *ALLOWED)
TABLE = """
               - expired   not-yet-valid   unknown-ca   wrong-host   wrong-usage   unknown-revocation   (of a CA)
    valid      + +         +               +            +            +             +                    +
    ecdsa      + +         +               +            +            +             +                    +
    revoked    + +         +               +            +            +             +                    +
    expired    - +         -               -            -            -             -                    -
    notyet     - -         +               -            -            -             -                    -
    selfsigned - -         -               +            -            -             -                    -
    otherca    - -         -               +            -            -             -                    -
    nochain    - -         -               +            -            -             -                    -
    wronghost  - -         -               -            +            -             -                    -
    wildcard   - -         -               -            +            -             -                    -
    cnonly     - -         -               -            +            -             -                    -
    clientonly - -         -               -            -            +             -                    -
    weak       - -         -               -            -            -             -                    -
"""
ASKED = """
               - expired   not-yet-valid   unknown-ca   wrong-host   wrong-usage   unknown-revocation   (of a CA)
    valid      + +         +               +            +            +             +                    +
    ecdsa      + +         +               +            +            +             +                    +
    revoked    - -         -               -            -            -             -                    -
    expired    - +         -               -            -            -             -                    -
    notyet     - -         +               -            -            -             -                    -
    selfsigned - -         -               +            -            -             -                    -
    otherca    - -         -               -            -            -             -                    -
    nochain    - -         -               -            -            -             -                    -
    wronghost  - -         -               -            +            -             -                    -
    wildcard   - -         -               -            +            -             -                    -
    cnonly     - -         -               -            +            -             -                    -
    clientonly - -         -               -            -            +             -                    -
    weak       - -         -               -            -            -             -                    -
"""


def cells(table: str) -> dict[tuple[str, str], bool]:
    """Certificate and value of `allow`, and whether the server is taken."""
    rows = [line.split() for line in table.strip("\n").splitlines()[1:]]
    return {(name, allow): mark == "+" for name, *marks in rows for allow, mark in zip(COLUMNS, marks, strict=True)}


def taken(lab: Lab, name: str, *allow: str, host: str = "localhost", **more: object) -> bool:
    tls = trusting(lab.ca_file, allow=tuple(filter(None, allow)), **more)
    try:
        dial(lab.facts["BAD_CERTS"][name]["implicit"], tls, host).close()
    except VerifyError:
        return False
    return True


@pytest.mark.parametrize(("name", "allow"), cells(TABLE))
def test_each_allowance_takes_its_own_certificates_and_no_other(lab: Lab, name: str, allow: str) -> None:
    assert taken(lab, name, allow) is cells(TABLE)[name, allow]


@pytest.mark.parametrize(("name", "allow"), cells(ASKED))
def test_the_same_where_lists_of_revoked_certificates_must_be_had(lab: Lab, name: str, allow: str) -> None:
    revocation = Revocation(crl="hard", crl_files=(lab.ca_file.with_name("crls.pem"),))
    assert taken(lab, name, allow, revocation=revocation) is cells(ASKED)[name, allow]


def test_all_certificates_and_all_allowances_are_in_the_tables(lab: Lab) -> None:
    whole = {(name, allow) for name in lab.facts["BAD_CERTS"] for allow in COLUMNS}
    assert set(cells(TABLE)) == set(cells(ASKED)) == whole


@pytest.mark.parametrize(
    ("name", "needed"),
    [
        ("expired", ("expired", "wrong-host")),
        ("notyet", ("not-yet-valid", "wrong-host")),
        ("selfsigned", ("unknown-ca", "wrong-host")),
        ("clientonly", ("wrong-usage", "wrong-host")),
    ],
)
def test_where_two_things_are_wrong_both_must_be_allowed(lab: Lab, name: str, needed: tuple[str, str]) -> None:
    first, second = needed
    assert not taken(lab, name, first, host="else.example")
    assert not taken(lab, name, second, host="else.example")
    assert taken(lab, name, *needed, host="else.example")


@pytest.mark.parametrize("name", ["nochain", "otherca"])
def test_addresses_in_a_certificate_that_nobody_vouches_for_are_not_asked(lab: Lab, name: str) -> None:
    asked = Revocation(crl="hard")
    assert not taken(lab, name, "unknown-ca", revocation=asked)
    assert taken(lab, name, "unknown-ca", "unknown-revocation", revocation=asked)


def test_no_allowance_takes_a_weak_or_a_revoked_certificate(lab: Lab) -> None:
    assert not taken(lab, "weak", *ALLOWED)
    assert not taken(lab, "revoked", *ALLOWED, revocation=Revocation(crl="hard"))
    assert not taken(lab, "revoked", *ALLOWED, revocation=Revocation(ocsp="soft"))


def test_an_old_version_of_tls_does_not_make_weak_certificates_good(lab: Lab) -> None:
    old = {"min_version": "1.0"}
    assert not taken(lab, "weak", **old)
    assert taken(lab, "valid", **old)
    with pytest.raises(VerifyError) as caught:
        dial(lab.facts["BAD_CERTS"]["weak"]["implicit"], trusting(lab.ca_file, **old))
    assert "has a key that is too small; CN=localhost,O=Mail Lab is signed with a digest" in caught.value.message
