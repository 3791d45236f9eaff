"""Every piece of a job that the documents show is good, in a job that has what the piece leaves out."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from mailjobs.job import load_job
from mailjobs.prepare import check_job
from tests.sign.stores import RSA, cert_pem, certificate, pem

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "examples" / "README.md"]
BLOCK = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
SNIPPETS = [
    pytest.param(text, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, text in enumerate(BLOCK.findall(page.read_text(encoding="utf-8")), 1)
]
PLAIN = {"from": "a@example.com", "to": "b@example.com", "subject": "s"}
FILES = {
    "customers.csv": "number;id;name;email\n1;2;Ada;ada@example.com\n",
    "base.yaml": "name: base\n",
    "report.eml": "Subject: s\r\n\r\ntext\r\n",
    "inner.eml": "Subject: s\r\n\r\ntext\r\n",
}
TOUCHED = (
    "summary.txt.j2", "invoice.txt.j2", "invoice.md.j2", "invite.ics.j2", "report.pdf", "logs/a.txt",
    "data.bin", "logo.png", "out/1.pdf", "ci.keytab",
)  # fmt: skip

CERTIFICATES = ("corp.pem", "next-year.pem")


def whole(given: dict[str, Any]) -> dict[str, Any]:
    """A job with all of `given`, which is a part of one, or of a message."""
    if given.keys() & {"attachments", "sign"}:
        given = {"messages": {"m": {**PLAIN, "text": "t", **given}}}
    servers = {} if given.keys() & {"server", "servers"} else {"server": "relay.example.com"}
    data = {"customers": {"csv": "customers.csv", "delimiter": ";"}}
    sends = [{"send": {"message": name, "for_each": "customers"}} for name in given.get("messages", ())]
    steps = [{"id": "relay", "connect": True, "server": next(iter(given.get("servers", {"server": 0})))}, *sends]
    messages = {"summary": {**PLAIN, "text": "t"}}
    return {"version": 1, **servers, "data": data, "messages": messages, "steps": steps, **given}


def write_keys(folder: Path) -> None:
    """The keys and certificates that the pieces about signing and logging in name."""
    me = certificate(RSA)
    protected = BestAvailableEncryption(b"secret")
    (folder / "dkim.pem").write_bytes(pem(RSA))
    (folder / "bob.pem").write_bytes(cert_pem(me))
    (folder / "client.crt").write_bytes(cert_pem(me))
    (folder / "between.pem").write_bytes(cert_pem(me))
    (folder / "client.key").write_bytes(pem(RSA))
    (folder / "libsofthsm2.so").write_bytes(b"no library")
    (folder / "me.pfx").write_bytes(pkcs12.serialize_key_and_certificates(b"me", RSA, me, None, protected))


@pytest.mark.parametrize("text", SNIPPETS)
def test_a_shown_piece_is_good(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (*FILES, *TOUCHED):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(FILES.get(name, "text\n"))
    for name in CERTIFICATES:
        (tmp_path / name).write_bytes(cert_pem(certificate(RSA)))
    if "sign:" in text or "certificate:" in text:
        write_keys(tmp_path)
        monkeypatch.setenv("PFX_PASSWORD", "secret")
    job = json.dumps(whole(yaml.safe_load(text)))
    assert check_job(load_job("job.yaml", text=job).job) == []


def test_there_are_pieces() -> None:
    assert len(SNIPPETS) > 8
