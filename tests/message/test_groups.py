"""Groups in address fields, holes wherever an address text may have them, and the places of errors."""

from __future__ import annotations

from email.headerregistry import HeaderRegistry

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailjobs.errors import DataError, JobError, Place
from mailjobs.message.addresses import AddressField
from mailjobs.message.mailbox import Group, Grouped
from mailjobs.model import AddressEntry, Template
from mailjobs.templates import Templates

TEAM = 'Team: a@x.test, "B, C" <b@x.test>;'


def field(desk, *texts, name="to", header="To"):
    return AddressField(name, header, desk.entries(*texts), Templates([]), name == "to")


def header(desk, *texts, row=None, **more):
    made = field(desk, *texts, **more)
    scope = {"vars": {}, "row": row or {}}
    boxes = made.fill(scope)
    return made.line(boxes, scope).value, [box.address for box in boxes]


class TestGroups:
    def test_members_are_recipients_and_the_header_keeps_the_group(self, desk):
        outgoing = desk.fill(to=(f"first@x.test, {TEAM}", "last@x.test"), cc=(TEAM.replace("x", "y"),))
        assert dict(outgoing.headers)["To"] == f"first@x.test, {TEAM}, last@x.test"
        assert dict(outgoing.headers)["Cc"] == 'Team: a@y.test, "B, C" <b@y.test>;'
        found = [one.address for one in outgoing.recipients]
        assert found == ["first@x.test", "a@x.test", "b@x.test", "last@x.test", "a@y.test", "b@y.test"]

    def test_answers_may_go_to_a_group(self, desk):
        assert dict(desk.fill(reply_to=(TEAM,)).headers)["Reply-To"] == TEAM

    def test_of_a_bcc_only_the_members_count(self, desk):
        outgoing = desk.fill(bcc=("Hidden: h@x.test;",))
        assert [(one.address, one.kind) for one in outgoing.recipients][1:] == [("h@x.test", "bcc")]
        assert b"idden" not in outgoing.content
        assert b"h@x.test" not in outgoing.content

    def test_an_empty_group_stands_in_the_header(self, desk):
        value, addresses = header(desk, "undisclosed-recipients:;")
        assert (value, addresses) == ("undisclosed-recipients:;", [])
        assert header(desk, "a@x.test, E : (none) ; , b@x.test")[0] == "a@x.test, E:;, b@x.test"

    def test_a_field_with_an_empty_group_is_seen(self, desk):
        made = field(desk, "E:;")
        assert AddressField.seen(made.fill({}))
        assert not AddressField.seen(())

    def test_groups_of_several_entries_stand_side_by_side(self, desk):
        boxes = field(desk, "a@x.test", "G: b@x.test;", "E:;", "H: c@x.test, d@x.test;, e@x.test").fill({})
        assert isinstance(boxes, Grouped)
        assert boxes.groups == (Group("G", 1, 2), Group("E", 2, 2), Group("H", 2, 4))

    @pytest.mark.parametrize("name", ["from", "read_receipt_to"])
    def test_elsewhere_a_group_is_refused(self, desk, name):
        with pytest.raises(JobError, match=f"{name}: a group is not possible here"):
            field(desk, "G: a@x.test;", name=name, header="X")

    def test_a_name_that_is_not_ascii_is_encoded_apart_from_its_colon(self, desk):
        value, _ = header(desk, "Jürgens Gruppe: a@x.test;")
        assert value == "=?utf-8?q?J=C3=BCrgens_Gruppe?= : a@x.test;"
        assert HeaderRegistry()("To", value).groups[0].display_name == "Jürgens Gruppe"


class TestHoles:
    def test_a_value_may_name_a_group(self, desk):
        value, addresses = header(
            desk, "{{ row.team }} (us): {{ row.a }}, {{ row.b | addresses }};", row={
                "team": "X: evil@e.test;", "a": "a@x.test", "b": "b@x.test, C <c@x.test>"}
        )  # fmt: skip
        assert value == '"X: evil@e.test;": a@x.test, b@x.test, C <c@x.test>;'
        assert addresses == ["a@x.test", "b@x.test", "c@x.test"]

    def test_a_group_needs_a_name(self, desk):
        with pytest.raises(DataError, match="the name of a group renders empty"):
            header(desk, "{{ row.team }}: a@x.test;", row={"team": " "})

    def test_empty_members_are_left_out_where_the_field_may_be_empty(self, desk):
        text = "G: {{ row.a }}, b@x.test;, H: {{ row.a }};"
        assert header(desk, text, name="cc", header="Cc", row={"a": ""})[0] == "G: b@x.test;, H:;"

    def test_what_the_filter_reads_goes_without_its_groups(self, desk):
        value, addresses = header(desk, "{{ row.l | addresses }}", row={"l": "G: a@x.test, b@x.test;, E:;"})
        assert (value, addresses) == ("a@x.test, b@x.test", ["a@x.test", "b@x.test"])

    @pytest.mark.parametrize(
        "value", ["a@x.test (comment)", "(c)a@x.test", "a(c)@x.test", "G: a@x.test;", "E:;", "a@x.test;", "a @x.test"]
    )
    @pytest.mark.parametrize("text", ["{{ row.v }}", "B <{{ row.v }}>", "G: {{ row.v }};"])
    def test_a_value_has_neither_comments_nor_groups(self, desk, value, text):
        with pytest.raises(DataError, match="not one address"):
            header(desk, text, row={"v": value})

    def test_a_value_in_a_comment_is_gone_with_it(self, desk):
        value, addresses = header(desk, "a@x.test (for {{ row.v }})", row={"v": "), evil@e.test ("})
        assert (value, addresses) == ("a@x.test", ["a@x.test"])

    @pytest.mark.parametrize("text", ["a@x.test ({{ row.v | addresses }})", "{{ row.v | addresses }}: a@x.test;"])
    def test_the_filter_stands_alone(self, desk, text):
        with pytest.raises(DataError, match="has to stand alone"):
            header(desk, text, row={"v": "b@x.test"})

    @pytest.mark.parametrize(
        ("value", "address"),
        [("a b", '"a b"@x.test'), ('a"b\\', '"a\\"b\\\\"@x.test'), ("ab", "ab@x.test"), ('"@e.test, ', None)],
    )
    def test_a_value_between_quotes_of_a_local_part_is_quoted(self, desk, value, address):
        expected = address or '"\\"@e.test, "@x.test'
        assert header(desk, '"{{ row.v }}"@x.test', row={"v": value})[1] == [expected]

    def test_a_value_cannot_stand_in_an_encoded_word(self, desk):
        with pytest.raises(DataError, match="cannot stand in an encoded word"):
            header(desk, "=?utf-8?q?{{ row.v }}?= <a@x.test>", row={"v": "x"})

    def test_encoded_words_of_the_job_are_decoded_and_those_of_a_value_are_text(self, desk):
        word = "=?iso-8859-1?q?J=FCrgen?="
        made = field(desk, f"{word} <a@x.test>, {{{{ row.v }}}} <b@x.test>")
        assert [box.name for box in made.fill({"row": {"v": word}})] == ["Jürgen", word]

    @given(
        st.text(max_size=12) | st.text(alphabet='ab@<>,;:()"\\ \t.[]x=?', max_size=16),
        st.sampled_from([
            "{{ row.v }}", "N <{{ row.v }}>", "{{ row.v }} <good@x.test>", '"a {{ row.v }}" <good@x.test>',
            "{{ row.v }}@x.test", "a{{ row.v }}@x.test", '"{{ row.v }}"@x.test', '"a{{ row.v }}b"@x.test',
            "good@{{ row.v }}", "good@x.{{ row.v }}", "good@[{{ row.v }}]", "{{ row.v }}@{{ row.v }}",
            "good{{ row.v }}x.test", "good@x.test ({{ row.v }})", "({{ row.v }}) N <good@x.test>",
            "G: {{ row.v }};", "{{ row.v }}: good@x.test;", '"{{ row.v }}": good@x.test;',
            "G({{ row.v }}): good@x.test;", "<good@{{ row.v }}x.test>",
        ]),
    )  # fmt: skip
    def test_no_value_adds_structure(self, desk, value, text):
        try:
            found, addresses = header(desk, text, row={"v": value})
        except JobError:
            return
        grouped = text.endswith(";")
        judged = HeaderRegistry()("To", found)
        assert len(addresses) == 1
        assert len(judged.addresses) == 1
        assert len(judged.groups) == 1
        assert (judged.groups[0].display_name is not None) == grouped
        if "good@x.test" in text:
            assert addresses == ["good@x.test"]


class TestPlaces:
    """The column of the job, where its text stands there as it is."""

    def problem(self, line, source, row=None, start=None):
        place = Place("job.yaml", 3, line.index(":") + 3)
        template = Template(source, place, start or place, lambda: line)
        with pytest.raises(JobError) as caught:
            AddressField("to", "To", [AddressEntry(text=template)], Templates([]), True).fill({"row": row or {}})
        return caught.value.problems[0]

    @pytest.mark.parametrize("quote", ["", '"', "'"])
    def test_the_caret_stands_below_what_is_wrong(self, quote):
        line = f"    to: {quote}a@x.test, bob, c@x.test{quote}"
        problem = self.problem(line, "a@x.test, bob, c@x.test")
        assert (problem.place.line, line[problem.place.column - 1 :][:3], problem.source) == (3, "bob", line)
        assert "character" not in problem.message

    @pytest.mark.parametrize(
        ("source", "below"),
        [("x@x.test, {{ row.a }} b@x.test", "b@x"), ("x@x.test, B <{{ row.v }}>", "{{ row.v }}>")],
    )
    def test_holes_are_counted_as_the_job_has_them(self, source, below):
        line = f'to: "{source}"'
        problem = self.problem(line, source, {"a": "a@x.test", "v": "a@x.test, evil@e.test"})
        assert line[problem.place.column - 1 :].startswith(below)

    def test_where_a_template_does_more_the_place_is_that_of_the_field(self):
        source = "{% if row.v %}{{ row.v }}, {% endif %}bob"
        problem = self.problem(f'to: "{source}"', source, {"v": "a@x.test"})
        assert problem.place.column == 5

    def test_where_the_job_writes_the_text_otherwise_the_character_is_told(self):
        problem = self.problem('to: "\\x61@x.test, bob"', "a@x.test, bob")
        assert problem.place.column == 5
        assert problem.message.endswith("(at character 11)")

    def test_a_block_scalar_has_lines(self):
        problem = self.problem("to: |", "a@x.test,\nb@x.test, bob\n", start=Place("job.yaml", 4, 1))
        assert (problem.place.line, problem.source) == (5, "b@x.test, bob")
        assert problem.message.endswith("(at character 11)")

    def test_the_address_of_parts_has_a_column_as_well(self):
        line = 'address: " a@x.test, b"'
        place = Place("job.yaml", 3, 10)
        template = Template(" a@x.test, b", place, place, lambda: line)
        with pytest.raises(JobError) as caught:
            AddressField("to", "To", [AddressEntry(address=template)], Templates([]), True)
        assert line[caught.value.problems[0].place.column - 1] == ","

    def test_a_value_of_the_filter_is_told_with_its_character(self):
        source = "{{ row.l | addresses }}"
        problem = self.problem(f"to: {source}", source, {"l": "a@x.test, bob"})
        assert "(character 11 of 'a@x.test, bob')" in problem.message
        assert problem.place.column == 5
