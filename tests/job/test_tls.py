"""What `tls` of a job becomes in the model: short forms, defaults, places."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailjobs import model
from mailjobs.errors import JobError, Place
from mailjobs.job import Loaded, load_job

DIGEST = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def loaded(folder: Path, tls: str, more: str = "") -> Loaded:
    job = folder / "job.yaml"
    job.write_text(f"version: 1\n{more}server:\n  host: a\n  tls: {tls}\nsteps: [connect: true]\n")
    return load_job(job)


def tls_of(folder: Path, tls: str, more: str = "") -> model.Tls:
    return loaded(folder, tls, more).job.servers["server"].tls


def test_all_that_can_be_said(tmp_path: Path) -> None:
    for name in ("relay.pem", "corp.crl"):
        (tmp_path / name).write_text("")
    tls = tls_of(tmp_path, """
    mode: starttls
    min_version: 1.0
    max_version: 1.2
    min_strength: 128
    renegotiation: true
    log: true
    allow: [expired, unknown-ca, expired]
    revocation: {crl: hard, ocsp: soft, crl_files: corp.crl}
    session_reuse: false
    key_log_file: keys.log
""")  # fmt: skip
    assert (tls.mode, tls.min_version, tls.max_version, tls.min_strength) == ("starttls", "1.0", "1.2", 128)
    assert (tls.renegotiation, tls.log, tls.session_reuse) == (True, True, False)
    assert tls.allow == ("expired", "unknown-ca")
    found = tls.revocation
    assert (found.crl, found.ocsp, found.crl_files) == ("hard", "soft", (tmp_path / "corp.crl",))
    assert tls.key_log_file == tmp_path / "keys.log"


def test_what_is_left_out_is_safe(tmp_path: Path) -> None:
    for text in ("starttls", "{mode: starttls}", "{mode: starttls, revocation: {}}"):
        tls = tls_of(tmp_path, text)
        assert (tls.min_version, tls.max_version, tls.renegotiation, tls.session_reuse) == ("1.2", "1.3", False, True)
        assert (tls.accept, tls.allow, tls.revocation.crl, tls.revocation.ocsp) == ((), (), "off", "off")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("ECDHE+AESGCM:!AES128", ["ECDHE+AESGCM", "!AES128"]),
        ("TLS_AES_128_GCM_SHA256;AES128-SHA", ["TLS_AES_128_GCM_SHA256", "AES128-SHA"]),
        ("'a, b c'", ["a", "b", "c"]),
        ("[a, 'b:c']", ["a", "b", "c"]),
        ('"{{ vars.wanted }}"', ["HIGH", "!aNULL"]),
    ],
)
def test_names_may_be_listed_in_several_ways(tmp_path: Path, text: str, names: list[str]) -> None:
    for key in ("ciphers", "groups", "signature_algorithms"):
        tls = tls_of(tmp_path, f"{{{key}: {text}}}", "vars: {wanted: 'HIGH:!aNULL'}\n")
        assert [one.text for one in getattr(tls, key)] == names


def test_a_name_knows_where_it_stands(tmp_path: Path) -> None:
    (_, second) = tls_of(tmp_path, "{ciphers: [a, b]}").ciphers
    assert second.place == Place(str(tmp_path / "job.yaml"), 4, 22, "server.tls.ciphers[1]")


@pytest.mark.parametrize(
    ("low", "high", "found"),
    [
        ("1.0", "", ("1.0", "1.3")), ("1", "", ("1.0", "1.3")), ("", "1.1", ("1.1", "1.1")),
        ('"1.1"', "1.1", ("1.1", "1.1")), ("", "1.2", ("1.2", "1.2")), ("1.3", "", ("1.3", "1.3")),
    ],
)  # fmt: skip
def test_versions(tmp_path: Path, low: str, high: str, found: tuple[str, str]) -> None:
    written = [f"min_version: {low}" if low else "", f"max_version: {high}" if high else ""]
    tls = tls_of(tmp_path, f"{{{', '.join(filter(None, written))}}}")
    assert (tls.min_version, tls.max_version) == found


DIGESTS = [DIGEST, DIGEST.upper(), ":".join(DIGEST[at : at + 2] for at in range(0, 64, 2)), f"  {DIGEST} "]


@pytest.mark.parametrize("written", DIGESTS)
def test_a_digest_may_be_written_in_several_ways(tmp_path: Path, written: str) -> None:
    (accepted,) = tls_of(tmp_path, f'{{accept: {{sha256: "{written}"}}}}').accept
    assert accepted.sha256 == DIGEST


def test_several_may_be_accepted(tmp_path: Path) -> None:
    (tmp_path / "relay.pem").write_text("")
    accept = tls_of(tmp_path, f"{{accept: [{{sha256: {DIGEST}}}, {{file: relay.pem}}, {{pem: text}}]}}").accept
    assert [(one.sha256, one.file, one.pem) for one in accept] == [
        (DIGEST, None, None), (None, tmp_path / "relay.pem", None), (None, None, "text"),
    ]  # fmt: skip


def test_an_accepted_store_has_password_type_and_subject(tmp_path: Path) -> None:
    (tmp_path / "relay.pfx").write_text("")
    text = "{accept: {file: relay.pfx, password: {env: PFX}, type: pfx, subject: CN=relay}}"
    (accepted,) = tls_of(tmp_path, text).accept
    assert (accepted.file, accepted.type, accepted.subject) == (tmp_path / "relay.pfx", "pfx", "CN=relay")
    assert accepted.password is not None
    (accepted,) = tls_of(tmp_path, "{accept: {data: {env: PFX_BASE64}}}").accept
    assert accepted.data is not None
    module = tmp_path / "token.so"
    module.write_text("")
    (accepted,) = tls_of(tmp_path, "{accept: {pkcs11: {module: token.so, uri: 'pkcs11:token=ci'}}}").accept
    assert accepted.pkcs11 == model.Token(module, "pkcs11:token=ci")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"sha256: {DIGEST}, password: {{env: PFX}}", "`password` beside `sha256` says nothing"),
        ("pem: text, password: {env: PFX}", "`password` beside `pem` says nothing"),
        (f"sha256: {DIGEST}, subject: CN=relay", "`subject` beside `sha256` says nothing"),
        ("data: {env: PFX}, type: bcfks", "BCFKS store"),
        ("pem: text, type: pkcs11", "the type pkcs11 is none of `pem`"),
        (f"sha256: {DIGEST}, pem: text", "server.tls.accept"),
        ("password: {env: PFX}", "server.tls.accept"),
    ],
)
def test_what_makes_no_sense_of_an_accepted_store_is_told(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(JobError) as caught:
        loaded(tmp_path, f"{{accept: {{{text}}}}}")
    assert words in "\n".join(str(problem) for problem in caught.value.problems)


def test_a_key_log_is_warned_about(tmp_path: Path) -> None:
    (warning,) = loaded(tmp_path, "{key_log_file: keys.log}").warnings
    assert "can read what goes over the connection" in warning.message


def test_what_is_without_effect_where_nothing_is_secured(tmp_path: Path) -> None:
    found = loaded(tmp_path, "{mode: none, min_version: 1.3, allow: [expired]}").warnings
    assert [problem.message for problem in found] == [
        "'tls: none' leaves 'min_version' without effect",
        "'tls: none' leaves 'allow' without effect",
    ]
    assert loaded(tmp_path, "none").warnings == ()
