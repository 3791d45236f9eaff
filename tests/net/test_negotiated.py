"""What was negotiated is what `openssl s_client` says of the same server."""

from __future__ import annotations

import re
import subprocess

import pytest

from mailjobs.events import Publish, ServerCertificate
from mailjobs.model import Named
from mailjobs.net.cipher_names import bits_of, iana_name
from mailjobs.net.spoken import known_ciphers
from mailjobs.net.tls_info import TlsInfo
from tests.fixtures.lab import Lab
from tests.net.peers import Listen, dial, trusting

GROUPS = {"X25519": "x25519", "X448": "x448", "ECDH, prime256v1": "secp256r1", "ECDH, secp384r1": "secp384r1",
          "ECDH, secp521r1": "secp521r1"}  # fmt: skip
CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n", re.DOTALL)


def client_says(port: int, *options: str, lab: Lab) -> dict[str, object]:
    """What s_client reports, in our terms."""
    command = ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", "localhost", "-showcerts"]
    done = subprocess.run(
        [*command, "-CAfile", str(lab.ca_file), *options],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20, check=True,
    )  # fmt: skip
    told = done.stdout
    new = re.search(r"New, (\S+), Cipher is (\S+)", told)
    protocol = re.search(r"Protocol *: (\S+)", told)
    temporary = re.search(r"Server Temp Key: (.+), (\d+) bits", told)
    key = re.search(r"Server public key is (\d+) bit", told)
    assert new is not None
    assert key is not None
    if temporary is None:
        exchange: tuple[str, int] = ("RSA", int(key[1]))
    elif temporary[1] == "DH":
        exchange = ("DHE", int(temporary[2]))  # its prime is of RFC 3526, which has no name in TLS
    else:
        exchange = (GROUPS[temporary[1]], int(temporary[2]))
    return {
        "version": protocol[1] if protocol else new[1],
        "cipher": new[2],
        "key_exchange": exchange[0],
        "key_exchange_bits": exchange[1],
        "sent": CERTIFICATE.findall(told),
    }


def we_say(info: TlsInfo, listen: Listen) -> dict[str, object]:
    told = [event for event in listen.heard if isinstance(event, ServerCertificate)]
    return {
        "version": info.version,
        "cipher": info.cipher,
        "key_exchange": info.key_exchange,
        "key_exchange_bits": info.key_exchange_bits,
        "sent": list(told[0].chain),
    }


OLD = ("-cipher", "DEFAULT:@SECLEVEL=0", "-min_protocol", "TLSv1")
CASES = [
    ("TLSv1", {"min_version": "1.0"}, OLD),
    ("TLSv1.1", {"min_version": "1.1"}, OLD),
    ("TLSv1.2", {}, ()),
    ("TLSv1.3", {}, ()),
    ("valid", {}, ()),
    ("ecdsa", {}, ()),
    ("ecdsa", {"max_version": "1.2"}, ("-tls1_2",)),
    ("TLSv1.2", {"ciphers": "DHE-RSA-AES128-GCM-SHA256"}, ("-cipher", "DHE-RSA-AES128-GCM-SHA256")),
    ("TLSv1.2", {"ciphers": "TLS_RSA_WITH_AES_256_CBC_SHA256"}, ("-cipher", "AES256-SHA256")),
    ("TLSv1.3", {"ciphers": "TLS_CHACHA20_POLY1305_SHA256"}, ("-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256")),
    ("TLSv1.3", {"groups": "secp384r1"}, ("-groups", "secp384r1")),
    ("TLSv1.2", {"groups": "ecdhe_secp521r1"}, ("-groups", "secp521r1")),
]


@pytest.mark.parametrize(("name", "settings", "options"), CASES)
def test_it_equals_what_s_client_says(lab: Lab, name: str, settings: dict[str, str], options: tuple[str, ...]) -> None:
    port = {**lab.facts["BAD_CERTS"], **lab.facts["TLS_ONLY"]}[name]["implicit"]
    named = {key: (Named(text),) if key in ("ciphers", "groups") else text for key, text in settings.items()}
    listen = Listen()
    stream = dial(port, trusting(lab.ca_file, **named), publish=Publish([listen]))
    try:
        assert we_say(stream.info, listen) == client_says(port, *options, lab=lab)
    finally:
        stream.close()


@pytest.mark.parametrize("port", ["P_SMTPS", "P_EXIM_TLS", "P_DSUB_TLS"])
def test_of_every_kind_of_server(lab: Lab, port: str) -> None:
    listen = Listen()
    stream = dial(lab.port(port), trusting(lab.ca_file), publish=Publish([listen]))
    assert we_say(stream.info, listen) == client_says(lab.port(port), lab=lab)
    stream.close()


def test_the_chain_is_told_up_to_the_authority_that_is_trusted(lab: Lab) -> None:
    stream = dial(lab.port("P_SMTPS"), trusting(lab.ca_file))
    info = stream.info
    stream.close()
    assert [one["subject"].split(",")[0] for one in info.chain] == [
        "CN=localhost",
        "CN=Lab issuing CA",
        "CN=Lab root CA",
    ]
    assert info.chain[0] == info.peer
    assert info.chain[2]["pem"] == lab.ca_file.read_text()
    assert (info.client, info.accepted, info.resumed) == (None, None, False)


def test_every_cipher_has_iana_s_name_and_its_bits() -> None:
    listed = subprocess.run(
        ["openssl", "ciphers", "-v", "-stdname", "ALL:COMPLEMENTOFALL:@SECLEVEL=0"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    assert len(listed) > 100
    for line in listed:
        iana, _, name, *_ = line.split()
        encryption = re.search(r"Enc=(\w+)(?:\((\d+)\))?", line)
        assert encryption is not None
        bits = int(encryption[2] or (256 if encryption[1].startswith("CHACHA20") else 0))
        assert (name, iana_name(name), bits_of(name)) == (name, iana, bits)


def test_every_cipher_of_our_own_engine_has_a_name_of_its_own() -> None:
    names = [iana_name(cipher) for cipher in known_ciphers()]
    assert len(set(names)) == len(names) > 100
    assert all(re.fullmatch(r"TLS_[A-Za-z0-9_]+", name) for name in names)
