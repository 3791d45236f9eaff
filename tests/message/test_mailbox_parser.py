"""Address lists, as people write them."""

from __future__ import annotations

import sys
from email.headerregistry import HeaderRegistry

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailjobs.message.headers import phrase
from mailjobs.message.mailbox import AddressSyntax, Group, Mailbox, ascii_domain, mailbox
from mailjobs.message.mailbox_parser import parse_addresses, parse_mailboxes

ODD = 'ab.@<>,;:()"\\ []\r\n\0éA=?\ufdd0\ufdd11'

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
    ("a @ b.test", [("", "a@b.test")]),
    ("a(x)@(y\\)(z))\r\n b.test(w)", [("", "a@b.test")]),
    ("(only a comment)", []),
    ('"B\r\n C" <a@b.test>', [("B C", "a@b.test")]),
    ('"a\n b"@b.test', [("", '"a b"@b.test')]),
    ("Te (c) am(d) : (e) a@b.test (f) , ; (g)", [("", "a@b.test")]),
    ("=?utf-8?q?J=C3=BCrgen_?= =?ISO-8859-1*de?B?TfxsbGVy?= jr <a@b.test>", [("Jürgen Müller jr", "a@b.test")]),
    ('"=?utf-8?q?quoted?=" =?x <a@b.test>', [("=?utf-8?q?quoted?= =?x", "a@b.test")]),
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
    "a . b@c.test",
    "a.(x)b@c.test",
    "a@b .test",
    "a@b. test",
    '"a".b@c.test',
    'a."b"@c.test',
    '"a" "b"@c.test',
    "a@[192.0.2.1].test",
    "a@[IPv6:fe80::1%eth0]",
    "a@[IPv6:192.0.2.1]",
    "a@[x-tag:b]",
    "a@[ 192.0.2.1]",
    "a@[192.0.2.1\r\n ]",
    "\ufdd00\ufdd1@[\r]",
    '"a\nb" <a@b.test>',
    '"a\x01b" <a@b.test>',
    "(a\x01b) a@b.test",
    "a@b.test\r",
    "(a\\",
    "a@b.test:",
    ":;",
    "<a@b.test>:;",
    "=?x-none?q?a?= <a@b.test>",
    "=?utf-8?b?a?= <a@b.test>",
    "=?utf-8?q?=FF?= <a@b.test>",
    "=?unicode_escape?q?a?= <a@b.test>",
    "=?utf-8?b?77eQMO+3kQ==?= <a@b.test>",
]


def counted_lines(action):
    """How many lines of Python `action` runs, whatever it raises."""
    count = 0

    def trace(frame, event, arg):
        nonlocal count
        count += 1
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        action()
    except AddressSyntax:
        pass
    finally:
        sys.settrace(before)
    return count


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


@pytest.mark.parametrize(
    ("text", "at", "words"),
    [
        ("a@b.test, bob", 10, "it has no @"),
        ("a@b.test, c@-d.test", 12, "not a domain name"),
        ("a@b.test c@d.test", 9, "a comma or '<…>' is missing"),
        ("Bob <a@b.test", 4, "not closed"),
        ("Bob <a@b.test> c", 15, "a comma is missing before 'c'"),
        ('Bob "x <a@b.test>', 4, "a quote that is not closed"),
        ("a@b.test (x (y)", 9, "comment '(x (y)' is not closed"),
        ("x@x.test, <@x.test,@y.test:a@b.test>", 10, "a route ('@x.test')"),
        ("a . b@c.test", 2, "beside a dot"),
        ('a."b"@c.test', 2, "quoted in part"),
        ("Team: a@b.test, T2: c@d.test;;", 18, "a group cannot stand in a group"),
        ("x@x.test, Team: a@b.test", 10, "'Team' does not end with ';'"),
        ("a@b.test; c@d.test", 8, "ends no group"),
        ("bob@x.test <a@b.test>", 3, "put the name in quotes"),
        ('"a\\\x01b" <a@b.test>', 3, "control character"),
        ("Bob\\ <a@b.test>", 3, "a backslash outside quotes"),
        ("<a@b.test>, <b@[1.2.3]>", 15, "address literal"),
        (f"{'é' * 33}@b.test", 0, "more than 64 octets"),
        ("x =?utf-8?q?=FF?= <a@b.test>", 2, "cannot be decoded"),
        ("B <a\u200b@b.test>", 4, "cannot be seen"),
    ],
)
def test_an_error_says_what_and_where(text, at, words):
    with pytest.raises(AddressSyntax) as caught:
        parse_mailboxes(text)
    assert (caught.value.at, words in str(caught.value)) == (at, True), str(caught.value)


def test_groups_are_kept_as_slices():
    parsed = parse_addresses('x@x.test, Team A: a@b.test, "B, C" <c@d.test>;, undisclosed-recipients:; , y@y.test')
    assert [entry.address for entry in parsed.entries] == ["x@x.test", "a@b.test", "c@d.test", "y@y.test"]
    assert parsed.groups == (Group("Team A", 1, 3), Group("undisclosed-recipients", 3, 3))


@given(st.text(alphabet=st.characters(codec=None), max_size=40) | st.text(alphabet=ODD, max_size=25))
def test_any_text_is_read_or_refused(text):
    entries, at = (), 0
    try:
        entries = parse_mailboxes(text)
    except AddressSyntax as refused:
        at = refused.at
    assert at in range(len(text) + 1)
    for entry in entries:
        assert not set(entry.address) & set("\r\n\0")


@pytest.mark.parametrize(
    "unit",
    [
        "(", "()", "(\\", " (", '"', '""', '"a"@b.c,', "a", "a.", ".", "@", "a@", "é", "a@é.", ",", "<", "[", "[]", ":",
        "a:;", "\\", "\r\n ", "=?utf-8?q?", "=?utf-8?q?a?= ", "\ufdd00\ufdd1",
    ],
)  # fmt: skip
@pytest.mark.parametrize("end", ["", ")", '"', "@b.test", "<a@b.test>", "\0"])
def test_work_grows_no_faster_than_the_text(unit, end):
    """Counted in lines of Python, since the clock of a test is not to be trusted."""

    def lines(count):
        return counted_lines(lambda: parse_addresses.__wrapped__(unit * count + end))

    assert lines(400) <= 2.2 * lines(200) + 400


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


def test_lengths_are_counted_in_octets():
    domain = ".".join(["d" * 60] * 4)
    assert mailbox("", "é" * 32 + "@b.test").local == "é" * 32
    assert len(mailbox("", "a" * 10 + f"@{domain}").address) == 254
    with pytest.raises(AddressSyntax, match="more than 64 octets"):
        mailbox("", "a" + "é" * 32 + "@b.test")
    with pytest.raises(AddressSyntax, match="longer than 254"):
        mailbox("", "a" * 11 + f"@{domain}")
    with pytest.raises(AddressSyntax, match="not a domain name"):
        mailbox("", f"a@{domain}.{domain}")
    with pytest.raises(AddressSyntax, match="longer than 253"):
        ascii_domain("é." * 200)


def test_a_local_part_stays_in_its_unicode_form():
    assert [mailbox("", f"{local}@b.test").local for local in ("é", "e\u0301")] == ["é", "e\u0301"]


@pytest.mark.parametrize(
    ("value", "words", "at"),
    [
        ("a@b.test (x)", "a comment", 9),
        ("G: a@b.test;", "a separator", 11),
        ("G:a@b.test", "a colon", 1),
        ("B <a@b.test>", "'<' or '>'", 2),
        ("a b@c.test", "white space", 1),
        ("a..b@c.test", "a dot", 1),
        (".a@c.test", "a dot", 0),
        ("a@b@c.test", "more than one @", 3),
        ('"a@b.test', "quotes", 0),
        ("a\x01@b.test", "control character", 1),
        ("", "empty", 0),
    ],
)
def test_one_addr_spec_is_all_that_a_value_may_be(value, words, at):
    with pytest.raises(AddressSyntax, match="is not one address") as caught:
        mailbox("", value)
    assert (caught.value.at, words in str(caught.value)) == (at, True), str(caught.value)
