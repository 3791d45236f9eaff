"""Holes in addresses: what values can do, and above all what they cannot."""

from __future__ import annotations

from email import message_from_bytes
from email.policy import default

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailjobs.errors import DataError, JobError
from mailjobs.message.outgoing import Recipient


def refused(desk, row, **fields):
    with pytest.raises(DataError) as caught:
        desk.fill(row=row, **fields)
    (problem,) = caught.value.problems
    return problem


def addresses(outgoing):
    return [(one.address, one.kind) for one in outgoing.recipients]


HOSTILE = [
    "evil@e.test, x@y.test",
    "Bob <evil@e.test>",
    "Bob <evil@e.test>, x",
    "a@b.test SIZE=1",
    "a@b.test>",
    "<evil@e.test>",
    "a@b.test\r\nRCPT TO:<evil@e.test>",
    '"a\r\nRCPT TO:<evil@e.test>"@x.test',
    "a@b.test\nBcc: evil@e.test",
    "a@b.test\0",
    "a@b.test (x), evil@e.test",
    "g: evil@e.test;",
    "@x.test:evil@e.test",
    "evil",
    "\ufdd00\ufdd1",
    "\ufdd20\ufdd1",
]


@pytest.mark.parametrize("value", HOSTILE)
@pytest.mark.parametrize("field", ["{{ row.x }}", "<{{ row.x }}>", "Bob <{{ row.x }}>", "good@x.test, {{ row.x }}"])
def test_a_hostile_value_is_no_address(desk, value, field):
    problem = refused(desk, {"x": value}, to=(field,))
    assert problem.message.startswith("to: ")


@pytest.mark.parametrize("value", [*HOSTILE[:9], "evil@e.test", "a,b", 'a"@e.test,"'])
def test_a_value_in_a_local_part_cannot_leave_it(desk, value):
    refused(desk, {"x": value}, to=("{{ row.x }}@good.test",))


@pytest.mark.parametrize("value", ["evil@e.test", "e.test>, <x@y.test", "e.test x", "", "-"])
def test_a_value_in_a_domain_cannot_leave_it(desk, value):
    refused(desk, {"x": value}, to=("good@{{ row.x }}",))


@given(st.text(max_size=40))
def test_a_name_is_a_name_whatever_it_has(desk, name):
    row = {"name": name, "email": "bob@x.test"}
    if set(name) & set("\r\n\0"):
        refused(desk, row, to=("{{ row.name }} <{{ row.email }}>",))
        return
    outgoing = desk.fill(row=row, to=("{{ row.name }} <{{ row.email }}>",))
    assert addresses(outgoing) == [("bob@x.test", "to")]
    assert outgoing.recipients[0].name == name.strip()
    assert outgoing.head.isascii()
    found = message_from_bytes(outgoing.content, policy=default)["to"].addresses
    assert [one.addr_spec for one in found] == ["bob@x.test"]


@given(st.text(alphabet='ab@<>,;:"()\\ \té.x', max_size=30))
def test_no_value_makes_a_second_recipient(desk, value):
    for field in ("{{ row.x }}", "N <{{ row.x }}>", '"{{ row.x }}" <good@x.test>', "{{ row.x }}@good.test"):
        try:
            outgoing = desk.fill(row={"x": value}, to=(field,))
        except DataError:
            continue
        assert len(outgoing.recipients) == 1
        assert len(message_from_bytes(outgoing.content, policy=default)["to"].addresses) == 1


def test_holes_of_a_phrase_and_of_an_address(desk):
    row = {"first": "Bob", "last": "B, C", "user": "bob", "host": "bücher.test"}
    outgoing = desk.fill(row=row, to=('{{ row.first }} "{{ row.last }}" <{{ row.user }}@{{ row.host }}>',))
    assert outgoing.recipients[0].address == "bob@xn--bcher-kva.test"
    assert outgoing.recipients[0].name == "Bob B, C"
    assert ("To", '"Bob B, C" <bob@xn--bcher-kva.test>') in outgoing.headers


@pytest.mark.parametrize("name", ["A\rB", "A\0B"])
def test_a_name_of_the_jobs_own_text_is_one_line_too(desk, name):
    with pytest.raises(JobError):
        desk.compile(to=(f'"{name}" <a@b.test>',))


def test_conditions_and_loops_are_the_authors_structure(desk):
    field = "{% for x in row.l %}{{ x }},{% endfor %}{% if row.more %} z@z.test{% endif %}"
    outgoing = desk.fill(row={"l": ["a@b.test", "c@d.test"], "more": True}, to=(field,))
    assert [address for address, _ in addresses(outgoing)] == ["a@b.test", "c@d.test", "z@z.test"]


@pytest.mark.parametrize(
    "source",
    [
        "{% filter replace('X', row.x) %}X a@b.test{% endfilter %}",
        "{% macro m() %}{{ row.x }}{% endmacro %}{{ m() }}",
        "{% set a %}{{ row.x }}{% endset %}{{ a }}",
        "{% call row.x.upper() %}{% endcall %}",
        "a@b.test, \ufdd00\ufdd1",
    ],
)
def test_what_could_write_a_value_unmarked_is_refused(desk, source):
    with pytest.raises(JobError):
        desk.compile(to=(source,))


@pytest.mark.parametrize("constant", ["{{ 'a@b.test, c@d.test' }}", "{{ 'Bob <a@b.test>' }}"])
def test_even_a_constant_in_braces_is_one_address(desk, constant):
    refused(desk, {}, to=(constant,))


def test_the_addresses_filter_makes_several_of_one_value(desk):
    row = {"team": 'A <a@b.test>, "B, c" <c@d.test>', "list": ["e@f.test", "G: h@i.test, j@k.test;"]}
    outgoing = desk.fill(row=row, to=("first@x.test, {{ row.team | addresses }}, {{ row.list | addresses }}",))
    found = ["first@x.test", "a@b.test", "c@d.test", "e@f.test", "h@i.test", "j@k.test"]
    assert [address for address, _ in addresses(outgoing)] == found
    assert [one.name for one in outgoing.recipients][1:3] == ["A", "B, c"]


@pytest.mark.parametrize("value", ["a", "a@b.test;c@d.test", "a@b.test\r\nx", "A <a@b.test", "\ufdd20\ufdd1"])
def test_what_the_addresses_filter_cannot_read_is_refused(desk, value):
    assert refused(desk, {"x": value}, to=("{{ row.x | addresses }}",)).message.startswith("to: ")


@pytest.mark.parametrize(
    "source", ["Bob <{{ row.x | addresses }}>", "Bob {{ row.x | addresses }}", "a{{ row.x | addresses }}"]
)
def test_the_addresses_filter_stands_alone(desk, source):
    refused(desk, {"x": "a@b.test"}, to=(source,))


def test_an_entry_of_parts_needs_no_quoting(desk):
    to = (desk.parts("{{ row.email }}", "{{ row.name }}"),)
    outgoing = desk.fill(row={"email": "a@b.test", "name": 'Bob "B" <x@y.test>,'}, to=to)
    assert outgoing.recipients == (Recipient("a@b.test", "to", 'Bob "B" <x@y.test>,'),)


def test_the_literal_address_of_parts_is_one(desk):
    with pytest.raises(JobError, match="not one address"):
        desk.compile(to=(desk.parts("a@b.test, c@d.test"),))


def test_empty_cc_bcc_and_reply_to_are_left_out(desk):
    row = {"x": "", "l": ""}
    fields = {"cc": ("{{ row.x }}",), "bcc": ("{{ row.l | addresses }}",), "reply_to": ("{{ row.x }}",)}
    outgoing = desk.fill(row=row, **fields)
    assert addresses(outgoing) == [("to@example.com", "to")]
    assert not {"Cc", "Reply-To"} & {name for name, _ in outgoing.headers}


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"to": ("{{ row.x }}",)}, 165),
        ({"to": ("a@b.test, {{ row.x }}",)}, 165),
        ({"to": ("{% if row.x %}{{ row.x }}{% endif %}",)}, 165),
        ({"to": ("{{ row.x | addresses }}",)}, 165),
        ({"from_": "{{ row.x }}"}, 164),
        ({"from_": "{% if row.x %}a@b.test{% endif %}"}, 164),
        ({"cc": ("Bob <{{ row.x }}>",)}, None),
    ],
)
def test_an_address_that_renders_empty_is_refused_where_one_is_needed(desk, fields, code):
    assert refused(desk, {"x": ""}, **fields).code == code


def test_a_problem_names_value_field_and_place(desk):
    problem = refused(desk, {"x": "not an address"}, cc=("{{ row.x }}",))
    assert problem.message.startswith("cc: 'not an address' is not one address")
    assert (problem.place.file, problem.place.line, problem.source) == ("job.yaml", 10, "{{ row.x }}")


def test_a_line_break_is_told_with_the_line_of_the_template(desk):
    problem = refused(desk, {"x": "a@b.test", "y": "c\nd"}, to=("{{ row.x }},\n  {{ row.y }}",))
    assert "line break" in problem.message
    assert problem.place.line == 11


def test_without_a_row_the_job_is_wrong(desk):
    with pytest.raises(JobError) as caught:
        desk.compile(to=("{{ vars.x }}",)).fill({"vars": {"x": "nobody"}}, desk.identity)
    assert type(caught.value) is JobError


def test_each_recipient_once_of_its_first_kind(desk):
    outgoing = desk.fill(to=("a@B.test, b@b.test, a@b.test",), cc=("b@B.TEST", "c@c.test"), bcc=("c@c.test, d@d.test",))
    assert addresses(outgoing) == [("a@B.test", "to"), ("b@b.test", "to"), ("c@c.test", "cc"), ("d@d.test", "bcc")]


def test_local_parts_differ_by_letter_case(desk):
    assert len(desk.fill(to=("A@b.test, a@b.test",)).recipients) == 2


def test_bcc_is_never_in_the_bytes(desk):
    outgoing = desk.fill(bcc=("Hidden <hidden@x.test>",), text="hello")
    assert ("hidden@x.test", "bcc") in addresses(outgoing)
    assert b"idden" not in outgoing.content


class TestEnvelope:
    def test_the_sender_is_from_unless_told(self, desk):
        assert desk.fill(from_="N <f@x.test>").sender == "f@x.test"
        assert desk.fill(return_path="bounces@x.test").sender == "bounces@x.test"
        assert desk.fill(row={"id": "7"}, return_path="b+{{ row.id }}@x.test").sender == "b+7@x.test"

    def test_the_null_sender_is_written_in_the_job(self, desk):
        assert desk.fill(return_path="").sender == ""
        problem = refused(desk, {"x": ""}, return_path="{{ row.x }}")
        assert "renders empty" in problem.message

    @pytest.mark.parametrize("source", ["N <a@b.test>", "a@b.test, c@d.test", "nobody"])
    def test_a_return_path_is_one_address(self, desk, source):
        with pytest.raises(JobError):
            desk.compile(return_path=source)

    def test_a_local_part_that_is_not_ascii_needs_smtputf8_and_raw_headers(self, desk):
        outgoing = desk.fill(to=("Jürgen <jürgen@bücher.test>",))
        assert outgoing.recipients[0].address == "jürgen@xn--bcher-kva.test"
        assert (outgoing.smtputf8, outgoing.eightbit) == (True, True)
        assert "jürgen@xn--bcher-kva.test".encode() in outgoing.head

    @pytest.mark.parametrize(
        ("fields", "needed"), [({"bcc": ("jürgen@x.test",)}, False), ({"return_path": "jürgen@x.test"}, True)]
    )
    def test_outside_the_headers_it_does_not_make_them_utf8(self, desk, fields, needed):
        outgoing = desk.fill(subject="Grüße", **fields)
        assert (outgoing.smtputf8, outgoing.eightbit) == (needed, False)
        assert outgoing.content.isascii()

    def test_a_domain_that_is_not_ascii_needs_nothing(self, desk):
        outgoing = desk.fill(to=("a@bücher.test",))
        assert (outgoing.smtputf8, outgoing.eightbit) == (False, False)


class TestCertainAtCompileTime:
    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"from_": None}, 164),
            ({"to": ()}, 165),
            ({"to": ("undisclosed-recipients:;",)}, 165),
            ({"to": (), "cc": ("a@b.test",)}, 165),
        ],
    )
    def test_a_missing_sender_or_recipient(self, desk, fields, code):
        with pytest.raises(JobError) as caught:
            desk.compile(**fields)
        assert caught.value.code == code
        assert "'m'" in caught.value.message

    def test_two_senders(self, desk):
        with pytest.raises(JobError, match="one address is expected, not 2"):
            desk.compile(from_="a@b.test, c@d.test")

    def test_all_problems_are_told_at_once(self, desk):
        with pytest.raises(JobError) as caught:
            desk.compile(from_="nobody", to=("a@b.test;",), subject="{{", text="{% x %}", headers=[("a b", "x")])
        assert len(caught.value.problems) == 5
