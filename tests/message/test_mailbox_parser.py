"""Address lists, as people write them."""

from __future__ import annotations

from email.headerregistry import HeaderRegistry

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailjobs.message.headers import phrase
from mailjobs.message.mailbox import AddressSyntax, Mailbox, ascii_domain, mailbox
from mailjobs.message.mailbox_parser import parse_mailboxes

GOOD = [
    ("a@b.test", [("", "a@b.test")]),
    (" Bob <a@b.test> ", [("Bob", "a@b.test")]),
    ("John Q. Public <j@b.test>", [("John Q. Public", "j@b.test")]),
    ('"B, C" <a@b.test>, x@y.test', [("B, C", "a@b.test"), ("", "x@y.test")]),
    ('"a \\"b\\" \\\\ c" <a@b.test>', [('a "b" \\ c', "a@b.test")]),
    ('Mr "X Y"  Z <a@b.test>', [("Mr X Y Z", "a@b.test")]),
    ("Ünï Çode <a@b.test>", [("Ünï Çode", "a@b.test")]),
    ("(hi) a@b.test (a (nested \\) one))", [("", "a@b.test")]),
    ("Bob (the (big) one) B <a@b.test>", [("Bob B", "a@b.test")]),
    ("a @ b . test", [("", "a@b.test")]),
    ("Team: a@b.test, C <c@d.test>;, e@f.test", [("", "a@b.test"), ("C", "c@d.test"), ("", "e@f.test")]),
    ("undisclosed-recipients:;", []),
    (",, a@b.test ,, c@d.test,", [("", "a@b.test"), ("", "c@d.test")]),
    ("", []),
    ("a@b.test,\n c@d.test", [("", "a@b.test"), ("", "c@d.test")]),
    ('"x y"@b.test', [("", '"x y"@b.test')]),
    ("a@[192.0.2.1], b@[IPv6:2001:db8::1]", [("", "a@[192.0.2.1]"), ("", "b@[IPv6:2001:db8::1]")]),
    ("<a@b.test>", [("", "a@b.test")]),
    ("jürgen@bücher.test", [("", "jürgen@bücher.test")]),
]

BAD = [
    "a",
    "Bob",
    "Bob <>",
    "<@x.test,@y.test:a@b.test>",
    "a@b.test c@d.test",
    "a@b.test; c@d.test",
    "Bob <a@b.test",
    "Bob <a@b.test> c",
    "Bob <a@b.test, c@d.test>",
    "a@b@c.test",
    "bob@x.test <a@b.test>",
    '"open <a@b.test>',
    "(open a@b.test",
    "a) <a@b.test>",
    "Team: a@b.test",
    "Team: Inner: a@b.test;;",
    "a@b..test",
    "a..b@c.test",
    ".a@c.test",
    "a@-b.test",
    "a@[300.1.1.1]",
    "a@[x]",
    "a@b.test\0",
    "a\\b@c.test",
    ">",
    "a@",
    "@b.test",
    "a@b_é.\u2028test",
]


@pytest.mark.parametrize(("text", "found"), GOOD)
def test_lists_are_read(text, found):
    assert [(entry.name, entry.address) for entry in parse_mailboxes(text)] == found


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_list_is_refused(text):
    with pytest.raises(AddressSyntax):
        parse_mailboxes(text)


@pytest.mark.parametrize("text", BAD)
def test_nothing_bad_becomes_good_behind_a_good_one(text):
    with pytest.raises(AddressSyntax):
        parse_mailboxes(f"good@x.test, {text}")


def test_an_obsolete_route_is_named():
    with pytest.raises(AddressSyntax, match="a route"):
        parse_mailboxes("<@x.test,@y.test:a@b.test>")


@given(st.text(alphabet='ab.@<>,;:()"\\ []\r\n\0é\ufdd0\ufdd11', max_size=25))
def test_any_text_is_read_or_refused(text):
    try:
        entries = parse_mailboxes(text)
    except AddressSyntax:
        return
    for entry in entries:
        assert not set(entry.address) & set("\r\n\0")


@given(st.text(alphabet='ab.@<>,;:()"\\ []\r\n\0é', max_size=25))
def test_one_addr_spec_is_one_whatever_it_was_made_of(text):
    try:
        box = mailbox("", text)
    except AddressSyntax:
        return
    found = HeaderRegistry()("To", f"<{box.address}>").addresses
    assert [one.addr_spec for one in found] == [box.address]


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12), min_size=1, max_size=4))
def test_names_that_are_written_are_read_again(names):
    names = [name.strip() for name in names if phrase(name).isascii() and "=?" not in phrase(name)]
    text = ", ".join(f"{phrase(name)} <a@b.test>" if name else "a@b.test" for name in names)
    assert [entry.name for entry in parse_mailboxes(text)] == [" ".join(name.split(" ")) for name in names]


@pytest.mark.parametrize(
    ("domain", "sent"),
    [
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("bücher．example", "xn--bcher-kva.example"),
        ("Example.COM", "Example.COM"),
        ("localhost", "localhost"),
        ("a_b.test", "a_b.test"),
    ],
)
def test_domains_travel_in_ascii(domain, sent):
    assert ascii_domain(domain) == sent


@pytest.mark.parametrize(
    "domain", ["a..b", "-a.test", "a-.test", "x" * 64 + ".test", "℀.test", "ab c", "é" * 60, "a.test."]
)
def test_what_is_no_domain_is_refused(domain):
    with pytest.raises(AddressSyntax):
        ascii_domain(domain)


def test_needless_quotes_are_taken_off_the_local_part():
    assert mailbox("", '"a.b"@c.test') == Mailbox("", "a.b", "c.test", True)
    assert mailbox("", '"a\\"b"@c.test').local == '"a\\"b"'


def test_a_very_long_address_is_refused():
    with pytest.raises(AddressSyntax, match="longer than 254"):
        mailbox("", "a" * 300 + "@b.test")
