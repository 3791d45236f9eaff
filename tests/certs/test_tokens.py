"""PKCS #11, by SoftHSM: its configuration is read once in a process, so each test is one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mailjobs.certs.pkcs11 import module_of, parse_uri
from mailjobs.certs.token_key import TokenKey
from mailjobs.certs.unreadable import Unreadable
from mailjobs.secret import Secret
from tests.certs.makers import People, run
from tests.fixtures.lab import Lab, missing
from tests.fixtures.running import command

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
PIN = "1234"
JOB = """version: 1
server:
  host: localhost
  port: {port}
  tls:
    mode: implicit
    ca: {{file: {ca}}}
    certificate:
      pkcs11: {{module: {module}, uri: "pkcs11:token=ci;object=alice"}}
      password: {{env: PIN}}
steps: [{{id: relay, connect: true}}]
"""
# Debian 12 has no such package; where it is not, logging in is refused, which is tested instead.
PROVIDERS = [*Path("/usr/lib").glob("*/ossl-modules/pkcs11.so"), Path(os.environ.get("MAILJOBS_PKCS11_PROVIDER", "-"))]
PROVIDER = next((path for path in PROVIDERS if path.exists()), None)
OPENSSL = """openssl_conf = init
[init]
providers = providers
[providers]
default = built_in
pkcs11 = token
[built_in]
activate = 1
[token]
module = {provider}
pkcs11-module-path = {module}
activate = 1
"""


@pytest.fixture(scope="module")
def token(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment in which there is a token `ci`: two certificates with their keys, and one without."""
    if shutil.which("softhsm2-util") is None or shutil.which("pkcs11-tool") is None or not MODULE.exists():
        missing("softhsm2 and opensc are missing")
    folder, people = tmp_path_factory.mktemp("token"), People()
    (folder / "tokens").mkdir()
    (folder / "conf").write_text(f"directories.tokendir = {folder}/tokens\nobjectstore.backend = file\n")
    environment = {"SOFTHSM2_CONF": str(folder / "conf"), "PIN": PIN, "WRONG": "4321"}

    def ran(*words: str | Path) -> None:
        known = {**os.environ, **environment}
        done = subprocess.run(list(map(str, words)), capture_output=True, timeout=60, env=known)
        assert done.returncode == 0, done.stderr + done.stdout

    ran("softhsm2-util", "--init-token", "--free", "--label", "ci", "--pin", PIN, "--so-pin", "12345678")
    clients = Path(lab.facts["CA_FILE"]).parent / "client"
    files = {"rsa": (people.key("rsa"), people.pem("rsa")), "ec": (b"", people.pem("ec"))}
    files["alice"] = ((clients / "alice.key").read_bytes(), (clients / "alice.crt").read_bytes())
    for number, (kind, (key, certificate)) in enumerate(files.items()):
        (folder / "key").write_bytes(key)
        (folder / "crt").write_bytes(certificate)
        if key:
            named = ("--import", folder / "key", "--label", kind, "--id", f"a{number}")
            ran("softhsm2-util", *named, "--token", "ci", "--pin", PIN)
        der = folder / "der"
        ran("openssl", "x509", "-in", folder / "crt", "-outform", "DER", "-out", der)
        login = ("--module", MODULE, "--login", "--pin", PIN, "--token-label", "ci")
        ran("pkcs11-tool", *login, "--write-object", der, "--type", "cert", "--label", kind, "--id", f"a{number}")
    return environment


def told(token: dict[str, str], uri: str, *options: str) -> Any:
    done = command("cert", f"{uri}?module-path={MODULE}", "--json", *options, **token)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_it_tells_what_is_in_it(token: dict[str, str]) -> None:
    found = told(token, "pkcs11:token=ci", "--password-env", "PIN")
    assert found["type"] == "pkcs11"
    shown = {one["alias"]: one["certificate"]["has_private_key"] for one in found["certificates"]}
    assert shown == {"rsa": True, "alice": True, "ec": False}
    assert found["certificates"][0]["locked"] is None


WHICH = ("pkcs11:object=ec", "pkcs11:token=ci;id=%a1")
WRONG = {
    ("pkcs11:token=ci", "--password-env", "WRONG"): "the PIN is wrong",
    ("pkcs11:token=other",): "no such token; there are 'ci'",
    ("pkcs11:token=ci;object=none",): "no such certificate; without its PIN keys do not show",
    ("pkcs11:shape=round",): "'shape', which is not known",
}
MANY = "import sys, json; from mailjobs.cli.main import mailjobs\n"
MANY += "print([mailjobs(['cert', *words]) for words in json.loads(sys.argv[1])], file=sys.stderr)"


def many(token: dict[str, str], *calls: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
    """Several calls of `mailjobs cert` in one process; at the end it says with which status each ended."""
    words = json.dumps([(f"{uri}?module-path={MODULE}", *more) for uri, *more in calls])
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", MANY, words],
        capture_output=True, text=True, timeout=60, env={**os.environ, **token},
    )  # fmt: skip


def test_a_uri_says_which(token: dict[str, str]) -> None:
    done = many(token, *((uri, "--json") for uri in WHICH))
    assert done.stderr == "[0, 0]\n"
    assert [line.strip() for line in done.stdout.splitlines() if '"alias"' in line] == ['"alias": "ec",'] * len(WHICH)


def test_what_is_not_there_is_said(token: dict[str, str]) -> None:
    *told, status = many(token, *WRONG).stderr.splitlines()
    assert status == "[77, 77, 77, 77]"
    assert len(told) == len(WRONG)
    for words, line in zip(WRONG.values(), told, strict=True):
        assert words in line


def test_it_logs_in_through_the_provider_of_openssl(token: dict[str, str], lab: Lab, tmp_path: Path) -> None:
    """Or says before it connects that there is none."""
    (tmp_path / "job.yaml").write_text(JOB.format(module=MODULE, port=lab.port("P_MTLS"), ca=lab.ca_file))
    (tmp_path / "openssl.cnf").write_text(OPENSSL.format(module=MODULE, provider=PROVIDER))
    if PROVIDER is not None:
        token = {**token, "OPENSSL_CONF": str(tmp_path / "openssl.cnf")}
    done = command("run", tmp_path / "job.yaml", "--json", **token)
    assert done.stdout, (done.returncode, done.stderr)
    report = json.loads(done.stdout)
    if PROVIDER is None:
        assert (done.returncode, report["error"]["code"]) == (78, 270)
        assert "OpenSSL needs the provider pkcs11" in done.stderr
        return
    assert done.returncode == 0, done.stderr
    shown = report["steps"][0]["result"]["tls"]["client"]
    assert (shown["subject"], shown["has_private_key"]) == ("CN=alice, O=Mail Lab", True)


def test_what_the_provider_reads_is_der(tmp_path: Path) -> None:
    key = TokenKey(b"12 ab", b"\xa1\x00", Secret.literal("1;2"))
    (tmp_path / "pem").write_bytes(key.pem())
    shown = run("openssl", "asn1parse", "-in", tmp_path / "pem").decode()
    assert "VISIBLESTRING     :PKCS#11 Provider URI v1.0\n" in shown
    assert "UTF8STRING        :pkcs11:serial=12%20ab;id=%A1%00;type=private?pin-value=%31%3B%32\n" in shown
    assert "1;2" not in repr(key)


def test_a_module_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "libnone.so").write_bytes(b"none")
    done = command("cert", f"pkcs11:token=x?module-path={tmp_path}/libnone.so")
    assert (done.returncode, "is no PKCS #11 module" in done.stderr) == (78, True)


def test_uris() -> None:
    assert parse_uri("pkcs11:token=a%20b;id=%01%ff?module-path=/x") == {"token": b"a b", "id": b"\x01\xff"}
    assert module_of("pkcs11:token=a?pin-source=x&module-path=%2Flib%2Fx.so") == Path("/lib/x.so")
    with pytest.raises(Unreadable, match="names no module"):
        module_of("pkcs11:token=a")
    with pytest.raises(Unreadable, match="shows a secret"):
        parse_uri("pkcs11:token=a?pin-value=1234")
