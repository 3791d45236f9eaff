"""Messages of many kinds, read by Python's email package and by Perl's MIME-tools: both see what was meant."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.lab import Lab
from tests.fixtures.letters import Writer
from tests.fixtures.running import command

READER = Path(__file__).parents[1] / "fixtures" / "read_mail.pl"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
ICS = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"

MESSAGES = {
    "plain": "text: hello",
    "scripts": "subject: 'Ελληνικά, 日本語, עברית, 🙂 and a long tail of plain words behind it'\ntext: 'Привет 漢字'",
    "alternative": "text: hello\nhtml: <p>hällo",
    "markdown": "markdown: |\n  # Hi {{ row.name }}\n\n  ![logo](logo.png)\n",
    "images": "html: '<img src=logo.png><img src=\"deep/other.png\">'",
    "attachments": "text: x\nattachments: [logo.png, 'deep/*', {content: 'ü\\n', name: 'Übersicht März 2026.txt'}]",
    "all": "markdown: '![x](logo.png) {{ row.name }}'\n"
    "attachments: [large.bin, inner.eml, {file: logo.png, content_id: l}]",
    "invitation": "text: come\nattachments: [{content: {file: invite.ics}, name: invite.ics, method: REQUEST}]",
    "charset": "charset: iso-2022-jp\nsubject: 日本語\ntext: 日本語のテキスト",
    "long names": "text: x\nattachments: [{content: x, name: '" + "長い名前" * 20 + ".txt'}]",
    "long lines": "text: '" + "x" * 3000 + "'\nhtml: '" + "é" * 3000 + "'",
    "dots": 'text: ".\\n..\\n.x\\nFrom me\\n \\n\\t\\n"',
    "only files": "attachments: [logo.png]",
    "nothing": "subject: nothing",
}


def files(write: Writer) -> None:
    write.file("logo.png", PNG)
    write.file("deep/other.png", PNG[:50])
    write.file("large.bin", os.urandom(1_500_000))
    write.file("inner.eml", b"From: a@b.test\nSubject: inner\n\nhello\n")
    write.file("invite.ics", ICS)


def of_python(content: bytes) -> dict[str, Any]:
    """What the standard library sees: media type, name and content of each part, and three headers."""
    parsed = message_from_bytes(content, _class=EmailMessage, policy=policy.default)
    leaves = [(part.get_content_type(), part.get_filename(), part["content-id"]) for part in _leaves(parsed)]
    head = {name: str(parsed[name]) for name in ("Subject", "From", "To") if parsed[name]}
    return {"head": head, "parts": leaves}


def _leaves(part: EmailMessage) -> Iterator[EmailMessage]:
    """The parts that hold something; a message within the message is one of them."""
    if part.get_content_maintype() == "multipart":
        for inner in part.iter_parts():
            assert isinstance(inner, EmailMessage)
            yield from _leaves(inner)
    else:
        yield part


def of_perl(paths: list[Path]) -> list[dict[str, Any]]:
    """What MIME-tools sees of each file."""
    done = subprocess.run(["perl", READER, *paths], capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def perl() -> None:
    """Perl with MIME-tools, which the laboratory installs."""
    found = shutil.which("perl") is not None
    if not found or subprocess.run(["perl", "-MMIME::Parser", "-e1"], capture_output=True).returncode:
        assert os.environ.get("MAILJOBS_NO_SKIP") != "1", "Perl's MIME-tools are missing; `make lab` installs them"
        pytest.skip("Perl's MIME-tools are missing; `make lab` installs them")


@pytest.mark.usefixtures("perl")
def test_both_readers_see_the_same(write: Writer) -> None:
    files(write)
    contents = {name: write(text, {"name": "Ann *x*"}).outgoing.content for name, text in MESSAGES.items()}
    paths = [write.file(f"{number}.eml", content) for number, content in enumerate(contents.values())]
    for name, content, seen in zip(contents, contents.values(), of_perl(paths), strict=True):
        own = of_python(content)
        assert seen["errors"] == [], name
        told = [(part["type"], part["name"], (part["cid"] or "").strip() or None) for part in seen["parts"]]
        assert told == own["parts"], name
        assert {key: value.replace('"', "") for key, value in seen["head"].items()} == {
            key: value.replace('"', "") for key, value in own["head"].items()
        }, name


@pytest.mark.usefixtures("perl")
def test_files_come_back_octet_by_octet(write: Writer) -> None:
    files(write)
    got = write("text: x\nattachments: [logo.png, large.bin]")
    path = write.file("m.eml", got.outgoing.content)
    (seen,) = of_perl([path])
    wanted = [sha256((write.folder / name).read_bytes()).hexdigest() for name in ("logo.png", "large.bin")]
    assert [part["sha"] for part in seen["parts"][1:]] == wanted


@pytest.mark.parametrize(("port", "server"), [("P_SMTP", "postfix"), ("P_EXIM", "exim")])
@pytest.mark.parametrize("name", list(MESSAGES))
def test_what_arrives_is_what_was_rendered(
    lab: Lab, box_name: str, write: Writer, port: str, server: str, name: str
) -> None:
    box = lab.mailbox(box_name, server)
    files(write)
    text = MESSAGES[name].replace("{{ row.name }}", "{{ vars.name }}")
    subject = "" if "subject" in text else "subject: hi"
    message = f"from: Ann <ann@lab.test>\nto: {box_name}@lab.test\n{subject}\n{text}\n"
    job = write.file(
        "job.yaml",
        f"version: 1\nserver: {{host: localhost, port: {lab.port(port)}, tls: none}}\nvars: {{name: 'Ann *x*'}}\n"
        "steps: [{send: m}]\nmessages:\n  m:\n" + "".join(f"    {line}\n" for line in message.splitlines()),
    )
    done = command("run", job, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    run = json.loads(done.stdout)["run"]
    printed = [sys.executable, "-m", "mailjobs", "render", job, "--run", run]
    rendered = subprocess.run(printed, capture_output=True, check=True).stdout
    assert box.wait()[0].as_sent() == rendered
