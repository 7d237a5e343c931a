"""Parsing a search."""

from __future__ import annotations

import pytest
from tests.fhir.search_parsing import BASE, only, parse_query

from sickbay.fhir.request_error import RequestError
from sickbay.fhir.search.parser import MAXIMUM_COUNT, parse
from sickbay.fhir.search.query import Include, Query, ReferenceValue, Sort, StringValue, TokenValue
from sickbay.fhir.search.routes import find_types, parse_multi_type_search


def faults(type: str, *pairs: tuple[str, str], version: str = "r4", strict: bool = False) -> tuple[RequestError, ...]:
    errors = parse(version, type, pairs, base=BASE, strict=strict)
    assert isinstance(errors, tuple), errors
    return errors


def test_a_complete_search_is_parsed() -> None:
    pairs = [
        ("patient", "1"),
        ("category", "c|vital-signs"),
        ("_sort", "-date,_id"),
        ("_count", "5"),
        ("_total", "accurate"),
    ]
    query = parse_query("Observation", *pairs, ("_format", "json"), ("_cursor", "x"))
    assert [filter.parameter.code for filter in query.filters] == ["patient", "category"]
    assert query.sort == (Sort("date", True), Sort("_id", False))
    assert (query.count, query.total, query.cursor) == (5, "accurate", "x")
    assert query.applied == tuple(pairs)
    assert query.ignored == ()


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


def test_commas_are_alternatives_and_repeated_parameters_must_all_match() -> None:
    query = parse_query("Patient", ("given", "a,b"), ("given", "c"))
    assert [[value.raw for value in filter.values if isinstance(value, StringValue)] for filter in query.filters] == [
        ["a", "b"],
        ["c"],
    ]


def test_not_stays_a_modifier_and_exact_keeps_the_original_text() -> None:
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
        assert [error.rule for error in faults("Observation", (name, text))] == ["fhir-reference-malformed"]
    else:
        filter = only("Observation", name, text)
        assert (filter.values, filter.modifier) == ((expected,), None)


def test_an_absolute_url_on_another_server_is_kept_unless_it_names_a_patient() -> None:
    filter = only("Observation", "encounter", "http://elsewhere.example/Encounter/1")
    assert filter.values == (ReferenceValue(None, "", "http://elsewhere.example/Encounter/1"),)


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
def test_an_error_is_reported_even_with_lenient_handling(name: str, text: str, rule: str) -> None:
    errors = faults("Observation", (name, text))
    assert [error.rule for error in errors] == [rule]
    assert errors[0].expected


def test_all_errors_are_reported_at_once() -> None:
    errors = faults("Observation", ("patient", "a b"), ("date", "x"), ("category", "ok"))
    assert [error.rule for error in errors] == ["fhir-id-invalid", "fhir-date-malformed"]


def test_a_patient_cannot_be_searched_by_patient() -> None:
    (error,) = faults("Patient", ("patient", "Patient/1"))
    assert (error.rule, error.expected) == ("fhir-patient-searched-by-patient", "_id=1")


def test_an_unknown_parameter_is_ignored_with_the_nearest_name_or_refused() -> None:
    query = parse_query("Patient", ("nmae", "x"), ("family", "y"))
    assert query.ignored == (("nmae", "name"),)
    assert query.applied == (("family", "y"),)
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
def test_a_common_name_suggests_the_parameter_it_means(name: str, meant: str) -> None:
    assert parse_query("Patient", (name, "x")).ignored == ((name, meant),)


def test_the_count_has_a_maximum_and_a_default() -> None:
    assert parse_query("Patient").count == 50
    assert parse_query("Patient", ("_count", "0")).count == 0
    assert parse_query("Patient", ("_count", "99999")).count == MAXIMUM_COUNT
    assert parse_query("Patient", ("_count", "many")).ignored == (("_count", None),)
    assert [error.rule for error in faults("Patient", ("_count", "-1"), strict=True)] == ["fhir-search-value-malformed"]


def test_the_self_link_has_the_count_that_was_applied() -> None:
    query = parse_query("Patient", ("_count", "5000"))
    assert (query.count, query.applied) == (MAXIMUM_COUNT, (("_count", str(MAXIMUM_COUNT)),))


def test_the_type_parameter_is_only_for_searches_of_several_types() -> None:
    assert parse_query("Patient", ("_type", "Patient"), ("_type", "")).ignored == (("_type", None), ("_type", None))
    (fault,) = faults("Patient", ("_type", "Patient"), strict=True)
    assert (fault.rule, fault.expected[:6]) == ("fhir-search-unknown-param", "one of")


def test_ids_in_a_parameter_are_alternatives_and_repeated_parameters_intersect() -> None:
    assert parse_query("Patient", ("_id", "a,b")).ids == ("a", "b")
    assert parse_query("Patient", ("_id", "a,b"), ("_id", "b,c")).ids == ("b",)
    assert parse_query("Patient", ("_id", "a"), ("_id", "b")).ids == ()


def test_missing_filters_on_whether_there_is_a_value() -> None:
    filter = only("Observation", "subject:missing", "true")
    assert (filter.parameter.code, filter.modifier, filter.values) == ("subject", "missing", (TokenValue(None, "true"),))
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


def test_dstu2_sorts_with_a_modifier() -> None:
    query = parse_query("Patient", ("_sort:desc", "birthdate"), ("_sort", "family"), version="dstu2")
    assert query.sort == (Sort("birthdate", True), Sort("family", False))


@pytest.mark.parametrize(
    ("version", "name", "text", "expected"),
    [
        ("r4", "_sort:desc", "birthdate,family", "_sort=-birthdate,-family"),
        ("stu3", "_sort:asc", "birthdate", "_sort=birthdate"),
        ("r5", "_sort:foo", "-birthdate", "_sort=birthdate"),
        ("dstu2", "_sort:foo", "birthdate", "_sort:asc=birthdate"),
        ("r4", "_count:exact", "2", "_count with no modifier"),
        ("r4", "_include:recurse", "Patient:organization", "_include:iterate=Patient:organization"),
        ("dstu2", "_revinclude:iterate", "Person:patient", "_revinclude:recurse=Person:patient"),
        ("r5", "_include:foo", "Patient:organization", "_include:iterate=Patient:organization"),
        (
            "stu3",
            "identifier:of-type",
            "http://t|MR|7",
            "identifier with one of :missing, :not, :text, :in, :not-in, :above, :below",
        ),
        ("dstu2", "careprovider:identifier", "a|b", "careprovider with one of :missing, :above, :below, :<Type>"),
    ],
)
def test_a_modifier_that_the_version_does_not_have_is_refused_with_the_correction(
    version: str, name: str, text: str, expected: str
) -> None:
    (fault,) = faults("Patient", (name, text), version=version)
    assert (fault.rule, fault.expected) == ("fhir-search-modifier-unsupported", expected)


def test_includes_are_parsed() -> None:
    query = parse_query(
        "Observation",
        ("_include", "Observation:patient"),
        ("_include:iterate", "Encounter:service-provider"),
        ("_revinclude", "Provenance:target"),
        ("_include", "*"),
    )
    assert query.includes == (
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
def test_a_contact_matches_in_any_case_and_by_its_system(version: str, text: str, value: TokenValue) -> None:
    """FHIR defines no system for the tokens of a contact, but apps send `phone|555-1234`."""
    query = parse(version, "Patient", [("telecom", text)], base=BASE)
    assert isinstance(query, Query)
    assert query.filters[0].values == (value,)


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
def test_a_code_that_no_resource_can_have_is_searched_with_a_warning(
    type: str, name: str, text: str, doubted: list[tuple[str, str, str]]
) -> None:
    query = parse_query(type, (name, text))
    assert list(query.doubted) == doubted
    assert len(query.filters) == 1


def test_a_search_of_several_types_has_the_same_warning() -> None:
    query = parse_multi_type_search("r4", ("Patient", "Person"), [("gender", "Male")], base=BASE)
    assert isinstance(query, Query)
    assert query.doubted == (("gender", "Male", "male"),)


def test_ids_and_codes_are_case_sensitive() -> None:
    assert parse_query("Patient", ("_id", "ABC")).ids == ("ABC",)
    assert only("Patient", "gender", "Female").values == (TokenValue(None, "Female"),)
    assert only("Patient", "identifier", "urn:X|Y").values == (TokenValue("urn:X", "Y"),)
    assert only("CodeSystem", "version", "1.0-RC1").values == (TokenValue(None, "1.0-rc1"),)


@pytest.mark.parametrize("name", ["_summary:x", "_elements:exclude", "_count:lt", "_total:not"])
@pytest.mark.parametrize("strict", [True, False])
def test_a_result_parameter_with_a_modifier_is_refused(name: str, strict: bool) -> None:
    """`_elements:exclude`, if its modifier were ignored, would return exactly the elements to exclude."""
    code, _, _ = name.partition(":")
    (fault,) = faults("Patient", (name, {"_count": "1", "_total": "none"}.get(code, "true")), strict=strict)
    assert (fault.rule, fault.parameter) == ("fhir-search-modifier-unsupported", name)
    assert fault.expected == f"{code} with no modifier"


def test_last_updated_with_several_values_is_a_filter_of_alternatives() -> None:
    single, both = (parse("r4", "Patient", [("_lastUpdated", text)], base=BASE) for text in ("lt2020", "lt2020,ge2026"))
    assert isinstance(single, Query)
    assert isinstance(both, Query)
    assert (len(single.updated), single.filters) == (1, ())
    assert (both.updated, [len(filter.values) for filter in both.filters]) == ((), [2])


@pytest.mark.parametrize("name", ["_sort", "_include", "_revinclude:iterate", "_total", "_summary", "_elements", "_count"])
def test_a_result_parameter_without_a_value_is_ignored(name: str) -> None:
    query = parse("r4", "Patient", [(name, ""), ("name", "x")], base=BASE, strict=True)
    assert isinstance(query, Query)
    assert (query.applied, query.ignored) == ((("name", "x"),), ((name, None),))


@pytest.mark.parametrize(
    ("version", "name", "value"),
    [
        ("dstu2", "_has:Observation:patient:code", "1234-5"),
        ("dstu2", "_total", "none"),
        ("stu3", "_total", "accurate"),
    ],
)
def test_a_parameter_of_a_later_version_is_unknown(version: str, name: str, value: str) -> None:
    lenient = parse(version, "Patient", [(name, value)], base=BASE)
    assert isinstance(lenient, Query)
    assert (lenient.ignored, lenient.applied, lenient.filters) == (((name, None),), (), ())
    strict = parse(version, "Patient", [(name, value)], base=BASE, strict=True)
    assert not isinstance(strict, Query)
    assert [(fault.rule, fault.parameter) for fault in strict] == [("fhir-search-unknown-param", name)]
    assert find_types(version, "Patient", [(name, value)]) == ()


def test_a_chain_in_dstu2_has_no_reverse_chain() -> None:
    wrong = parse("dstu2", "Observation", [("patient._has:Observation:patient:code", "1234-5")], base=BASE)
    assert not isinstance(wrong, Query)
    assert wrong[0].rule == "fhir-search-unknown-param"
