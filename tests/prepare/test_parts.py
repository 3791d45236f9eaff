"""What a run is made of: digests that last, and texts that a person compares."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailjobs.job import load_job, read_schema
from mailjobs.model import Send, Template
from mailjobs.prepare import Choice, Preparation, RunFacts, preflight
from mailjobs.prepare.fingerprint import Part, batch_parts, file_name
from mailjobs.prepare.outline import LONGEST, LONGEST_TEXT, bounded, outline
from mailjobs.secret import Secret
from tests.sign.stores import RSA, pem

JOB = """
version: 1
vars: {who: world, deep: {value: {z: 1, a: [true, "1", "two\\nlines"]}}}
data: {people: {csv: people.csv, key: id}}
server: {host: relay.example.com, auth: {username: billing, password: SESAME}}
guards: {max_recipients: 10}
messages:
  m:
    from: a@x.test
    to: "{{ row.to }}"
    cc: {address: b@x.test, name: "Bee, {{ row.id }}"}
    subject: hello {{ vars.who }}
    text: {file: body.txt.j2}
    attachments: [terms.txt, {content: "c", name: c.txt}]
    sign: {dkim: {domain: x.test, selector: s, key: {file: dkim.pem}}}
steps: [{send: {message: m, for_each: people, where: row.id != '1', limit: 5}}]
"""
# As they have been since runs were kept: with others every run that is not finished would be refused.
DIGESTS = {
    "vars": "2afb9b83f9314e5d029766197f539792",
    "guards": "61b0b6d11cc577ada995829c9a179fcf",
    "message": "c5159cfb357f43ae80c914f5770e9f2c",
    "templates": "2afb9b83f9314e5d029766197f539792",
    "attachments": "d1219d8ed0c4aea47b526885272f5011",
    "data": "cae66941d9efbd404e4d88758ea67670",
    "server": "02fb962e00514ad95280357aa9050bdf",
    "where": "941dffce4e4308ceb33e87326003257d",
    "limit": "267f2c39f134e33ffe7055da6eeef206",
    "only": "7ebb3c7c2a87b1a2f8a7ed729ecb040d",
    "exclude": "dd8a9e496bd8c69c5c77db4c77572fb0",
}
FACTS = RunFacts.parse("20260301T212452Z-5f0c9a12")
SMALL = """
version: 1
data: {people: {csv: people.csv, key: id}}
server: {host: 127.0.0.1, port: 2627, tls: none}
messages:
  m: {from: a@x.test, to: "{{ row.to }}", subject: "hi {{ row.id }}", text: hello}
steps:
  - send: {message: m, for_each: people}
"""


def parts(folder: Path, text: str = JOB, choice: Choice | None = None) -> dict[str, Part]:
    """All parts of the job in `text`, which has one batch."""
    for name in ("people.csv", "body.txt.j2", "terms.txt"):
        if not (folder / name).exists():
            (folder / name).write_text("Dear,\n{% include 'foot.j2' %}\n" if "body" in name else "id,to\n")
    (folder / "foot.j2").write_text("Regards,\n  us\n")
    (folder / "dkim.pem").write_bytes(pem(RSA))
    (folder / "job.yaml").write_text(text)
    job = load_job(folder / "job.yaml").job
    action = job.steps[0].action
    assert isinstance(action, Send)
    (server,) = job.servers.values()
    preparation = Preparation(job, FACTS, choice=choice or Choice())
    return batch_parts(preparation, action, server, preflight(preparation, action, preparation.scope()))


def test_digests_are_what_they_have_always_been(tmp_path: Path) -> None:
    found = parts(tmp_path, SMALL)
    assert {name: part.digest for name, part in found.items()} == DIGESTS
    assert set(found) == set(read_schema("plan")["definitions"]["part"]["properties"]["part"]["enum"])


def test_who_is_trusted_is_part_of_the_server_and_how_it_is_looked_at_is_not(tmp_path: Path) -> None:
    def server(tls: str) -> str:
        return parts(tmp_path, SMALL.replace("tls: none", f"tls: {{mode: starttls{tls}}}"))["server"].digest

    plain = server("")
    for tls in ("log: true", "session_reuse: false", "key_log_file: keys.log", "allow: []", "renegotiation: false"):
        assert server(f", {tls}") == plain
    changed = ("allow: [expired]", "revocation: {crl: hard}", "ciphers: AESGCM", "min_strength: 128", "groups: x25519")
    assert len({server(f", {tls}") for tls in changed} | {plain}) == len(changed) + 1


def test_texts_are_as_a_person_would_write_them(tmp_path: Path) -> None:
    found = parts(tmp_path)
    assert (
        found["message"].text
        == """\
name: m
from: a@x.test
to:
  - "{{ row.to }}"
cc:
  - address: b@x.test
    name: Bee, {{ row.id }}
subject: hello {{ vars.who }}
text: |
  Dear,
  {% include 'foot.j2' %}
attachments:
  - file: terms.txt
  - content: c
    name: c.txt
sign:
  dkim:
    domain: x.test
    selector: s
    key: "***"
send:
  for_each: people
  message: m
"""
    )
    assert (
        found["vars"].text
        == """\
deep:
  a:
    - true
    - "1"
    - |-
        two
        lines
  z: 1
who: world
"""
    )
    assert found["templates"].text == "foot.j2: |\n  Regards,\n    us\n"
    assert found["server"].text.startswith("host: relay.example.com\nport: 587\n")
    assert (found["where"].text, found["limit"].text) == ("row.id != '1'\n", "limit: 5\n")
    assert (found["guards"].text, found["only"].text, found["data"]) == (
        "max_recipients: 10\n",
        "",
        Part(DIGESTS["data"]),
    )


def test_the_command_line_has_a_part_in_it(tmp_path: Path) -> None:
    found = parts(tmp_path, choice=Choice(3, ("7", "12"), "qa@x.test"))
    assert found["limit"].text == "limit: 5\nwith_limit: 3\n"
    assert found["only"].text == '- "12"\n- "7"\n'
    assert found["guards"].text == "max_recipients: 10\nredirect: qa@x.test\n"


def test_no_secret_stands_in_any_text(tmp_path: Path) -> None:
    found = parts(tmp_path)
    told = "".join(part.text for part in found.values())
    assert "SESAME" not in told
    assert "PRIVATE" not in told
    assert outline({"a": Secret.literal("SESAME")}) == 'a: "***"\n'


def test_each_attached_file_has_a_line(tmp_path: Path) -> None:
    job = JOB.replace("[terms.txt,", '["*.txt", "out/{{ row.id }}.pdf",')
    (tmp_path / "people.csv").write_text("id,to\na b  c,a@x.test\n")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a b  c.pdf").write_text("")
    (tmp_path / "new\u200bline.txt").write_text("")
    lines = parts(tmp_path, job)["attachments"].text.splitlines()
    assert [file_name(line) for line in lines] == ["a b  c.pdf", '"new\\u200bline.txt"', "terms.txt"]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({}, ""),
        ([], ""),
        (None, ""),
        ({"a": {}, "b": [], "c": None}, "a: {}\nb: []\nc: null\n"),
        (["1", 1, "true", True, "", " x", "a: b", "127.0.0.1", "-x"],
         '- "1"\n- 1\n- "true"\n- true\n- ""\n- " x"\n- a: b\n- 127.0.0.1\n- "-x"\n'),
        ({"a": "x\n"}, "a: |\n  x\n"),
        ({"a": "x\ny"}, "a: |-\n  x\n  y\n"),
        ([["a", "b"], {"c": 1, "d": 2}], "- - a\n  - b\n- c: 1\n  d: 2\n"),
        ("\x1b[31m", '"\\u001b[31m"\n'),
    ],
)  # fmt: skip
def test_an_outline(value: object, text: str) -> None:
    assert outline(value) == text


def test_what_is_long_is_cut_and_another_rest_is_seen() -> None:
    assert bounded("abc", 3) == "abc"
    first, second = (bounded(f"{'x' * 10}{rest}", 10) for rest in "ab")
    assert first != second
    assert first.startswith(f"{'x' * 10}\n… 1 more characters (")
    long = {str(number): "y\n" * LONGEST_TEXT for number in range(9)}
    assert LONGEST <= len(outline(long)) < LONGEST + 100


def test_a_template_reads_as_its_source() -> None:
    assert outline(Template("{{ x }}", None, None)) == '"{{ x }}"\n'  # type: ignore[arg-type]
