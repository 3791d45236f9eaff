"""Address lists made from the grammar of RFC 5322 section 3.4, with the standard library as the judge."""

from __future__ import annotations

from email.headerregistry import HeaderRegistry

from hypothesis import given, reject
from hypothesis import strategies as st

from mailjobs.message.headers import address_header
from mailjobs.message.mailbox import Group, Grouped, mailbox
from mailjobs.message.mailbox_parser import parse_addresses

ATEXT = "abcXYZ019!#$%&'*+/=?^_`{|}~-"
ATOM = st.text(ATEXT, min_size=1, max_size=6).filter(lambda text: "=?" not in text)
UTF8 = st.text(ATEXT + "éßж日", min_size=1, max_size=6).filter(lambda text: "=?" not in text)


def escaped(text):
    return text.replace("\\", "\\\\").replace('"', '\\"')


@st.composite
def comments(draw, depth=2):
    parts = draw(st.lists(st.sampled_from(["a", " ", ",", ";", "<", "@", ":", '"', "\\)", "\\\\", "é"]), max_size=4))
    if depth and draw(st.booleans()):
        parts.append(draw(comments(depth=depth - 1)))
    return f"({''.join(parts)})"


CFWS = st.lists(st.sampled_from([" ", "\t", "\r\n ", " \r\n\t"]) | comments(), max_size=2).map("".join)
GAP = st.lists(st.sampled_from([" ", "\t", "\r\n "]) | comments(), min_size=1, max_size=2).map("".join)


@st.composite
def phrases(draw):
    """A display name: its text in a list, and what it means."""
    text, meaning = "", []
    for index in range(draw(st.integers(1, 3))):
        text += draw(GAP) if index else ""
        if draw(st.booleans()):
            word = draw(UTF8)
            text += word
        else:
            word = draw(st.text(ATEXT + ' ,;:<>@()[]\\".éж', min_size=1, max_size=8).filter(str.strip))
            text += f'"{escaped(word)}"'
        meaning.append(word)
    return text, " ".join(meaning)


@st.composite
def addr_specs(draw):
    """An addr-spec with comments and folding beside its @: its text, and what it means."""
    local = ".".join(draw(st.lists(UTF8, min_size=1, max_size=3)))
    written = local
    if draw(st.booleans()):
        local = f'"{escaped(draw(st.text(ATEXT + " @,", min_size=1, max_size=6)) + " " + local)}"'
        written = local
    elif draw(st.booleans()):
        written = f'"{local}"'
    domain = draw(
        st.lists(st.text("abc019", min_size=1, max_size=5), min_size=1, max_size=3).map(".".join)
        | st.sampled_from(["[192.0.2.1]", "[IPv6:2001:db8::1]"])
    )
    return f"{written}{draw(CFWS)}@{draw(CFWS)}{domain}", f"{local}@{domain}"


@st.composite
def mailboxes(draw):
    address, meaning = draw(addr_specs())
    if draw(st.booleans()):
        return f"{draw(CFWS)}{address}{draw(CFWS)}", ("", meaning)
    text, name = draw(phrases())
    return f"{draw(CFWS)}{text}{draw(CFWS)}<{draw(CFWS)}{address}{draw(CFWS)}>{draw(CFWS)}", (name, meaning)


@st.composite
def items(draw):
    """A mailbox or a group: its text, the name of the group or None, and the mailboxes."""
    if draw(st.integers(0, 2)):
        text, box = draw(mailboxes())
        return text, None, [box]
    title, name = draw(phrases())
    members = draw(st.lists(mailboxes(), max_size=3))
    inner = ",".join(text for text, _ in members) if members else draw(CFWS)
    return f"{draw(CFWS)}{title}{draw(CFWS)}:{inner};{draw(CFWS)}", name, [box for _, box in members]


LISTS = st.lists(items(), min_size=1, max_size=4)


@given(LISTS)
def test_what_the_grammar_makes_is_read_as_it_is_meant(made):
    parsed = parse_addresses(",".join(text for text, _, _ in made))
    found = [(entry.name, mailbox("", entry.address).address) for entry in parsed.entries]
    assert found == [box for _, _, boxes in made for box in boxes]
    groups, at = [], 0
    for _, name, boxes in made:
        if name is not None:
            groups.append(Group(name, at, at + len(boxes)))
        at += len(boxes)
    assert list(parsed.groups) == groups


def judged(text):
    """What the standard library reads; of some groups with comments in them its parser makes no sense."""
    try:
        header = HeaderRegistry()("To", text)
    except (AttributeError, IndexError):
        reject()
    return header


def unquoted(local):
    return local[1:-1].replace('\\"', '"').replace("\\\\", "\\") if local[0] == '"' else local


def structure(boxes, groups):
    """Names and members of groups, with None for the name where a mailbox stands alone."""
    at = 0
    for name, start, stop in [*groups, Group("", len(boxes), len(boxes))]:
        yield from ((None, [(unquoted(box.local), box.domain)]) for box in boxes[at:start])
        if start < len(boxes) or name:
            yield name, [(unquoted(box.local), box.domain) for box in boxes[start:stop]]
        at = stop


def seen(header):
    """The same of a header of the standard library."""
    for group in header.groups:
        yield group.display_name, [(box.username, box.domain) for box in group.addresses]


def without_blanks(found):
    """Between encoded words, and for comments, the standard library has blanks more or less."""
    return [(name and "".join(name.split()), boxes) for name, boxes in found]


@given(LISTS)
def test_the_standard_library_reads_the_same(made):
    text = ",".join(text for text, _, _ in made)
    header = judged(text.replace("\r\n", ""))
    parsed = parse_addresses(text)
    boxes = [mailbox("", entry.address) for entry in parsed.entries]
    assert without_blanks(structure(boxes, parsed.groups)) == without_blanks(seen(header))


@given(LISTS, st.sampled_from([20, 40, 78, 998]))
def test_what_is_read_is_written_so_that_both_read_it_again(made, limit):
    parsed = parse_addresses(",".join(text for text, _, _ in made))
    boxes = [mailbox(entry.name.strip(), entry.address) for entry in parsed.entries]
    groups = [group._replace(name=group.name.strip()) for group in parsed.groups]
    line = address_header("To", Grouped.of(boxes, groups), limit=limit)
    lines = line.text.removesuffix("\r\n").split("\r\n")
    assert all(part.strip(" \t") for part in lines)
    assert all(part[0] in " \t" for part in lines[1:])
    header = judged(line.value)
    assert without_blanks(seen(header)) == without_blanks(structure(boxes, groups))
    names = [box.display_name for box in header.addresses]
    assert ["".join(name.split()) for name in names] == ["".join(box.name.split()) for box in boxes]
    again = parse_addresses(line.value)
    assert [mailbox(entry.name, entry.address) for entry in again.entries] == boxes
    assert list(again.groups) == groups
