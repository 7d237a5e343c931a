"""Advanced searches: `_has`, lists, composites, positions, compartments, several types, and limits."""

from __future__ import annotations

import pytest

from sickbay.fhir.request_error import RequestError
from sickbay.fhir.routing import Route
from sickbay.fhir.search.filters import VALUES, is_answered
from sickbay.fhir.search.parameters import IDENTIFIER, OF_TYPE, TEXT, find, load_parameters, resource_types
from sickbay.fhir.search.parser import FILTERS, parse
from sickbay.fhir.search.query import CompositeValue, NearValue, QuantityValue, Query, ReferenceValue, TokenValue, UriValue
from sickbay.fhir.search.routes import is_strict, parse_multi_type_search, search_of
from sickbay.fhir.versions import VERSIONS

BASE = "http://h/general/r4"


def parse_query(type: str, *pairs: tuple[str, str], version: str = "r4") -> Query:
    query = parse(version, type, pairs, base=BASE, strict=True)
    assert isinstance(query, Query), query
    return query


def find_refusal(type: str, *pairs: tuple[str, str], version: str = "r4") -> RequestError:
    """Returns the only error, which occurs even with lenient handling."""
    errors = parse(version, type, pairs, base=BASE)
    assert isinstance(errors, tuple), errors
    (error,) = errors
    return error


def number(type: str, code: str) -> int:
    parameter = find("r4", type, code)
    assert parameter is not None
    return parameter.number


def test_has_is_a_reverse_filter_and_keeps_its_name_in_the_self_link() -> None:
    query = parse_query("Patient", ("_has:Observation:patient:code:not", "1"))
    (filter,) = query.filters
    assert filter.reverse
    assert filter.parameter.number == number("Observation", "patient")
    assert filter.chain is not None
    assert (filter.chain[0], filter.chain[1].parameter.code, filter.chain[1].modifier) == ("Observation", "code", "not")
    assert query.applied == (("_has:Observation:patient:code:not", "1"),)


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("_has:Observation:patient:_has:Provenance:target:_has:AuditEvent:entity:agent", None),
        ("_has:Patient:link:_has:Patient:link:_has:Patient:link:_has:Patient:link:name", "fhir-search-too-complex"),
        ("_has:Observation:encounter:code", "fhir-search-unknown-param"),
        ("_has:Observation:patient:nonsense", "fhir-search-unknown-param"),
        ("_has:Nothing:patient:code", "fhir-search-unknown-param"),
        ("_has:Observation:patient", "fhir-search-value-malformed"),
        ("_has", "fhir-search-value-malformed"),
        ("link:Patient._has:Observation:patient:code", None),
        ("_has:Observation:patient:encounter.service-provider.name", None),
        ("_has:Observation:patient:_has:Observation:has-member:encounter.service-provider.name", None),
        ("_has:Observation:patient:encounter.part-of.service-provider.name", "fhir-search-too-complex"),
        ("_has:Observation:patient:performer.name", None),
        ("general-practitioner:Practitioner.identifier.name", "fhir-search-unknown-param"),
    ],
)
def test_has_and_chains_follow_only_references_and_have_a_maximum_depth(name: str, rule: str | None) -> None:
    if rule is None:
        assert len(parse_query("Patient", (name, "Patient/x")).filters) == 1
    else:
        assert find_refusal("Patient", (name, "x")).rule == rule


def test_a_list_filters_on_the_resources_in_its_entries() -> None:
    (filter,) = parse_query("Condition", ("_list", "a,List/b")).filters
    assert filter.reverse
    assert filter.chain is not None
    assert (filter.chain[0], filter.chain[1].values) == ("List", (TokenValue(None, "a"), TokenValue(None, "b")))
    assert find_refusal("Condition", ("_list", "$current-problems")).rule == "fhir-search-param-unsupported"
    assert find_refusal("Condition", ("_list", "a b")).rule == "fhir-id-invalid"


def test_the_parts_of_a_composite_are_parsed_by_their_kinds() -> None:
    (filter,) = parse_query("Observation", ("code-value-quantity", r"http://loinc.org|a\$b$gt3||mg,c$4")).filters
    first, second = filter.values
    assert first == CompositeValue((TokenValue("http://loinc.org", "a$b"), QuantityValue("gt", 3.0, 3.0, None, "mg")))
    assert second == CompositeValue((TokenValue(None, "c"), QuantityValue("eq", 3.5, 4.5)))
    for wrong in ("a", "a$", "a$b$c", "$4"):
        assert find_refusal("Observation", ("code-value-quantity", wrong)).rule == "fhir-search-value-malformed"


def test_a_combo_composite_is_indexed_under_the_composites_it_combines() -> None:
    (filter,) = parse_query("Observation", ("combo-code-value-quantity", "a$4")).filters
    expected = [number("Observation", code) for code in ("code-value-quantity", "component-code-value-quantity")]
    assert list(filter.parameter.numbers) == expected


@pytest.mark.parametrize(
    ("type", "name", "text", "offset", "value"),
    [
        ("Observation", "subject:identifier", "urn:mrn|7", IDENTIFIER, TokenValue("urn:mrn", "7")),
        ("Patient", "identifier:of-type", "http://t|MR|7", OF_TYPE, TokenValue("http://t|MR", "7")),
        ("Patient", "identifier:of-type", "|MR|7", OF_TYPE, TokenValue("|MR", "7")),
    ],
)
def test_some_modifiers_use_other_index_entries_of_the_element(
    type: str, name: str, text: str, offset: int, value: TokenValue
) -> None:
    (filter,) = parse_query(type, (name, text)).filters
    assert (filter.parameter.number - offset, filter.values, filter.modifier) == (
        number(type, name.split(":")[0]),
        (value,),
        None,
    )


def test_the_text_modifier_uses_the_entries_of_the_combined_parameters() -> None:
    (filter,) = parse_query("Observation", ("combo-code:text", "heart")).filters
    assert filter.parameter.numbers == tuple(number("Observation", code) + TEXT for code in ("code", "component-code"))


@pytest.mark.parametrize(
    ("type", "name", "text", "value"),
    [
        ("Patient", "gender", "http://hl7.org/fhir/administrative-gender|male", TokenValue("", "male")),
        ("Patient", "gender", "http://hl7.org/fhir/administrative-gender|", TokenValue("", None)),
        ("Patient", "gender", "http://elsewhere|male", TokenValue("http://elsewhere", "male")),
        ("Patient", "active", "http://terminology.hl7.org/CodeSystem/special-values|true", TokenValue("", "true")),
        (
            "Observation",
            "code",
            "http://hl7.org/fhir/observation-status|final",
            TokenValue("http://hl7.org/fhir/observation-status", "final"),
        ),
    ],
)
def test_the_system_of_a_code_is_dropped_only_if_the_definition_implies_it(
    type: str, name: str, text: str, value: TokenValue
) -> None:
    assert parse_query(type, (name, text)).filters[0].values == (value,)


def test_a_bundled_value_set_is_replaced_by_its_codes() -> None:
    (filter,) = parse_query("Patient", ("gender:in", "http://hl7.org/fhir/ValueSet/administrative-gender")).filters
    assert {value.code for value in filter.values if isinstance(value, TokenValue)} == {
        "male",
        "female",
        "other",
        "unknown",
    }
    assert (
        parse_query("Patient", ("gender:not-in", "http://hl7.org/fhir/ValueSet/administrative-gender")).filters[0].modifier
        == "not"
    )


@pytest.mark.parametrize(
    ("type", "name", "text", "rule"),
    [
        ("Patient", "gender:in", "http://elsewhere/ValueSet/x", "fhir-search-modifier-unsupported"),
        ("Observation", "code:in", "http://x", "fhir-search-modifier-unsupported"),
        ("Observation", "code:above", "1", "fhir-search-modifier-unsupported"),
        ("Observation", "subject:above", "1", "fhir-search-modifier-unsupported"),
        ("Patient", "name:below", "x", "fhir-search-modifier-unsupported"),
        ("Patient", "birthdate:exact", "2020", "fhir-search-modifier-unsupported"),
        ("Patient", "_lastUpdated:not", "2020", "fhir-search-modifier-unsupported"),
        ("Observation", "code:below", "http://loinc.org|8867-4", "fhir-search-modifier-unsupported"),
        ("Condition", "clinical-status:below", "active", "fhir-search-modifier-unsupported"),
        ("Observation", "status:below", "http://loinc.org|final", "fhir-search-modifier-unsupported"),
        ("Observation", "status:below", "http://hl7.org/fhir/observation-status|", "fhir-search-value-malformed"),
        ("Observation", "encounter:below", "http://h/general/r4/Patient/1", "fhir-reference-malformed"),
        ("Observation", "patient:below", "1", "fhir-search-modifier-unsupported"),
        ("ValueSet", "url:contains", "x", "fhir-search-modifier-unsupported"),
        ("Patient", "name:text", "x", "fhir-search-modifier-unsupported"),
        ("Patient", "age", "7", "fhir-search-param-unsupported"),
        ("Patient", "_contained", "true", "fhir-search-param-unsupported"),
        ("Patient", "_filter", "name eq x", "fhir-search-param-unsupported"),
        ("Patient", "_text", "(bone OR", "fhir-search-value-malformed"),
        ("Patient", "_content", '"bone marrow"', "fhir-search-value-malformed"),
        ("Patient", "_content", "NOT bone", "fhir-search-value-malformed"),
        ("Patient", "_content", "...", "fhir-search-value-malformed"),
        ("Patient", "_text:missing", "true", "fhir-search-modifier-unsupported"),
        ("Patient", "_content:exact", "x", "fhir-search-modifier-unsupported"),
        ("Patient", "_query", "x", "fhir-search-param-unsupported"),
        ("Patient", "identifier:of-type", "MR|7", "fhir-search-value-malformed"),
        ("Location", "near", "95|0", "fhir-search-value-malformed"),
        ("Location", "near", "1|2|3|furlong", "fhir-search-value-malformed"),
        ("Location", "near", "here", "fhir-search-value-malformed"),
        ("Location", "near", "1|2|-3|km", "fhir-search-value-malformed"),
    ],
)
def test_an_unsupported_search_is_refused_even_with_lenient_handling(type: str, name: str, text: str, rule: str) -> None:
    assert find_refusal(type, (name, text)).rule == rule


def test_an_unsupported_result_parameter_is_ignored_or_refused_with_strict_handling() -> None:
    for name in ("_score", "_graph", "_maxresults", "_containedType"):
        lenient = parse("r4", "Patient", [(name, "1")], base=BASE)
        assert isinstance(lenient, Query)
        assert lenient.ignored == ((name, None),)
        strict = parse("r4", "Patient", [(name, "1")], base=BASE, strict=True)
        assert isinstance(strict, tuple)
        assert strict[0].rule == "fhir-search-param-unsupported"
    assert parse_query("Patient", ("_contained", "false")).applied == (("_contained", "false"),)
    assert find_refusal("Patient", ("_contained", "both")).expected.startswith("the resource that contains them")


def test_members_of_a_group_can_be_searched_only_in_r5() -> None:
    (filter,) = parse_query("Patient", ("_in", "Group/a,Group/b"), version="r5").filters
    assert filter.reverse
    assert filter.chain is not None
    assert (filter.chain[0], filter.chain[1].values) == ("Group", (TokenValue(None, "a"), TokenValue(None, "b")))
    for wrong in ("a", "Group/a,List/b", "Patient/a", "Group/a b", "Group/"):
        assert find_refusal("Patient", ("_in", wrong), version="r5").rule == "fhir-search-value-malformed"
    assert find_refusal("Patient", ("name:text-advanced", "x"), version="r5").rule == "fhir-search-modifier-unsupported"


def test_older_versions_use_other_urls_for_the_systems_of_a_hierarchy() -> None:
    v3, r4 = "http://hl7.org/fhir/v3/ActCode", "http://terminology.hl7.org/CodeSystem/v3-ActCode"
    below = [
        parse_query("Encounter", ("class:below", f"{system}|IMP"), version=version).filters[0].values
        for version, system in (("stu3", v3), ("r4", r4))
    ]
    assert {value.code for value in below[0] if isinstance(value, TokenValue)} == {"imp", "acute", "nonac"}
    codes = [value.code for value in below[1] if isinstance(value, TokenValue) and value.code]
    assert [value.code for value in below[0] if isinstance(value, TokenValue)] == [code.lower() for code in codes]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_metadata_lists_exactly_the_supported_parameters(version: str) -> None:
    for type in resource_types(version):
        for code, parameter in load_parameters(version, type).items():
            result = parse(version, type, [(code, "1")], base=BASE)
            is_unsupported = isinstance(result, tuple) and result[0].rule == "fhir-search-param-unsupported"
            assert is_unsupported is not is_answered(version, parameter), (type, code)


def test_a_position_is_parsed_with_its_distance() -> None:
    assert parse_query("Location", ("near", "42.25|-83.69|11.2|km")).filters[0].values == (
        NearValue(42_250_000, -83_690_000, 11_200),
    )
    assert parse_query("Location", ("near", "0|0|100|m")).filters[0].values == (NearValue(0, 0, 100),)
    old = parse_query("Location", ("near", "42.25:-83.69"), ("near-distance", "le5|km"), version="dstu2")
    assert old.filters[0].values == (NearValue(42_250_000, -83_690_000, 5_000),)
    assert [name for name, _ in old.applied] == ["near", "near-distance"]


def test_above_includes_the_url_and_its_parents() -> None:
    (filter,) = parse_query("ValueSet", ("url:above", "http://a/b/c")).filters
    urls = [value.uri for value in filter.values if isinstance(value, UriValue)]
    assert {"http://a/b/c", "http://a/b", "http://a"} <= set(urls)
    assert "http://a/b/c/d" not in urls


def test_a_reference_to_another_server_is_searched_as_its_url() -> None:
    query = parse_query("Observation", ("encounter", "http://elsewhere.example/Encounter/1"))
    assert query.filters[0].values == (ReferenceValue(None, "", "http://elsewhere.example/Encounter/1"),)


@pytest.mark.parametrize(
    "pairs",
    [
        [("code", ",".join(map(str, range(VALUES + 1))))],
        [("code", "1")] * (FILTERS + 1),
        [("_include", "Observation:subject")] * 41,
        [("_sort", ",".join(["date"] * 11))],
    ],
)
def test_a_search_over_a_limit_is_refused(pairs: list[tuple[str, str]]) -> None:
    assert find_refusal("Observation", *pairs).rule == "fhir-search-too-complex"


def several(*pairs: tuple[str, str], strict: bool = False) -> Query | tuple[RequestError, ...]:
    return parse_multi_type_search("r4", resource_types("r4"), pairs, base=BASE, strict=strict)


def test_several_types_are_searched_by_their_common_parameters() -> None:
    query = several(("_type", "Patient,Group"), ("_id", "a"), ("identifier", "x"), ("name", "y"), ("_sort", "-_lastUpdated"))
    assert isinstance(query, Query)
    assert [(part.type, part.ids, len(part.filters)) for part in query.parts] == [
        ("Group", ("a",), 1),
        ("Patient", ("a",), 1),
    ]
    assert query.ignored == (("name", query.ignored[0][1]),)
    assert [name for name, _ in query.applied] == ["_type", "_id", "identifier", "_sort"]
    assert (query.type, query.within, len(query.parts)) == ("", None, 2)
    wrong = several(("_type", "Patient,Patent"))
    assert isinstance(wrong, tuple)
    assert (wrong[0].rule, wrong[0].expected) == ("fhir-search-value-malformed", "_type=Patient")
    assert isinstance(several(("_type", "Patient,Group"), ("name", "y"), strict=True), tuple)


def test_all_types_are_searched_if_no_type_is_given() -> None:
    query = several(("_tag", "x"))
    assert isinstance(query, Query)
    assert tuple(part.type for part in query.parts) == resource_types("r4")


def test_a_compartment_search_uses_the_parameters_of_each_type() -> None:
    route = Route("search-compartment", "s", None, compartment=("Patient", "p"))
    query = search_of("r4", route, [("_type", "Observation,Coverage,Medication")], base=BASE)
    assert isinstance(query, Query)
    assert query.within is not None
    assert (query.type, query.within.type, query.within.id) == ("", "Patient", "p")
    within = {part.type: part.within.parameters for part in query.parts if part.within}
    assert set(within) == {"Observation", "Coverage"}
    assert within["Observation"] == (number("Observation", "subject"), number("Observation", "performer"))
    device = search_of("r4", Route("search-compartment", "s", "Observation", compartment=("Device", "d")), [], base=BASE)
    assert isinstance(device, Query)
    assert device.within is not None
    assert number("Observation", "device") in device.within.parameters


@pytest.mark.parametrize(
    ("policy", "prefer", "strict"),
    [
        (False, "", False),
        (True, "", True),
        (True, "handling=lenient", False),
        (False, "return=minimal; handling=strict", True),
    ],
)
def test_the_prefer_header_overrides_the_policy(policy: bool, prefer: str, strict: bool) -> None:
    assert is_strict(policy, prefer) is strict
