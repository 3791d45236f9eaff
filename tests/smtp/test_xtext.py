"""xtext: RFC 3461's grammar, and what went in comes out."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from mailjobs.smtp import Mail, Rcpt, xtext

GRAMMAR = re.compile(r"(?:[!-*,-<>-~]|\+[0-9A-F]{2})*")
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def decoded(text: str) -> bytes:
    return re.sub(rb"\+([0-9A-F]{2})", lambda found: bytes([int(found[1], 16)]), text.encode("ascii"))


@given(texts)
def test_any_text_comes_back(text: str) -> None:
    encoded = xtext(text)
    assert GRAMMAR.fullmatch(encoded)
    assert decoded(encoded) == text.encode()


@given(texts.filter(bool))
def test_it_stays_within_its_parameter(text: str) -> None:
    line = Mail("a@x.test", extra=(f"ENVID={xtext(text)}", "RET=HDRS")).line()
    assert [word.partition("=")[0] for word in line.split(" ")[1:]] == ["FROM:<a@x.test>", "ENVID", "RET"]
    assert len(Rcpt("b@x.test", (f"ORCPT=rfc822;{xtext(text)}",)).wire().split(b"\r\n")) == 2


def test_known_values() -> None:
    assert xtext("a+b=c d") == "a+2Bb+3Dc+20d"
    assert xtext("QQ314159") == "QQ314159"
    assert xtext("ü\r\n") == "+C3+BC+0D+0A"
