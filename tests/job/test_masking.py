"""Lines of source that errors show."""

from __future__ import annotations

import pytest

from mailjobs.job.masking import masked, shown_line


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("  password: hunter2", "  password: ***"),
        ("  pasword: hunter2", "  pasword: ***"),
        ("  paasswrd: hunter2", "  paasswrd: ***"),
        ("  'token': hunter2", "  'token': ***"),
        ("auth: {username: u, password: hunter2, mechanism: plain}", "auth: {username: u, password: ***"),
        ("  password: {env: NAME}", "  password: {env: NAME}"),
        ("  password: {env: hunter2!}", "  password: {env: ***"),
        ("  env: hunter2!", "  env: ***"),
        ("  env: NAME # why", "  env: NAME # why"),
        ("  password: {hunter2}", "  password: ***"),
        ("server: smtp://u:hunter2@relay", "server: smtp://***@relay"),
        ('  - command: "AUTH PLAIN AGEAaHVudGVyMg=="', '  - command: "AUTH PLAIN ***"'),
        ("  - {command: auth login YQ==}", "  - {command: auth login ***}"),
        ("  - command: AUTH LOGIN", "  - command: AUTH LOGIN"),
        ("  auth: {mechanism: plain}", "  auth: {mechanism: plain}"),
        ("  uri: 'pkcs11:token=a?pin-value=hunter2&x=y'", "  uri: 'pkcs11:token=a?pin-value=***&x=y'"),
        ("  pem: '-----BEGIN RSA PRIVATE KEY-----\\nhunter2'", "  pem: '***"),
        ("  password:", "  password:"),
        ("  host: relay", "  host: relay"),
        ("proxy: {bypass: [a, 'b c']}", "proxy: {bypass: [a, 'b c']}"),
    ],
)
def test_what_could_be_a_secret_is_masked(line: str, shown: str) -> None:
    assert masked(line) == shown


@pytest.mark.parametrize("value", ["|\n  hunter2", "\n  hunter2", "'a\n  hunter2'", "\n  - hunter2"])
def test_line_of_a_longer_secret_is_not_shown(value: str) -> None:
    assert shown_line(f"password: {value}\nhost: a", 2) is None


def test_line_after_a_secret_is_shown() -> None:
    assert shown_line("password: hunter2\nhost: a", 2) == "host: a"


def test_line_that_does_not_exist_is_nothing() -> None:
    assert (shown_line("a: b", 2), shown_line("a: b", 0)) == (None, None)
