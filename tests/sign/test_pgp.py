"""PGP/MIME, judged by gpg (RFC 3156)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path

import pytest

from mailjobs.errors import DataError, JobError, SetupError
from tests.fixtures.lab import Lab
from tests.fixtures.letters import Writer
from tests.fixtures.running import command
from tests.sign.stores import BODIES


@pytest.fixture
def home(write: Writer) -> Iterator[Path]:
    """A key ring with keys of the sender and of a recipient."""
    if shutil.which("gpg") is None:
        assert os.environ.get("MAILJOBS_NO_SKIP") != "1", "gpg is missing; `make lab` installs it"
        pytest.skip("gpg is missing; `make lab` installs it")
    home = write.folder / "k"
    home.mkdir(mode=0o700)
    for who in ("ann@example.com", "bob@example.org"):
        made = ["--batch", "--passphrase", "", "--quick-gen-key", who, "rsa2048", "default", "never"]
        subprocess.run(["gpg", "--homedir", home, *made], check=True, capture_output=True)
        fingerprint = subprocess.run(
            ["gpg", "--homedir", home, "--with-colons", "--list-keys", who], check=True, capture_output=True, text=True
        ).stdout
        (key,) = [line.split(":")[9] for line in fingerprint.splitlines() if line.startswith("fpr")][:1]
        sub = ["--batch", "--passphrase", "", "--quick-add-key", key, "rsa2048", "encr", "never"]
        subprocess.run(["gpg", "--homedir", home, *sub], check=True, capture_output=True)
    yield home
    subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=True, capture_output=True)


def parts(content: bytes) -> tuple[bytes, bytes]:
    """What is signed, and the signature."""
    boundary = message_from_bytes(content).get_boundary()
    assert boundary is not None
    pieces = content.split(f"--{boundary}".encode())
    return pieces[1][2:-2], pieces[2].partition(b"\r\n\r\n")[2]


def test_gpg_verifies_it(write: Writer, home: Path) -> None:
    for body in BODIES:
        write.file("body.txt", body)
        got = write("text: {file: body.txt}\nsign: {pgp: {key: ann@example.com, home: k}}")
        content, signature = parts(got.outgoing.content)
        paths = write.file("signature", signature), write.file("content", content)
        verify = ["gpg", "--homedir", home, "--verify", *paths]
        done = subprocess.run(verify, capture_output=True)
        assert done.returncode == 0, done.stderr
        assert b" \r\n" not in content
        assert got.parsed["content-type"].params["micalg"] in ("pgp-sha256", "pgp-sha512")
        write.file("content", content.replace(b"text/plain", b"text/html"))
        assert subprocess.run(verify, capture_output=True).returncode == 1


def test_behind_a_relay_it_still_holds(lab: Lab, box_name: str, write: Writer, home: Path) -> None:
    box = lab.mailbox(box_name)
    job = write.file(
        "job.yaml",
        f"""version: 1
server: {{host: localhost, port: {lab.port("P_SMTP")}, tls: none}}
steps: [{{send: m}}]
messages:
  m:
    from: ann@example.com
    to: {box_name}@lab.test
    subject: s
    text: ".x  \\n\\n"
    sign: {{pgp: {{key: ann@example.com, home: k}}}}
""",
    )
    done = command("run", job)
    assert done.returncode == 0, done.stdout + done.stderr
    content, signature = parts(box.wait()[0].as_sent())
    paths = write.file("signature", signature), write.file("content", content)
    assert subprocess.run(["gpg", "--homedir", home, "--verify", *paths], capture_output=True).returncode == 0


def test_gpg_decrypts_it(write: Writer, home: Path) -> None:
    got = write("text: geheim\nbcc: ann@example.com\nsign: {pgp: {key: ann@example.com, encrypt: true, home: k}}")
    assert b"geheim" not in got.outgoing.content
    assert got.types == ["multipart/encrypted", "application/pgp-encrypted", "application/octet-stream"]
    sealed = got.part("application/octet-stream").get_payload(decode=True)
    assert isinstance(sealed, bytes)
    decrypt = ["gpg", "--homedir", home, "--batch", "--status-fd", "2", "--decrypt"]
    done = subprocess.run(decrypt, input=sealed, capture_output=True)
    assert b"geheim" in done.stdout
    assert b"GOODSIG" in done.stderr


def test_keys_that_are_not_there(write: Writer, home: Path) -> None:
    assert home.is_dir()
    for sign, words in (
        ("{key: nobody@example.com, home: k}", "does not sign as nobody@example.com"),
        ("{encrypt: true, home: k}", "does not encrypt to nobody@example.org"),
    ):
        with pytest.raises(DataError, match=words):
            write(f"to: nobody@example.org\ntext: x\nsign: {{pgp: {sign}}}")


def test_a_missing_package_is_named(write: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gnupg", None)
    with pytest.raises(SetupError) as caught:
        write.compiled("text: x\nsign: {pgp: {key: a@b.test}}")
    assert caught.value.hint == "pip install 'mailjobs[pgp]'"


@pytest.mark.parametrize("sign", ["{smime: {certificate: {file: a}}, pgp: {key: x}}", "{pgp: {}}", "{smime: {}}"])
def test_one_seal_is_enough(write: Writer, sign: str) -> None:
    write.file("a")
    with pytest.raises(JobError):
        write.compiled(f"text: x\nsign: {sign}")
