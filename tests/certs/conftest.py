"""Every kind of store, made once for all tests of the room."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.certs.makers import (
    PASSWORD,
    Maker,
    People,
    as_json,
    jks,
    jks_version_1,
    jwk,
    keytool,
    run,
    x5c,
    xml,
)
from tests.fixtures.lab import missing

SIMPLE = "changeit"  # what is not ASCII Java and OpenSSL put differently into a PFX
PROGRAMS = ("openssl", "puttygen", "ssh-keygen")
MODERN, LEGACY = "aes-256-cbc", ("-legacy", "-certpbe", "PBE-SHA1-RC2-40", "-keypbe", "PBE-SHA1-3DES")
PPK = {
    "v2.ppk": ("version=2", ""), "v2-locked.ppk": ("version=2", PASSWORD), "v3.ppk": ("version=3", ""),
    "v3-locked.ppk": ("version=3,kdf=argon2id,memory=256,passes=2", PASSWORD),
    "v3-argon2i.ppk": ("version=3,kdf=argon2i,memory=256,passes=2", PASSWORD),
    "v3-argon2d.ppk": ("version=3,kdf=argon2d,memory=256,passes=2,parallelism=2", PASSWORD),
}  # fmt: skip


@pytest.fixture(scope="session")
def people() -> People:
    """Keys and certificates."""
    return People()


@pytest.fixture(scope="session")
def stores(tmp_path_factory: pytest.TempPathFactory, people: People) -> Path:
    """A folder of files named KIND.FORM: `rsa.pfx`, `ec.jks`."""
    lacking = [program for program in PROGRAMS if shutil.which(program) is None]
    if lacking:
        missing(f"missing programs: {', '.join(lacking)}")
    folder = tmp_path_factory.mktemp("stores")
    with ThreadPoolExecutor() as pool:  # most of the time programs are waited for
        list(pool.map(lambda kind: make_all(Maker(folder, people, kind), people, kind), people.keys))
    return folder


def make_all(make: Maker, people: People, kind: str) -> None:
    key, crt, chain = people.key(kind), people.pem(kind), people.chain
    make.file("pem", b"some words\n" + key + b"and more\r\n" + crt + chain)
    make.pfx("pfx")
    make.pfx("legacy.pfx", *LEGACY)
    make.pfx("no-mac.pfx", "-nomac")
    make.pfx("open.pfx", "-nomac", "-keypbe", "NONE", "-certpbe", "NONE")
    make.pfx("no-password.pfx", password="")
    p8 = make.encrypted("pkcs8.key", "pkcs8", "-topk8", "-v2", MODERN)
    make.encrypted("scrypt.key", "pkcs8", "-topk8", "-scrypt")
    make.encrypted(
        "traditional.key", "rsa" if kind == "rsa" else "ec", "-aes256", *(() if kind == "ec" else ("-traditional",))
    )
    make.file("mixed.pem", chain + p8.read_bytes() + crt)
    make.openssl("key.der", "pkey", "-in", make.file("key"), "-outform", "DER")
    make.openssl(
        "pkcs8.der", "pkcs8", "-topk8", "-in", make.file("key"), "-outform", "DER", "-passout", f"pass:{PASSWORD}"
    )
    make.openssl("crt.der", "x509", "-in", make.file("crt"), "-outform", "DER")
    make.openssl("pub.der", "pkey", "-in", make.file("key"), "-pubout", "-outform", "DER")
    make.openssl("pub", "pkey", "-in", make.file("key"), "-pubout")
    bundle = ("crl2pkcs7", "-nocrl", "-certfile", make.file("chain"), "-certfile", make.file("crt"))
    make.openssl("p7b", *bundle)
    make.openssl("der.p7b", *bundle, "-outform", "DER")
    make.openssh("openssh")
    make.openssh("openssh-locked", PASSWORD)
    make.file("ssh-pub", run("ssh-keygen", "-y", "-f", make.file("openssh")))
    make.file("rfc4716", run("ssh-keygen", "-e", "-f", make.file("openssh")))
    for name, (parameters, password) in PPK.items():
        make.ppk(name, parameters, password)
    make_java(make, people, kind)
    own = people.certificates[kind]
    make.file("jwk", as_json(jwk(people.keys[kind], kid="me", x5c=x5c(own, people.middle, people.root))))
    make.file("jwks", as_json({"keys": [jwk(people.keys[kind])]}))
    if kind == "rsa":
        make.file("xml", xml(people.keys[kind]))
        make.file("pub.xml", xml(people.keys[kind], private=False))


def make_java(make: Maker, people: People, kind: str) -> None:
    """By Java where there is one; else by a writer of ours, which Java has read in `test_choice`."""
    path = make.file("jks")
    chain = [people.certificates[kind], people.middle, people.root]
    if shutil.which("keytool") is None:
        path.write_bytes(jks({"me": (people.keys[kind], chain)}))
    else:
        source = make.pfx("for-java.pfx", password=SIMPLE)
        java = ("-srckeystore", source, "-srcstoretype", "PKCS12", "-destkeystore", path, "-deststoretype", "JKS")
        passwords = ("-srcstorepass", SIMPLE, "-deststorepass", PASSWORD, "-destkeypass", PASSWORD)
        keytool("-importkeystore", "-noprompt", *passwords, *java)
    make.file("v1.jks", jks_version_1(path.read_bytes()))
