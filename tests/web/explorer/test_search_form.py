"""The search form of a type, and the query that a sent form means."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.laws import for_each

from sickbay.fhir.search.parameters import known_types
from sickbay.fhir.served import served_types
from sickbay.fhir.versions import VERSIONS
from sickbay.protocol.parameters import Parameters
from sickbay.web.explorer.search_form import fill_form, list_answered_parameters, list_includes, make_form, read_form
from sickbay.web.explorer.views import FormView

NAMES = st.sampled_from(
    [
        "name",
        "name:exact",
        "name:contains",
        "birthdate",
        "birthdate:missing",
        "gender",
        "gender:not",
        "identifier:of-type",
        "general-practitioner",
        "general-practitioner:Practitioner",
        "general-practitioner:Practitioner.name",
        "_id",
        "_lastUpdated",
        "_sort",
        "_count",
        "_include",
        "_revinclude",
        "_summary",
        "_has:Observation:patient:code",
        "unknown",
        "address:x",
    ]
)
VALUES = st.sampled_from(
    (
        "a",
        "ge2026",
        "lt2026-01-01,gt2020",
        "eq2026",
        "male",
        "a|b",
        "Patient:organization",
        "Observation:subject",
        "20",
        "-name",
        "x=y",
    )
)


def send(form: FormView) -> Parameters:
    """What a browser sends for a form that was filled and left unchanged."""
    pairs = []
    for row in (*form.first, *form.rest):
        pairs.append((f"how.{row.code}", next((choice.value for choice in row.how if choice.chosen), "")))
        pairs.append((f"value.{row.code}", row.value))
    pairs += [("_include", choice.value) for choice in form.includes if choice.chosen]
    pairs += [("_revinclude", choice.value) for choice in form.reverse_includes if choice.chosen]
    return Parameters((*pairs, ("_sort", form.sort), ("_count", form.count), ("more", form.more.replace("\n", "\r\n"))))


@given(st.lists(st.tuples(NAMES, VALUES), max_size=8))
def test_an_unchanged_form_means_the_query_that_filled_it(pairs: list[tuple[str, str]]) -> None:
    sent = send(make_form("r4", "Patient", pairs, "/x"))
    again = read_form(sent, "r4", "Patient")
    assert set(again) == set(pairs)


@for_each("version", VERSIONS)
def test_every_type_has_a_form_with_each_answered_parameter(version: str) -> None:
    for type in served_types(version):
        form = make_form(version, type, (), "/x")
        rows = (*form.first, *form.rest)
        assert sorted(row.code for row in rows) == sorted(list_answered_parameters(version, type))
        assert len({row.id for row in rows}) == len(rows)
        assert all(row.help for row in rows)
        assert all(row.how[0].value == "" for row in rows)
        assert all(pick in known_types(version) for row in rows for pick in row.picks)


def test_prefixes_belong_to_ordered_values_and_modifiers_to_the_others() -> None:
    rows = {row.code: [choice.value for choice in row.how] for row in make_form("r4", "Observation", (), "/x").rest}
    rows |= {row.code: [choice.value for choice in row.how] for row in make_form("r4", "Observation", (), "/x").first}
    assert rows["value-quantity"][:3] == ["", "ge", "gt"]
    assert ":exact" in rows["value-string"]
    assert ":of-type" in rows["code"]
    assert "ge" not in rows["code"]


def test_used_parameters_come_first_and_codes_can_be_chosen() -> None:
    form = make_form("r4", "Patient", [("link", "Patient/1"), ("gender", "male")], "/x")
    assert [row.code for row in form.first[:2]] == ["link", "gender"]
    assert form.first[1].codes == ("female", "male", "other", "unknown")
    assert form.first[0].picks == ("Patient", "RelatedPerson")


def test_what_has_no_field_of_its_own_is_kept_as_text() -> None:
    filled = fill_form("r4", "Patient", [("_cursor", "x"), ("foo", "1"), ("_include", "Patient:organization:Organization")])
    assert filled.more == (("foo", "1"), ("_include", "Patient:organization:Organization"))
    own, referring = list_includes("r4", "Patient")
    assert "Patient:organization" in own
    assert "Observation:subject" in referring


def test_spaces_around_a_value_and_empty_lines_mean_nothing() -> None:
    sent = Parameters((("how.name", ""), ("value.name", " Peters "), ("value.gender", " "), ("more", "\n a = b \n\n")))
    assert read_form(sent, "r4", "Patient") == (("name", "Peters"), ("a", "b"))
