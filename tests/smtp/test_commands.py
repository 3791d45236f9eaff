"""The wire form of commands, and what must never get into one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailjobs.smtp import Auth, AuthResponse, Content, Ehlo, Mail, Raw, Rcpt, Vrfy, dot_stuff, mailbox_wire


@pytest.mark.parametrize(
    ("address", "wire"),
    [
        ("a@x.test", b"<a@x.test>"),
        ("a.b+c@x.test", b"<a.b+c@x.test>"),
        ('"a b"@x.test', b'<"a b"@x.test>'),
        ('"a@b"@x.test', b'<"a@b"@x.test>'),
        ("a@[192.0.2.1]", b"<a@[192.0.2.1]>"),
        ("a@[IPv6:::1]", b"<a@[IPv6:::1]>"),
        ("jürgen@x.test", "<jürgen@x.test>".encode()),
    ],
)
def test_mailboxes_on_the_wire(address: str, wire: bytes) -> None:
    assert mailbox_wire(address) == wire


@pytest.mark.parametrize(
    "address",
    [
        "", "a", "@x.test", "a@", "a b@x.test", "a@x.test SIZE=1", "a@x..test", ".a@x.test", "a.@x.test", "a@x.test>",
        "<a@x.test", '"a\r\nRCPT TO:<evil@e.test>"@x.test', "a@x.test\r\n", "a\0@x.test", "a@b@x.test", 'a"b@x.test',
        '"a"b"@x.test', "a@-x.test", "a@[1.2.3.4", "a@" + "x." * 130 + "test", "a,b@x.test",
        "a@x.test,b@x.test", "a\u2028b@x.test",
    ],
)  # fmt: skip
def test_what_is_no_mailbox_is_refused(address: str) -> None:
    with pytest.raises(ValueError):
        mailbox_wire(address)
    with pytest.raises(ValueError):
        Rcpt(address).wire()


@given(st.text(max_size=30))
def test_no_address_breaks_out_of_its_path(address: str) -> None:
    try:
        wire = Rcpt(address).wire()
    except (ValueError, UnicodeEncodeError):
        return
    assert wire.count(b"\r") == wire.count(b"\n") == 1
    assert wire.startswith(b"RCPT TO:<")
    assert wire.endswith(b">\r\n")


def test_mail_says_what_the_message_needs() -> None:
    assert Mail("a@x.test", 12, True, True).wire() == b"MAIL FROM:<a@x.test> SIZE=12 BODY=8BITMIME SMTPUTF8\r\n"
    assert Mail("").wire() == b"MAIL FROM:<>\r\n"


def test_no_initial_response_is_not_the_empty_one() -> None:
    assert Auth("EXTERNAL").wire() == b"AUTH EXTERNAL\r\n"
    assert Auth("EXTERNAL", b"").wire() == b"AUTH EXTERNAL =\r\n"


def test_secrets_show_in_no_form() -> None:
    for command in (Auth("PLAIN", b"\0me\0sesame"), AuthResponse(b"sesame")):
        for shown in (command.trace(), repr(command), str(command)):
            assert "sesame" not in shown
            assert "c2VzYW1l" not in shown


@pytest.mark.parametrize(
    "line", ["DATA", "data ", "BDAT 1", "AUTH PLAIN =", "StartTLS", "NOOP\r\nQUIT", "", " ", "x" * 999]
)
def test_raw_refuses_what_puts_the_conversation_out_of_step(line: str) -> None:
    with pytest.raises(ValueError):
        Raw(line)


@pytest.mark.parametrize("make", [Ehlo, Vrfy])
def test_arguments_hold_no_line_end(make: type[Ehlo] | type[Vrfy]) -> None:
    with pytest.raises(ValueError):
        make("a\r\nQUIT")


@given(st.lists(st.sampled_from([b".", b"..", b"a", b"", b".a", b"a."]), max_size=8))
def test_content_comes_out_of_the_dots_as_it_went_in(lines: list[bytes]) -> None:
    content = b"".join(line + b"\r\n" for line in lines)
    wire = Content(content).wire()
    assert wire.endswith(b".\r\n")
    received = []
    for line in wire.split(b"\r\n"):
        if line == b".":
            break
        received.append(line.removeprefix(b"."))
    assert received == lines


@pytest.mark.parametrize("content", [b"a\nb\r\n", b"a\rb\r\n", b"a\r\r\nb", b"\n", b"a\r"])
def test_bare_line_ends_are_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="bare CR or LF"):
        dot_stuff(content)
