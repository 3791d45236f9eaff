"""Whole jobs with settings of `tls`: what is reported, resumed, allowed, accepted and asked."""

from __future__ import annotations

import hashlib
import json
import ssl
from pathlib import Path

import pytest

from mailjobs.events import Error, TLSStatus
from mailjobs.job import load_job
from mailjobs.prepare import check_job
from mailjobs.run import RunRecord
from tests.fixtures.lab import Lab
from tests.fixtures.running import Listen, command, run_text

CONNECT = "steps: [{id: a, connect: true}]\n"


def run(lab: Lab, port: int, tls: str, steps: str = CONNECT, folder: Path | None = None) -> tuple[RunRecord, Listen]:
    own = f"ca: {{file: {lab.ca_file}}}, {tls}" if tls else f"ca: {{file: {lab.ca_file}}}"
    return run_text(f"server: {{host: localhost, port: {port}, tls: {{{own}}}}}\n{steps}", folder=folder)


def test_everything_that_was_negotiated_is_in_the_result(lab: Lab) -> None:
    record, _ = run(lab, lab.facts["TLS_ONLY"]["TLSv1.2"]["starttls"], "mode: starttls")
    tls = record.steps[0].result["tls"]
    assert list(tls) == ["version", "cipher", "cipher_suite", "bits", "key_exchange", "key_exchange_bits", "resumed",
                         "library", "peer", "chain", "client", "accepted"]  # fmt: skip
    assert (tls["version"], tls["cipher"], tls["cipher_suite"], tls["bits"], tls["key_exchange"], tls["resumed"]) == (
        "TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", 256, "x25519", False,
    )  # fmt: skip
    json.dumps(tls)


def test_a_later_step_takes_up_the_session(lab: Lab) -> None:
    steps = "steps: [{id: a, connect: true}, {disconnect: true}, {id: b, connect: true}]\n"
    record, _ = run(lab, lab.port("P_SMTPS"), "mode: implicit", steps)
    assert [record.steps[number].result["tls"]["resumed"] for number in (0, 2)] == [False, True]
    record, _ = run(lab, lab.port("P_SMTPS"), "mode: implicit, session_reuse: false", steps)
    assert [record.steps[number].result["tls"]["resumed"] for number in (0, 2)] == [False, False]


def test_the_connections_of_a_batch_take_it_up_too(lab: Lab, tmp_path: Path, box_name: str) -> None:
    (tmp_path / "rows.csv").write_text("n\n1\n2\n3\n")
    steps = f"""
data: {{rows: {{csv: rows.csv, key: n}}}}
messages: {{m: {{from: a@lab.test, to: {box_name}@lab.test, subject: x, text: x}}}}
steps: [{{send: {{message: m, for_each: rows, messages_per_connection: 1, connections: 1, duplicates: warn}}}}]
"""
    record, listen = run(lab, lab.port("P_SMTP"), "mode: starttls", steps, tmp_path)
    assert record.exit_status == 0
    told = [event.message for event in listen.of(TLSStatus) if " bits" in event.message]  # type: ignore[attr-defined]
    assert [message.endswith("session resumed") for message in told] == [False, True, True]


def test_an_allowance_is_told(lab: Lab) -> None:
    record, listen = run(lab, lab.facts["BAD_CERTS"]["expired"]["implicit"], "mode: implicit, allow: expired")
    assert record.exit_status == 0
    told = [event.message for event in listen.of(TLSStatus)]  # type: ignore[attr-defined]
    assert any(message.startswith("allowed by tls.allow: CN=localhost,O=Mail Lab expired on") for message in told)


def test_exactly_one_certificate_is_accepted(lab: Lab) -> None:
    own = lab.ca_file.with_name("server") / "selfsigned.crt"
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(own.read_text())).digest().hex(":").upper()
    port = lab.facts["BAD_CERTS"]["selfsigned"]["implicit"]
    for accept in (f'{{sha256: "{digest}"}}', f"{{file: {own}}}"):
        record, _ = run(lab, port, f"mode: implicit, accept: {accept}")
        assert record.exit_status == 0
        assert record.steps[0].result["tls"]["accepted"]["sha256"] == digest.lower()
    record, _ = run(lab, lab.port("P_SMTPS"), f"mode: implicit, accept: {{file: {own}}}")
    assert record.exit_status == 77


@pytest.mark.parametrize(
    ("name", "revocation", "status"),
    [
        ("valid", "{crl: hard, ocsp: hard}", 0),
        ("revoked", "{crl: soft}", 77),
        ("revoked", "{ocsp: soft}", 77),
        ("nochain", "{ocsp: hard}", 77),
    ],
)
def test_revocation(lab: Lab, name: str, revocation: str, status: int) -> None:
    port = lab.facts["BAD_CERTS"][name]["implicit"]
    record, listen = run(lab, port, f"mode: implicit, revocation: {revocation}")
    assert record.exit_status == status
    assert not listen.of(Error)


def test_a_soft_doubt_is_a_warning(lab: Lab) -> None:
    port = lab.facts["BAD_CERTS"]["otherca"]["implicit"]
    record, listen = run(lab, port, "mode: implicit, allow: [unknown-ca], revocation: {ocsp: soft}")
    assert record.exit_status == 0
    (told,) = listen.of(Error)
    assert "it cannot be known whether CN=localhost,O=Mail Lab is revoked" in told.description  # type: ignore[attr-defined]


@pytest.mark.parametrize(("version", "name"), [("1.0", "TLSv1"), ("1.1", "TLSv1.1")])
def test_old_versions_where_the_job_asks_for_them(lab: Lab, version: str, name: str) -> None:
    record, _ = run(lab, lab.facts["TLS_ONLY"][name]["starttls"], f"mode: starttls, min_version: {version}")
    assert record.steps[0].result["tls"]["version"] == name


def test_the_messages_of_tls_are_in_the_trace(lab: Lab, tmp_path: Path) -> None:
    server = f"{{host: localhost, port: {lab.port('P_SMTP')}, tls: {{ca: {{file: {lab.ca_file}}}, log: true}}}}"
    (tmp_path / "job.yaml").write_text(f"version: 1\nserver: {server}\nsteps: [connect: true]\n")
    done = command("run", "job.yaml", "--trace=trace.txt", cwd=tmp_path)
    assert done.returncode == 0
    lines = (tmp_path / "trace.txt").read_text().splitlines()
    start = next(number for number, line in enumerate(lines) if "Ready to start TLS" in line)
    assert lines[start + 1].endswith("-- handshake with localhost")
    assert "-- sent ClientHello, " in lines[start + 2]
    assert sum("received Certificate, " in line for line in lines) == 1


@pytest.mark.parametrize(
    ("tls", "words"),
    [
        ("ciphers: ECDHE-RSA-AES128-GCM-SHA265", "did you mean 'ECDHE-RSA-AES128-GCM-SHA256'?"),
        ("ciphers: [TLS_AES_128_GCM_SHA256, 'HIGH:!aNULL:!MD4']", "no cipher is called '!MD4'"),
        ("groups: 'x25519:secp256k1'", "did you mean 'secp256r1'?"),
        ("signature_algorithms: [sha256-rsa, sha256-rsaa]", "did you mean 'sha256-rsa'?"),
        ("accept: {file: job.yaml}", "it is no certificate"),
        ("revocation: {crl: hard, crl_files: job.yaml}", "no list of revoked certificates"),
        ("ca: {file: job.yaml}", "no certificate in PEM"),
    ],
)
def test_bad_settings_are_told_by_validate_and_by_run_before_connecting(tmp_path: Path, tls: str, words: str) -> None:
    text = f"server:\n  host: nowhere.invalid\n  tls: {{{tls}}}\nsteps: [connect: true]\n"
    record, _ = run_text(text, folder=tmp_path)
    (told,) = check_job(load_job(tmp_path / "job.yaml").job)
    assert words in str(told)
    assert told.place is not None
    assert (told.place.line, record.exit_status in (65, 77)) == (4, True)
    assert record.error is not None
    assert words in str(record.error)


def test_they_are_told_with_place_and_hint(tmp_path: Path) -> None:
    text = "version: 1\nserver: {host: nowhere.invalid, tls: {groups: x25591}}\nsteps: [connect: true]\n"
    (tmp_path / "job.yaml").write_text(text)
    for verb in ("validate", "run"):
        done = command(verb, "job.yaml", cwd=tmp_path)
        line = "job.yaml:2:47: server.tls.groups[0]: no group is called 'x25591' (did you mean 'x25519'?)"
        assert (line in done.stderr, done.returncode) == (True, 65)
        assert "Traceback" not in done.stderr


def test_a_key_log_is_warned_about_and_made_for_its_owner(lab: Lab, tmp_path: Path) -> None:
    job = tmp_path / "job.yaml"
    server = f"{{host: localhost, port: {lab.port('P_SMTPS')}, tls: {{mode: implicit, ca: {{file: {lab.ca_file}}}"
    job.write_text(f"version: 1\nserver: {server}, key_log_file: keys.log}}}}\nsteps: [connect: true]\n")
    done = command("run", "job.yaml", cwd=tmp_path)
    assert done.returncode == 0
    assert "whoever has the key log can read what goes over the connection" in done.stderr
    log = tmp_path / "keys.log"
    assert log.stat().st_mode & 0o777 == 0o600
    assert b"CLIENT_HANDSHAKE_TRAFFIC_SECRET" in log.read_bytes()
    log.chmod(0o644)
    done = command("run", "job.yaml", cwd=tmp_path)
    assert (done.returncode, "is open to others" in done.stdout + done.stderr) == (73, True)
