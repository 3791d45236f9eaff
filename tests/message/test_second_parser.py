"""Messages read by a parser that is not Python's, Perl's Email::MIME: it must find what was meant, field by field."""

from __future__ import annotations

import json
import shutil
import subprocess
from base64 import b64encode

import pytest

from tests.fixtures.lab import missing

PARSER = r"""
use strict; use warnings; use Email::MIME; use MIME::Base64; use JSON::PP; use Encode;
my $json = JSON::PP->new->ascii;
while (<STDIN>) {
  my $mail = Email::MIME->new(decode_base64($_));
  my %found = (subject => scalar $mail->header_str('Subject'), note => scalar $mail->header_str('X-Note'));
  $found{bodies} = [];
  for my $field (qw(From To Reply-To)) {
    $found{$field} = [ map { [ $_->phrase // '', $_->address ] } map { $_->addresses } $mail->header_as_obj($field) ];
  }
  $mail->walk_parts(sub { push @{$found{bodies}}, decode('UTF-8', $_[0]->body) unless $_[0]->subparts });
  print $json->encode(\%found), "\n";
}
"""
TEXTS = {
    "ascii": "Hello world",
    "latin": "Grüße, José",
    "greek": "δοκιμή κειμένου",
    "cyrillic": "Привет мир " * 20 + "!",
    "right-to-left": "שלום עולם مرحبا abc\u202edef\u202c",
    "cjk": "漢字かな交じり文" * 30,
    "emoji": "👨‍👩‍👧‍👦🏳️‍🌈" * 10,
    "combining": "e\u0301a\u0308" * 60,
    "indic": "नमस्ते दुनिया สวัสดี",
    "astral": "𝄞𝒜𝓑" * 30,
    "blanks": "a  b   c",
    "many blanks": "a" + " " * 200 + "b",
    "many blanks and more": "é" + " " * 2000 + "b",
    "tab": "a\tb",
    "word": "x" * 900,
    "long": "word " * 1000 + "end",
    "long and more": "wörd " * 1000 + "end",
    "encoded word": "=?utf-8?q?Evil?=",
    "encoded words": "a =?utf-8?b?aGk=?= b é",
    "like an encoded word": "?=?=_é_?=",
    "quotes": 'a "b" c\\d',
    "address": 'Evil <evil@e.test>, x@y.test; "',
    "specials": "()<>[]:;@\\,.",
    "template": "{{ vars.x }} {% raw %}",
    "separators": "a\u2028b\u2029c\x85d\x0ce\x0bf\x1cg",
    "controls": "a\x07b\x1b[31m\x7f",
    "invisible": "a\u200bb\ufeffc\u00add",
    "private": "\ue000\uf8ff",
}
BODIES = {
    "nothing": "",
    "no line end": "abc",
    "dots": ".\n..\n.x\n",
    "from": "From me\n>From you\n",
    "line ends": "a\r\nb\rc\nd\n\r",
    "blanks at line ends": "a  \nb\t\n é \n   ",
    "nul": "a\0b",
    "998": "x" * 998,
    "999": "x" * 999,
    "2000": "é" * 2000,
    "equals": "a=\n=20\n=é=\n",
    "mark": "\ufeffabc",
    "boundary": "--=_x\n--\n--",
    "empty lines": "\n\n\n",
    "a million": "The quick brown fox jumps over the läzy dog\n" * 23_000,
}


def meant(text: str) -> str:
    """Lines ended by LF, the last one too."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text if not text or text.endswith("\n") else text + "\n"


@pytest.fixture(scope="module")
def found(desk):
    """What the parser finds in a message for each of the texts and bodies."""
    perl = shutil.which("perl")
    if perl is None or subprocess.run([perl, "-MEmail::MIME", "-e1"], capture_output=True).returncode:
        missing("Perl's Email::MIME is not installed: make lab")
    rows = [(text, "a") for text in TEXTS.values()] + [("a", body) for body in BODIES.values()]
    people = {"from_": "{{ row.x }} <a@b.test>", "to": ("{{ row.x }} <c@bücher.test>", "{{ row.x }} <e@f.test>")}
    fields = {**people, "reply_to": (desk.parts("g@h.test", "{{ row.x }}"),), "headers": [("X-Note", "{{ row.x }}")]}
    bodies = {"text": "{{ row.b }}", "html": "{{ row.b | safe }}"}
    message = desk.compile(subject="{{ row.x }}", **fields, **bodies)
    made = [message.fill({"vars": {}, "row": {"x": x, "b": b}}, desk.identity).content for x, b in rows]
    lines = b"".join(b64encode(content) + b"\n" for content in made)
    done = subprocess.run([perl, "-e", PARSER], input=lines, capture_output=True, check=True)
    assert done.stderr == b""
    parsed = [json.loads(line) for line in done.stdout.decode().splitlines()]
    return dict(zip([*TEXTS, *(f"body: {name}" for name in BODIES)], parsed, strict=True))


@pytest.mark.parametrize("name", TEXTS)
def test_headers_and_names_are_found_as_they_were_meant(found, name):
    text, read = TEXTS[name], found[name]
    assert (read["subject"], read["note"]) == (text, text)
    assert read["From"] == [[text, "a@b.test"]]
    assert read["To"] == [[text, "c@xn--bcher-kva.test"], [text, "e@f.test"]]
    assert read["Reply-To"] == [[text, "g@h.test"]]


@pytest.mark.parametrize("name", BODIES)
def test_bodies_are_found_as_they_were_meant(found, name):
    read = [body.replace("\r\n", "\n") for body in found[f"body: {name}"]["bodies"]]
    assert read == [meant(BODIES[name])] * 2
