"""`tls.certificate`: how it may be written, and what `validate` finds about it without a server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from mailjobs import clock
from mailjobs.job import load_job
from mailjobs.model import CertificateStore
from mailjobs.prepare import cautions, check_job
from tests.certs.makers import People
from tests.fixtures.running import command

PEOPLE = People()
JOB = "version: 1\nserver: {{host: a, tls: {{certificate: {}}}}}\nsteps: [{{connect: true}}]\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    key, own = PEOPLE.keys["ec"], PEOPLE.certificates["ec"]
    files = {
        "me.pem": PEOPLE.key("ec") + PEOPLE.pem("ec"), "me.crt": PEOPLE.pem("ec"), "me.key": PEOPLE.key("ec"),
        "other.key": PEOPLE.key("rsa"), "between.pem": PEOPLE.chain,
        "me.pfx": pkcs12.serialize_key_and_certificates(None, key, own, None, BestAvailableEncryption(b"secret")),
    }  # fmt: skip
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def store(text: str) -> CertificateStore:
    found = load_job("job.yaml", text=JOB.format(text)).job.servers["server"].tls.certificate
    assert found is not None
    return found


def validated(text: str) -> list[str]:
    """What `validate` says, without the place of its own."""
    job = load_job("job.yaml", text=JOB.format(text), strict=False).job
    return [str(problem) for problem in (*check_job(job), *cautions(job))]


def test_short_forms_mean_the_long_ones(folder: Path) -> None:
    assert store("me.pem").file == store("{file: me.pem}").file == Path("me.pem")
    short, long = store("{file: me.crt, key: me.key}"), store("{file: me.crt, key: {file: me.key}}")
    assert short.key == long.key
    assert (
        store("{file: me.pem, chain: between.pem}").chain == store("{file: me.pem, chain: [{file: between.pem}]}").chain
    )


@pytest.mark.parametrize("text", ["me.pem", "{file: me.crt, key: me.key}", "{file: me.pem, chain: between.pem}"])
def test_what_fits_is_good(folder: Path, text: str) -> None:
    assert validated(text) == []


def test_what_does_not_fit_is_said_with_its_place(folder: Path) -> None:
    (folder / "job.yaml").write_text(JOB.format("{file: me.crt, key: other.key}"))
    words = "job.yaml:2:38: server.tls.certificate: 'me.crt': the key is not that of the certificate"
    for verb, status in (("validate", 65), ("run", 77)):
        done = command(verb, "job.yaml", cwd=folder)
        assert (done.returncode, done.stderr.startswith(words)) == (status, True), done.stderr


def test_a_password_that_is_not_at_hand_is_no_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "{file: me.pfx, password: {env: PFX}}"
    monkeypatch.delenv("PFX", raising=False)
    assert validated(text) == []
    monkeypatch.setenv("PFX", "secret")
    assert validated(text) == []
    monkeypatch.setenv("PFX", "wrong")
    (told,) = validated(text)
    assert "'me.pfx': the password is wrong" in told


def test_a_password_that_nothing_asks_for_is_a_warning(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PFX", "secret")
    (told,) = validated("{file: me.pem, password: {env: PFX}}")
    assert "`password` is not used" in told


def test_a_certificate_that_has_run_out_is_a_warning(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job = load_job("job.yaml", text=JOB.format("me.pem")).job
    assert cautions(job) == []
    monkeypatch.setattr(clock, "now", lambda: datetime.now(UTC) + timedelta(days=40))
    (found,) = cautions(job)
    assert found.message.startswith("the certificate expired on 20")
    assert found.severity == "warning"
