"""The reading of a search."""

from __future__ import annotations

import pytest
from tests.fhir.search_parsing import BASE, asked, only

from sickbay.fhir.request_error import RequestError
from sickbay.fhir.search.parser import MAXIMUM_COUNT, parse, parse_several
from sickbay.fhir.search.query import Include, Query, ReferenceValue, Sort, StringValue, TokenValue


def faults(type: str, *pairs: tuple[str, str], version: str = "r4", strict: bool = False) -> tuple[RequestError, ...]:
    found = parse(version, type, pairs, base=BASE, strict=strict)
    assert isinstance(found, tuple), found
    return found


def test_a_whole_search() -> None:
    pairs = [
        ("patient", "1"),
        ("category", "c|vital-signs"),
        ("_sort", "-date,_id"),
        ("_count", "5"),
        ("_total", "accurate"),
    ]
    found = asked("Observation", *pairs, ("_format", "json"), ("_cursor", "x"))
    assert [one.parameter.code for one in found.filters] == ["patient", "category"]
    assert found.sort == (Sort("date", True), Sort("_id", False))
    assert (found.count, found.total, found.cursor) == (5, "accurate", "x")
    assert found.applied == tuple(pairs)
    assert found.ignored == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", TokenValue(None, "a")),
        ("s|a", TokenValue("s", "a")),
        ("|a", TokenValue("", "a")),
        ("s|", TokenValue("s", None)),
        (r"a\|b", TokenValue(None, "a|b")),
        (r"s|a\,b", TokenValue("s", "a,b")),
    ],
)
def test_the_forms_of_a_token(text: str, expected: TokenValue) -> None:
    assert only("Patient", "identifier", text).values == (expected,)


def test_commas_make_alternatives_and_repetition_makes_both() -> None:
    found = asked("Patient", ("given", "a,b"), ("given", "c"))
    assert [[one.raw for one in each.values if isinstance(one, StringValue)] for each in found.filters] == [
        ["a", "b"],
        ["c"],
    ]


def test_not_stays_as_a_modifier_and_exact_keeps_the_raw_text() -> None:
    assert only("Patient", "gender:not", "male").modifier == "not"
    exact = only("Patient", "name:exact", "Peters")
    assert (exact.modifier, exact.values) == ("exact", (StringValue("peters", "Peters"),))


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("patient", "1", ReferenceValue("Patient", "1")),
        ("patient", "Patient/1", ReferenceValue("Patient", "1")),
        ("patient", f"{BASE}/Patient/1", ReferenceValue("Patient", "1")),
        ("subject", "1", ReferenceValue(None, "1")),
        ("subject:Patient", "1", ReferenceValue("Patient", "1")),
        ("subject:Group", "Group/1", ReferenceValue("Group", "1")),
        (
            "performer",
            "http://elsewhere.example/Practitioner/1",
            ReferenceValue(None, "", "http://elsewhere.example/Practitioner/1"),
        ),
        ("performer", "http://elsewhere.example/Patient/1", None),
    ],
)
def test_the_forms_of_a_reference(name: str, text: str, expected: ReferenceValue | None) -> None:
    if expected is None:
        assert [one.rule for one in faults("Observation", (name, text))] == ["fhir-reference-malformed"]
    else:
        found = only("Observation", name, text)
        assert (found.values, found.modifier) == ((expected,), None)


def test_a_foreign_url_that_names_no_patient_is_kept() -> None:
    found = only("Observation", "encounter", "http://elsewhere.example/Encounter/1")
    assert found.values == (ReferenceValue(None, "", "http://elsewhere.example/Encounter/1"),)


@pytest.mark.parametrize(
    ("name", "text", "rule"),
    [
        ("patient", "Patient/Patient/1", "fhir-reference-malformed"),
        ("patient", "http://elsewhere.example/fhir/Patient/1", "fhir-reference-malformed"),
        ("patient", "Practitioner/1", "fhir-reference-malformed"),
        ("patient", "MRN 1", "fhir-id-invalid"),
        ("patient", "undefined", "fhir-patient-undefined"),
        ("patient", "Patient/null", "fhir-patient-undefined"),
        ("_id", "a b", "fhir-id-invalid"),
        ("date", "01/02/2020", "fhir-date-malformed"),
        ("date", "2020-13", "fhir-date-malformed"),
        ("date", "ge2020,yesterday", "fhir-date-malformed"),
        ("_lastUpdated", "today", "fhir-date-malformed"),
        ("value-quantity", "much", "fhir-search-value-malformed"),
        ("value-quantity", "1e999", "fhir-search-value-malformed"),
        ("code:50050", "", "fhir-search-colon-for-equals"),
        ("cod:50050", "", "fhir-search-colon-for-equals"),
        ("code:below", "x", "fhir-search-modifier-unsupported"),
        ("_include", "Observation:nothing", "fhir-search-value-malformed"),
        ("_sort", "nothing", "fhir-search-value-malformed"),
    ],
)
def test_a_fault_is_named_however_lenient_the_handling(name: str, text: str, rule: str) -> None:
    found = faults("Observation", (name, text))
    assert [one.rule for one in found] == [rule]
    assert found[0].expected


def test_all_faults_are_named_at_once() -> None:
    found = faults("Observation", ("patient", "a b"), ("date", "x"), ("category", "ok"))
    assert [one.rule for one in found] == ["fhir-id-invalid", "fhir-date-malformed"]


def test_patients_are_not_searched_by_patient() -> None:
    (found,) = faults("Patient", ("patient", "Patient/1"))
    assert (found.rule, found.expected) == ("fhir-patient-searched-by-patient", "_id=1")


def test_an_unknown_parameter_is_left_out_with_the_nearest_name_or_refused() -> None:
    found = asked("Patient", ("nmae", "x"), ("family", "y"))
    assert found.ignored == (("nmae", "name"),)
    assert found.applied == (("family", "y"),)
    (fault,) = faults("Patient", ("nmae", "x"), strict=True)
    assert (fault.rule, fault.parameter, fault.expected) == ("fhir-search-unknown-param", "nmae", "name")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("firstname", "given"),
        ("last_name", "family"),
        ("DOB", "birthdate"),
        ("birthDate", "birthdate"),
        ("count", "_count"),
    ],
)
def test_what_people_write_is_told_what_they_meant(name: str, meant: str) -> None:
    assert asked("Patient", (name, "x")).ignored == ((name, meant),)


def test_the_count_has_a_ceiling_and_a_default() -> None:
    assert asked("Patient").count == 50
    assert asked("Patient", ("_count", "0")).count == 0
    assert asked("Patient", ("_count", "99999")).count == MAXIMUM_COUNT
    assert asked("Patient", ("_count", "many")).ignored == (("_count", None),)
    assert [one.rule for one in faults("Patient", ("_count", "-1"), strict=True)] == ["fhir-search-value-malformed"]


def test_a_search_says_how_many_it_gives_at_most() -> None:
    found = asked("Patient", ("_count", "5000"))
    assert (found.count, found.applied) == (MAXIMUM_COUNT, (("_count", str(MAXIMUM_COUNT)),))


def test_type_is_of_a_search_on_several_types_and_means_nothing_else() -> None:
    assert asked("Patient", ("_type", "Patient"), ("_type", "")).ignored == (("_type", None), ("_type", None))
    (fault,) = faults("Patient", ("_type", "Patient"), strict=True)
    assert (fault.rule, fault.expected[:6]) == ("fhir-search-unknown-param", "one of")


def test_several_ids_are_alternatives_and_several_parameters_an_intersection() -> None:
    assert asked("Patient", ("_id", "a,b")).ids == ("a", "b")
    assert asked("Patient", ("_id", "a,b"), ("_id", "b,c")).ids == ("b",)
    assert asked("Patient", ("_id", "a"), ("_id", "b")).ids == ()


def test_missing_asks_whether_there_is_a_value() -> None:
    found = only("Observation", "subject:missing", "true")
    assert (found.parameter.code, found.modifier, found.values) == ("subject", "missing", (TokenValue(None, "true"),))
    (fault,) = faults("Observation", ("subject:missing", "maybe"))
    assert (fault.rule, fault.parameter, fault.expected) == (
        "fhir-search-value-malformed",
        "subject:missing",
        "subject:missing=true or false",
    )


def test_an_empty_alternative_never_widens_a_search() -> None:
    assert only("Patient", "name", "a, ,").values == (StringValue("a", "a"),)
    assert only("Patient", "name", ",").values == ()
    assert only("Observation", "patient", "1,").values == (ReferenceValue("Patient", "1"),)


def test_dstu2_sorts_by_a_modifier() -> None:
    found = asked("Patient", ("_sort:desc", "birthdate"), ("_sort", "family"), version="dstu2")
    assert found.sort == (Sort("birthdate", True), Sort("family", False))


def test_includes_are_read() -> None:
    found = asked(
        "Observation",
        ("_include", "Observation:patient"),
        ("_include:iterate", "Encounter:service-provider"),
        ("_revinclude", "Provenance:target"),
        ("_include", "*"),
    )
    assert found.includes == (
        Include("Observation", "patient"),
        Include("Encounter", "service-provider", iterate=True),
        Include("Provenance", "target", reverse=True),
        Include("*", "*"),
    )


@pytest.mark.parametrize("version", ["dstu2", "stu3", "r4", "r4b", "r5"])
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Ann@Example.org", TokenValue(None, "ann@example.org")),
        ("email|Ann@Example.org", TokenValue("email", "ann@example.org")),
        ("|Ann@Example.org", TokenValue(None, "ann@example.org")),
        ("email|", TokenValue("email", None)),
    ],
)
def test_a_contact_is_found_whatever_its_case_and_by_its_system(version: str, text: str, value: TokenValue) -> None:
    """`phone|555-1234`: FHIR says no system of a contact, and apps send this one."""
    found = parse(version, "Patient", [("telecom", text)], base=BASE)
    assert isinstance(found, Query)
    assert found.filters[0].values == (value,)


@pytest.mark.parametrize(
    ("type", "name", "text", "doubted"),
    [
        ("Patient", "gender", "Male", [("gender", "Male", "male")]),
        ("Patient", "gender", "male", []),
        ("Patient", "gender:not", "MALE", [("gender:not", "MALE", "male")]),
        ("Patient", "gender:missing", "true", []),
        ("Patient", "active", "yes", [("active", "yes", "false, true")]),
        ("Patient", "deceased", "true", []),
        ("Patient", "identifier", "Male", []),
        ("Patient", "gender", "http://hl7.org/fhir/administrative-gender|", []),
        ("Observation", "status", "final,Finale", [("status", "Finale", "final")]),
        ("Observation", "subject:Patient.gender", "Male", []),
        ("Condition", "clinical-status", "Active", []),
    ],
)
def test_a_code_that_nothing_can_hold_is_searched_for_and_said(
    type: str, name: str, text: str, doubted: list[tuple[str, str, str]]
) -> None:
    found = asked(type, (name, text))
    assert list(found.doubted) == doubted
    assert len(found.filters) == 1


def test_it_is_said_of_a_search_of_several_types_too() -> None:
    found = parse_several("r4", ("Patient", "Person"), [("gender", "Male")], base=BASE)
    assert isinstance(found, Query)
    assert found.doubted == (("gender", "Male", "male"),)


def test_an_id_and_a_code_are_found_as_they_are_written() -> None:
    assert asked("Patient", ("_id", "ABC")).ids == ("ABC",)
    assert only("Patient", "gender", "Female").values == (TokenValue(None, "Female"),)
    assert only("Patient", "identifier", "urn:X|Y").values == (TokenValue("urn:X", "Y"),)
    assert only("CodeSystem", "version", "1.0-RC1").values == (TokenValue(None, "1.0-rc1"),)


@pytest.mark.parametrize("name", ["_summary:x", "_elements:exclude", "_count:lt", "_total:not"])
@pytest.mark.parametrize("strict", [True, False])
def test_what_shapes_an_answer_takes_no_modifier(name: str, strict: bool) -> None:
    """`_elements:exclude` would give just what was not wanted."""
    code, _, _ = name.partition(":")
    (fault,) = faults("Patient", (name, {"_count": "1", "_total": "none"}.get(code, "true")), strict=strict)
    assert (fault.rule, fault.parameter) == ("fhir-search-modifier-unsupported", name)
    assert fault.expected == f"{code} with no modifier"


def test_one_change_or_another_is_no_change_that_is_both() -> None:
    one, both = (parse("r4", "Patient", [("_lastUpdated", text)], base=BASE) for text in ("lt2020", "lt2020,ge2026"))
    assert isinstance(one, Query)
    assert isinstance(both, Query)
    assert (len(one.updated), one.filters) == (1, ())
    assert (both.updated, [len(each.values) for each in both.filters]) == ((), [2])


@pytest.mark.parametrize("name", ["_sort", "_include", "_revinclude:iterate", "_total", "_summary", "_elements", "_count"])
def test_what_is_asked_with_nothing_is_left_out(name: str) -> None:
    query = parse("r4", "Patient", [(name, ""), ("name", "x")], base=BASE, strict=True)
    assert isinstance(query, Query)
    assert (query.applied, query.ignored) == ((("name", "x"),), ((name, None),))
