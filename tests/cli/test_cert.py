"""`mailjobs cert`: as a person reads it, and as a program does."""

from __future__ import annotations

import json
import os
import pty
import sys
from pathlib import Path
from subprocess import PIPE, Popen

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat, pkcs12

from mailjobs.certs.describe import describe
from tests.certs.makers import People
from tests.fixtures.running import command

PEOPLE = People()
OWN = PEOPLE.certificates["ec"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    key = PEOPLE.keys["ec"]
    locked = BestAvailableEncryption(b"secret")
    files = {
        "me.pem": PEOPLE.key("ec") + PEOPLE.pem("ec") + PEOPLE.chain,
        "two.pem": PEOPLE.pem("ec") + PEOPLE.pem("rsa"),
        "me.pfx": pkcs12.serialize_key_and_certificates(b"me", key, OWN, [PEOPLE.middle], locked),
        "me.key": key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked),
        "cut.pem": PEOPLE.pem("ec")[:300],
        "page.pem": b"<!DOCTYPE html><title>Log in</title>",
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def test_as_a_person_reads_it(folder: Path) -> None:
    done = command("cert", "me.pem", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    told = describe(OWN)
    heading, *fields = done.stdout.split("\n\n", 1)
    assert heading == "me.pem: PEM, 1 certificate, 1 private key"
    shown = {line[:15].strip(): line[15:] for line in fields[0].splitlines()[1:] if line[:15].strip()}
    assert fields[0].splitlines()[0] == 'CN=ec, O="Tests, Inc."'
    assert shown["issuer"] == 'CN=middle, O="Tests, Inc."'
    assert "29 days left" in shown["valid"]
    assert shown["names"] == "dns: ec"
    assert shown["key"] == "EC, 256 bits; the private key is here"
    assert shown["thumbprint"] == f"sha256 {told['sha256']}"
    assert shown["fingerprint"] == f"sha256 {told['key_sha256']}"
    assert shown["chain"].startswith('CN=middle, O="Tests, Inc.", until ')
    assert f"{told['key_ssh']} (ssh-keygen -l)" in done.stdout


def test_json_has_the_record_of_everywhere(folder: Path) -> None:
    done = command("cert", "me.pem", "--json", cwd=folder)
    told = json.loads(done.stdout)
    assert (told["file"], told["type"]) == ("me.pem", "pem")
    (entry,) = told["certificates"]
    assert entry["certificate"] == describe(OWN, has_private_key=True)
    assert entry["chain"] == [describe(PEOPLE.middle), describe(PEOPLE.root)]
    assert entry["locked"] is None


def test_no_number_of_a_private_key_is_shown(folder: Path) -> None:
    numbers = PEOPLE.keys["ec"].private_numbers().private_value
    said = command("cert", "me.pem", "--json", cwd=folder).stdout
    assert "PRIVATE KEY" not in said
    assert f"{numbers:x}" not in said.replace(":", "").lower()
    assert str(numbers) not in said


def test_the_password_comes_from_the_environment(folder: Path) -> None:
    done = command("cert", "me.pfx", "--password-env", "PW", cwd=folder, PW="secret")
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "me.pfx: PFX (PKCS #12), 1 certificate, 1 private key")
    assert "secret" not in done.stdout


def test_the_password_is_asked_for_on_a_terminal(folder: Path) -> None:
    main, other = pty.openpty()
    words = [sys.executable, "-m", "mailjobs", "cert", "me.pfx", "--ask-pass"]
    with Popen(words, cwd=folder, stdin=other, stdout=PIPE, stderr=other, start_new_session=True) as process:
        os.close(other)
        asked = b""
        while b"Password" not in asked:
            asked += os.read(main, 1000)
        os.write(main, b"secret\n")
        said, _ = process.communicate(timeout=30)
    os.close(main)
    assert process.returncode == 0
    assert b"1 private key" in said
    assert b"secret" not in asked + said


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (("me.pfx",), 77, "'me.pfx': it is encrypted, and there is no password (--ask-pass, or --password-env NAME)"),
        (("me.pfx", "--password-env", "WRONG"), 77, "'me.pfx': the password is wrong, or the file is damaged"),
        (("me.pfx", "--password-env", "UNSET_NAME"), 78, "UNSET_NAME is not set"),
        (("me.pfx", "--ask-pass"), 64, "--ask-pass asks on a terminal"),
        (("me.pfx", "--ask-pass", "--password-env", "WRONG"), 64, "two ways"),
        (("cut.pem",), 77, "'cut.pem': it is truncated"),
        (("page.pem",), 77, "'page.pem': it is an HTML page"),
        (("gone.pem",), 66, "'gone.pem' does not exist"),
        ((".",), 66, "'.' is a directory"),
        (
            ("two.pem", "--subject", "CN=nobody"),
            77,
            "'two.pem': no certificate has the subject 'CN=nobody'; it has 'CN=",
        ),
    ],
)
def test_what_goes_wrong_is_one_line(folder: Path, words: tuple[str, ...], status: int, told: str) -> None:
    done = command("cert", *words, cwd=folder, WRONG="wrong")
    assert (done.returncode, done.stdout) == (status, "")
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_locked_key_is_told_without_its_password(folder: Path) -> None:
    done = command("cert", "me.key", cwd=folder)
    assert done.returncode == 0
    assert "hidden by its password; the private key is here (the key is encrypted" in done.stdout


def test_one_of_several_and_standard_input(folder: Path) -> None:
    assert command("cert", "two.pem", cwd=folder).stdout.startswith("two.pem: PEM, 2 certificates\n")
    done = command("cert", "-", "--subject", "rsa", "--json", cwd=folder, stdin=(folder / "two.pem").read_text())
    (entry,) = json.loads(done.stdout)["certificates"]
    assert entry["certificate"]["alt_names"]["dns"] == ["rsa"]
