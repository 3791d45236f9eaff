"""Which certificate of several is meant, and which key is its own."""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from mailjobs.certs.choice import choose
from mailjobs.certs.entry import Entry
from mailjobs.certs.formats import read_store
from mailjobs.certs.store import load_identity
from mailjobs.certs.unreadable import Unreadable
from mailjobs.errors import CertificateError, Place
from mailjobs.model import CertificateStore, KeySource
from mailjobs.secret import Secret
from tests.certs.conftest import SIMPLE
from tests.certs.makers import PASSWORD, People, jks, keytool, name, signed

JAVA = shutil.which("keytool") is not None
FILES = ["two.pem", "two.jks", *(["two.pkcs12"] if JAVA else [])]
PASSWORDS = {"two.pem": PASSWORD, "two.jks": PASSWORD, "two.pkcs12": SIMPLE}
PLACE = Place("job.yaml", 3, 5)


@pytest.fixture(scope="session")
def several(tmp_path_factory: pytest.TempPathFactory, stores: Path, people: People) -> Path:
    """Stores with two keys and their certificates each; Java has read the JKS that is made here."""
    folder = tmp_path_factory.mktemp("several")
    both = b"".join(people.key(kind) + people.pem(kind) for kind in people.keys)
    (folder / "two.pem").write_bytes(people.chain + both)
    old, modern = folder / "two.jks", folder / "two.pkcs12"
    chains = {kind: [people.certificates[kind], people.middle, people.root] for kind in people.keys}
    old.write_bytes(jks({kind: (people.keys[kind], chain) for kind, chain in chains.items()}))
    if not JAVA:
        return folder
    known = ("-noprompt", "-srcstorepass", PASSWORD, "-deststorepass", SIMPLE, "-destkeypass", SIMPLE)
    keytool("-importkeystore", *known, "-srckeystore", old, "-destkeystore", modern, "-deststoretype", "PKCS12")
    return folder


@cache
def opened(path: Path) -> list[Entry]:
    return read_store(path.read_bytes(), PASSWORDS[path.name].encode())[1]


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize(
    ("subject", "kind"),
    [
        ('CN=ec, O="Tests, Inc."', "ec"), ('O="Tests, Inc.",cn=EC', "ec"), ("O=Tests\\, Inc., CN=rsa", "rsa"),
        ("CN=rsa", "rsa"), ("rsa", "rsa"), ("cn = Rsa", "rsa"), ("*", None),
    ],
)  # fmt: skip
def test_a_subject_says_which(several: Path, people: People, file: str, subject: str, kind: str | None) -> None:
    entries = opened(several / file)
    found = choose(entries, subject)
    kind = kind or next(kind for kind in people.keys if people.certificates[kind] == entries[0].certificate)
    assert found.certificate == people.certificates[kind]
    assert found.key.private_numbers() == people.keys[kind].private_numbers()
    assert found.chain == (people.middle, people.root)


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize(
    ("subject", "words"),
    [
        (None, r"it holds several keys: .*CN=(ec|rsa).*, .*CN=(ec|rsa)"),
        ("O=Tests\\, Inc.", "several subjects fit"),
        ("CN=nobody", "no certificate has the subject 'CN=nobody'; it has .*CN=ec"),
    ],
)
def test_what_is_not_clear_is_told_with_what_there_is(
    several: Path, file: str, subject: str | None, words: str
) -> None:
    store = CertificateStore(PLACE, several / file, subject=subject, password=Secret.literal(PASSWORDS[file]))
    with pytest.raises(CertificateError, match=words) as caught:
        load_identity(store)
    assert (caught.value.code, caught.value.place) == (272, PLACE)


def test_one_with_a_key_goes_before_those_without(stores: Path, people: People) -> None:
    data = (stores / "rsa.crt").read_bytes() + (stores / "ec.pem").read_bytes()
    _, entries = read_store(data, None)
    assert [entry.has_key for entry in entries] == [True, False]
    assert choose(entries, None).certificate == choose(entries, "*").certificate == people.certificates["ec"]
    assert choose(entries, "CN=rsa").certificate == people.certificates["rsa"]


def test_the_key_beside_it_says_which(several: Path, stores: Path, people: People, tmp_path: Path) -> None:
    (tmp_path / "two.crt").write_bytes(people.pem("rsa") + people.pem("ec"))
    for kind in people.keys:
        store = CertificateStore(PLACE, tmp_path / "two.crt", key=KeySource(stores / f"{kind}.v3.ppk"))
        assert load_identity(store).certificate == people.certificates[kind]


def test_all_of_a_subject_goes_before_a_part_of_one(people: People) -> None:
    short = name((x509.NameOID.COMMON_NAME, "ec"))
    own = signed(short, people.keys["ec"], short, people.keys["ec"])
    _, entries = read_store(people.pem("ec") + own.public_bytes(Encoding.PEM), None)
    assert choose(entries, "CN=ec").certificate == own
    assert choose(entries, "O=Tests\\, Inc.").certificate == people.certificates["ec"]
    with pytest.raises(Unreadable, match="several subjects fit"):
        choose(entries, "ec")


def test_a_jks_whose_key_is_not_that_of_its_certificate(people: People, tmp_path: Path) -> None:
    """Java's tools do not make one; whoever writes one by hand can."""
    (tmp_path / "odd.jks").write_bytes(jks({"odd": (people.keys["ec"], [people.certificates["rsa"]])}))
    with pytest.raises(CertificateError, match="the key is not that of the certificate") as caught:
        load_identity(CertificateStore(PLACE, tmp_path / "odd.jks", password=Secret.literal(PASSWORD)))
    assert caught.value.code == 273


def test_only_one_of_two_keys_fits(several: Path, stores: Path, people: People) -> None:
    store = CertificateStore(PLACE, stores / "ec.crt", key=KeySource(several / "two.pem"))
    assert load_identity(store).key.private_numbers() == people.keys["ec"].private_numbers()
    both = CertificateStore(PLACE, pem=people.pem("rsa").decode(), file=several / "two.pem")
    assert load_identity(both).key.private_numbers() == people.keys["rsa"].private_numbers()


def test_a_private_key_has_no_place_in_the_job_itself(stores: Path) -> None:
    store = CertificateStore(PLACE, pem=(stores / "ec.pem").read_text(), file=stores / "ec.pem")
    with pytest.raises(CertificateError, match="in `pem`: a private key"):
        load_identity(store)


@pytest.mark.parametrize("kind", ["bcfks", "user", "machine", "security-key"])
def test_stores_that_no_file_has_are_refused_by_name(stores: Path, kind: str) -> None:
    with pytest.raises(CertificateError) as caught:
        load_identity(CertificateStore(PLACE, stores / "ec.pem", type=kind))
    assert caught.value.code == 271
    assert caught.value.hint


def test_a_wrong_password_names_the_file_that_it_is_for(stores: Path) -> None:
    store = CertificateStore(
        PLACE, stores / "ec.crt", key=KeySource(stores / "ec.pkcs8.key"), password=Secret.literal("wrong")
    )
    with pytest.raises(CertificateError, match=r"ec\.pkcs8\.key': the password is wrong"):
        load_identity(store)
    right = CertificateStore(
        PLACE, stores / "ec.crt", key=KeySource(stores / "ec.pkcs8.key"), password=Secret.literal(PASSWORD)
    )
    assert load_identity(right).certificate
