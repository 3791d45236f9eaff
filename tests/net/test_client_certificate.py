"""Logging in with a certificate, from every format, on a Postfix that takes nobody without."""

from __future__ import annotations

import shutil
import socket
import subprocess
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from mailjobs.certs.describe import describe
from mailjobs.certs.formats import read_store
from mailjobs.certs.store import load_certificate, load_identity
from mailjobs.errors import CertificateError, MailjobsError, Place, TLSError
from mailjobs.model import CertificateStore, KeySource, Tls
from mailjobs.net.trust import check_trust
from mailjobs.secret import Secret
from tests.certs.makers import People, as_json, jks, jwk, xml
from tests.fixtures.lab import Lab, missing
from tests.fixtures.running import run_text
from tests.fixtures.scripted import TlsFiles
from tests.net.peers import Peers, dial, server_context, trusting

PLACE = Place("job.yaml", 1, 1)
PFX, KEY = Secret.literal("pfxpass"), Secret.literal("keypass")


@pytest.fixture(scope="module")
def people() -> People:
    """An authority, one below it, and those whom it has certified."""
    return People()


@pytest.fixture(scope="module")
def client(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The laboratory's clients, and alice's key in the formats that it lacks."""
    folder = tmp_path_factory.mktemp("client")
    source = Path(lab.facts["CA_FILE"]).parent / "client"
    for file in source.iterdir():
        if file.is_file():
            shutil.copy(file, folder)
    if shutil.which("puttygen") is None:
        missing("puttygen is missing")
    key = load_pem_private_key((folder / "alice.key").read_bytes(), None)
    if not (folder / "alice.jks").exists():  # the laboratory has one where there is a Java
        chain = [load_certificate(folder / name, PLACE) for name in ("alice.crt", "ca.crt")]
        (folder / "alice.jks").write_bytes(jks({"alice": (key, chain)}, "pfxpass"))
    (folder / "alice.xml").write_bytes(xml(key))
    (folder / "alice.jwk").write_bytes(as_json(jwk(key)))
    shutil.copy(folder / "alice.key", folder / "alice.openssh")
    (folder / "alice.openssh").chmod(0o600)
    ran("ssh-keygen", "-q", "-p", "-P", "", "-N", "keypass", "-a", "2", "-f", folder / "alice.openssh")
    (folder / "secret").write_text("keypass")
    ran(
        "puttygen", folder / "alice.openssh", "-O", "private", "-o", folder / "alice.ppk", "--old-passphrase",
        folder / "secret", "--new-passphrase", folder / "secret", "--ppk-param", "memory=256,passes=2",
    )  # fmt: skip
    return folder


def ran(*words: str | Path) -> None:
    done = subprocess.run(list(map(str, words)), capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr


# What holds all, or the certificate with a key beside it.
WAYS = {
    "alice.pem": {}, "alice.pfx": {"password": PFX}, "alice.legacy.pfx": {"password": PFX}, "alice.nopass.pfx": {},
    "bob.pfx": {"password": PFX}, "alice.jks": {"password": PFX},
    "alice.crt+alice.key": {}, "alice.crt.der+alice.key.der": {}, "alice.p7b+alice.key": {},
    "alice.der.p7b+alice.key": {},
    "alice.crt+alice.pkcs8-encrypted.key": {"password": KEY},
    "bob.crt+bob.traditional-encrypted.key": {"password": KEY},
    "alice.crt+alice.ppk": {"password": KEY}, "alice.crt+alice.openssh": {"password": KEY},
    "alice.crt+alice.xml": {}, "alice.crt+alice.jwk": {},
}  # fmt: skip


def named(folder: Path, way: str, **more: object) -> CertificateStore:
    file, _, key = way.partition("+")
    beside = KeySource(folder / key) if key else None
    return CertificateStore(PLACE, folder / file, key=beside, **more)  # type: ignore[arg-type]


def told(lab: Lab, store: CertificateStore | None, port: str = "P_MTLS") -> tuple[bytes, dict[str, object] | None]:
    """The greeting of a Postfix that wants a certificate, and what we have shown."""
    stream = dial(lab.port(port), trusting(lab.ca_file, certificate=store))
    greeting = stream.read()
    stream.close()
    return greeting, stream.info.client


@pytest.mark.parametrize("way", WAYS)
def test_it_logs_in(lab: Lab, client: Path, way: str) -> None:
    greeting, shown = told(lab, named(client, way, **WAYS[way]))
    assert greeting.startswith(b"220 ")
    leaf = load_certificate(client / f"{way.partition('.')[0]}.crt", PLACE)
    assert shown == describe(leaf, has_private_key=True)


def test_without_one_or_with_another_s_it_does_not(lab: Lab, client: Path) -> None:
    greeting, shown = told(lab, None)
    assert greeting.startswith(b"421 4.7.1 mail.lab.test Error: No client certificate presented\r\n")
    assert shown is None
    for name in ("untrusted", "expired"):
        assert b"421 4.7.1" in told(lab, named(client, f"{name}.crt+{name}.key"))[0]


def test_a_server_that_wants_one_is_hinted_at(lab: Lab, client: Path, tls_files: TlsFiles, peers: Peers) -> None:
    """Postfix says so in its greeting; OpenSSL ends TLS."""
    server = f"{{host: localhost, port: {lab.port('P_MTLS')}, tls: {{mode: implicit, ca: {{file: {lab.ca_file}}}}}}}"
    record, _ = run_text(f"server: {server}\nsteps: [{{connect: true}}]\n")
    assert "'tls.certificate' shows a certificate" in str(record.steps[0].error and record.steps[0].error.hint)
    ask = server_context(tls_files, ask=True)
    for store, hint in (
        (None, "'tls.certificate' shows"),
        (named(client, "alice.pem"), "does not take the certificate"),
    ):
        port = peers.serve(lambda sock: ask.wrap_socket(sock, server_side=True).close())
        stream = dial(port, trusting(tls_files.ca, certificate=store))
        with closing(stream), pytest.raises(TLSError) as caught:
            stream.read()
        assert hint in str(caught.value.hint), caught.value.message


def test_as_a_secret_in_base64_or_as_pem(lab: Lab, client: Path) -> None:
    from base64 import b64encode

    whole = Secret.literal(b64encode((client / "alice.pfx").read_bytes()).decode())
    assert told(lab, CertificateStore(PLACE, data=whole, password=PFX))[0].startswith(b"220 ")
    shown = (client / "alice.crt").read_text()
    key = Secret.literal((client / "alice.key").read_text())
    for store in (
        CertificateStore(PLACE, pem=shown, key=KeySource(data=key)),
        CertificateStore(PLACE, pem="".join(shown.splitlines()[1:-1]), file=client / "alice.pfx", password=PFX),
    ):
        assert told(lab, store)[0].startswith(b"220 ")


REFUSED = {
    "alice.crt": (273, "it holds no private key"),
    "alice.p7b": (273, "it holds no private key"),
    "alice.key": (273, "it holds no certificate"),
    "alice.ppk": (273, "it holds no certificate"),
    "alice.xml": (273, "it holds no certificate"),
    "alice.jwk": (273, "it holds no certificate"),
    "alice.openssh": (273, "it holds no certificate"),
    "alice.pem+bob.key": (273, "the key is not that of the certificate"),
    "alice.crt+bob.key": (273, "the key is not that of the certificate"),
    "alice.crt+alice.p7b": (273, "it holds no private key"),
    "alice.crt+alice.pkcs8-encrypted.key": (271, "the key is encrypted, and there is no password"),
    "alice.pfx": (271, "it is encrypted, and there is no password"),
    "alice.jks": (271, "the key is encrypted, and there is no password"),
    "gone.pem": (281, "does not exist"),
    "crl.pem": (271, "it holds a list of revoked certificates"),
}


@pytest.mark.parametrize("way", REFUSED)
def test_what_cannot_log_in_is_said_before_connecting(client: Path, way: str) -> None:
    code, words = REFUSED[way]
    with pytest.raises(MailjobsError, match=words) as caught:
        check_trust(Tls(certificate=named(client, way)))
    assert isinstance(caught.value, CertificateError)
    assert (caught.value.code, caught.value.place) == (code, PLACE)


def test_the_server_sees_what_is_between(peers: Peers, tls_files: TlsFiles, people: People, tmp_path: Path) -> None:
    """It knows the root alone, so without the one between the handshake fails."""
    (tmp_path / "root.pem").write_bytes(people.root.public_bytes(Encoding.PEM))
    (tmp_path / "me.pem").write_bytes(people.key("ec") + people.pem("ec"))
    (tmp_path / "between.pem").write_bytes(people.middle.public_bytes(Encoding.PEM))
    seen: list[str] = []

    def talk(sock: socket.socket) -> None:
        context = server_context(tls_files, ask=True)
        context.load_verify_locations(tmp_path / "root.pem")
        with context.wrap_socket(sock, server_side=True) as end:
            seen.append(str(end.getpeercert()["subject"]))  # type: ignore[index]
            end.sendall(b"220 hello\r\n")

    store = CertificateStore(PLACE, tmp_path / "me.pem", chain=(KeySource(tmp_path / "between.pem"),))
    stream = dial(peers.serve(talk), trusting(tls_files.ca, certificate=store))
    assert stream.read() == b"220 hello\r\n"
    stream.close()
    assert "'ec'" in seen[0]
    alone = dial(peers.serve(talk), trusting(tls_files.ca, certificate=replace(store, chain=())))
    with pytest.raises(TLSError, match="unknown ca"):
        alone.read()
    alone.close()


def test_a_store_of_authorities_has_no_key(lab: Lab) -> None:
    name = "truststore.p12"
    _, entries = read_store((lab.ca_file.parent / name).read_bytes(), b"pfxpass")
    assert entries
    assert not any(entry.has_key for entry in entries)
    with pytest.raises(CertificateError, match=r"it holds no private key|several certificates"):
        load_identity(CertificateStore(PLACE, lab.ca_file.parent / name, password=PFX))


def test_the_chain_of_the_job_stands_for_that_of_the_store(client: Path) -> None:
    authority = load_certificate(client / "ca.crt", PLACE)
    with_chain = named(client, "alice.crt+alice.key", chain=(KeySource(client / "ca.crt"),))
    assert load_identity(with_chain).chain == (authority,)
    assert load_identity(named(client, "alice.crt+alice.key")).chain == ()
    assert load_identity(named(client, "alice.pfx", password=PFX)).chain == (authority,)


JOB = """
server:
  host: localhost
  port: {port}
  tls:
    mode: starttls
    ca: {{file: {ca}}}
    certificate: {{file: {folder}/alice.pfx, password: {{env: PFX}}, subject: CN=alice}}
steps:
  - id: relay
    connect: true
  - send: m
messages:
  m:
    from: me@example.com
    to: {box}@lab.test
    subject: "{{{{ steps.relay.tls.client.subject }}}}, {{{{ steps.relay.tls.client.has_private_key }}}}"
    text: x
"""


def test_a_job_logs_in_after_starttls_and_sees_as_whom(
    lab: Lab, client: Path, box_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = lab.mailbox(box_name)
    facts = {"port": lab.port("P_MTLS_STARTTLS"), "ca": lab.ca_file, "folder": client, "box": box_name}
    monkeypatch.setenv("PFX", "pfxpass")
    record, _ = run_text(JOB.format(**facts))
    assert record.exit_status == 0, record.as_dict()
    assert b"Subject: CN=alice, O=Mail Lab, True" in box.wait()[0].raw
    monkeypatch.setenv("PFX", "wrong")
    record, _ = run_text(JOB.format(**facts))
    assert record.exit_status == 77
    assert "the password is wrong" in str(record.as_dict())
