"""What a search may ask beyond one parameter and its value: hops, lists, composites, positions, several types; its bounds."""

from __future__ import annotations

import pytest

from sickbay.fhir.request_error import RequestError
from sickbay.fhir.routing import Route
from sickbay.fhir.search.filters import VALUES, is_answered
from sickbay.fhir.search.parameters import IDENTIFIER, OF_TYPE, TEXT, find, parameters, resource_types
from sickbay.fhir.search.parser import FILTERS, parse, parse_several
from sickbay.fhir.search.query import CompositeValue, NearValue, QuantityValue, Query, ReferenceValue, TokenValue, UriValue
from sickbay.fhir.search.routes import search_of, strictly
from sickbay.fhir.versions import VERSIONS

BASE = "http://h/general/r4"


def asked(type: str, *pairs: tuple[str, str], version: str = "r4") -> Query:
    found = parse(version, type, pairs, base=BASE, strict=True)
    assert isinstance(found, Query), found
    return found


def refused(type: str, *pairs: tuple[str, str], version: str = "r4") -> RequestError:
    """The only fault, however lenient the handling."""
    found = parse(version, type, pairs, base=BASE)
    assert isinstance(found, tuple), found
    (one,) = found
    return one


def number(type: str, code: str) -> int:
    found = find("r4", type, code)
    assert found is not None
    return found.number


def test_has_leads_back_along_a_reference_and_keeps_its_name_in_the_self_link() -> None:
    found = asked("Patient", ("_has:Observation:patient:code:not", "1"))
    (one,) = found.filters
    assert one.reverse
    assert one.parameter.number == number("Observation", "patient")
    assert one.chain is not None
    assert (one.chain[0], one.chain[1].parameter.code, one.chain[1].modifier) == ("Observation", "code", "not")
    assert found.applied == (("_has:Observation:patient:code:not", "1"),)


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
def test_has_and_chains_lead_where_a_reference_leads_and_have_an_end(name: str, rule: str | None) -> None:
    if rule is None:
        assert len(asked("Patient", (name, "Patient/x")).filters) == 1
    else:
        assert refused("Patient", (name, "x")).rule == rule


def test_a_list_is_what_its_entries_refer_to() -> None:
    (one,) = asked("Condition", ("_list", "a,List/b")).filters
    assert one.reverse
    assert one.chain is not None
    assert (one.chain[0], one.chain[1].values) == ("List", (TokenValue(None, "a"), TokenValue(None, "b")))
    assert refused("Condition", ("_list", "$current-problems")).rule == "fhir-search-param-unsupported"
    assert refused("Condition", ("_list", "a b")).rule == "fhir-id-invalid"


def test_the_parts_of_a_composite_are_read_by_their_kinds() -> None:
    (one,) = asked("Observation", ("code-value-quantity", r"http://loinc.org|a\$b$gt3||mg,c$4")).filters
    first, second = one.values
    assert first == CompositeValue((TokenValue("http://loinc.org", "a$b"), QuantityValue("gt", 3.0, 3.0, None, "mg")))
    assert second == CompositeValue((TokenValue(None, "c"), QuantityValue("eq", 3.5, 4.5)))
    for wrong in ("a", "a$", "a$b$c", "$4"):
        assert refused("Observation", ("code-value-quantity", wrong)).rule == "fhir-search-value-malformed"


def test_a_composite_of_everywhere_is_held_under_those_of_each_place() -> None:
    (one,) = asked("Observation", ("combo-code-value-quantity", "a$4")).filters
    expected = [number("Observation", code) for code in ("code-value-quantity", "component-code-value-quantity")]
    assert list(one.parameter.numbers) == expected


@pytest.mark.parametrize(
    ("type", "name", "text", "offset", "value"),
    [
        ("Observation", "subject:identifier", "urn:mrn|7", IDENTIFIER, TokenValue("urn:mrn", "7")),
        ("Patient", "identifier:of-type", "http://t|MR|7", OF_TYPE, TokenValue("http://t|MR", "7")),
        ("Patient", "identifier:of-type", "|MR|7", OF_TYPE, TokenValue("|MR", "7")),
    ],
)
def test_some_modifiers_look_into_what_else_the_element_says(
    type: str, name: str, text: str, offset: int, value: TokenValue
) -> None:
    (one,) = asked(type, (name, text)).filters
    assert (one.parameter.number - offset, one.values, one.modifier) == (
        number(type, name.split(":")[0]),
        (value,),
        None,
    )


def test_text_is_looked_for_where_the_parts_of_a_parameter_keep_it() -> None:
    (one,) = asked("Observation", ("combo-code:text", "heart")).filters
    assert one.parameter.numbers == tuple(number("Observation", code) + TEXT for code in ("code", "component-code"))


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
def test_a_code_s_system_is_implied_by_its_definition_alone(type: str, name: str, text: str, value: TokenValue) -> None:
    assert asked(type, (name, text)).filters[0].values == (value,)


def test_a_value_set_of_the_definitions_is_its_codes() -> None:
    (one,) = asked("Patient", ("gender:in", "http://hl7.org/fhir/ValueSet/administrative-gender")).filters
    assert {value.code for value in one.values if isinstance(value, TokenValue)} == {
        "male",
        "female",
        "other",
        "unknown",
    }
    assert (
        asked("Patient", ("gender:not-in", "http://hl7.org/fhir/ValueSet/administrative-gender")).filters[0].modifier == "not"
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
def test_what_is_not_answered_is_refused_however_lenient_the_handling(type: str, name: str, text: str, rule: str) -> None:
    assert refused(type, (name, text)).rule == rule


def test_what_only_shapes_an_answer_is_left_out_and_named_or_refused_under_strict_handling() -> None:
    for name in ("_score", "_graph", "_maxresults", "_containedType"):
        found = parse("r4", "Patient", [(name, "1")], base=BASE)
        assert isinstance(found, Query)
        assert found.ignored == ((name, None),)
        strict = parse("r4", "Patient", [(name, "1")], base=BASE, strict=True)
        assert isinstance(strict, tuple)
        assert strict[0].rule == "fhir-search-param-unsupported"
    assert asked("Patient", ("_contained", "false")).applied == (("_contained", "false"),)
    assert refused("Patient", ("_contained", "both")).expected.startswith("the resource that contains them")


def test_members_of_a_group_are_found_by_r5_alone() -> None:
    (one,) = asked("Patient", ("_in", "Group/a,Group/b"), version="r5").filters
    assert one.reverse
    assert one.chain is not None
    assert (one.chain[0], one.chain[1].values) == ("Group", (TokenValue(None, "a"), TokenValue(None, "b")))
    for wrong in ("a", "Group/a,List/b", "Patient/a", "Group/a b", "Group/"):
        assert refused("Patient", ("_in", wrong), version="r5").rule == "fhir-search-value-malformed"
    assert refused("Patient", ("name:text-advanced", "x"), version="r5").rule == "fhir-search-modifier-unsupported"


def test_older_versions_call_the_systems_of_a_hierarchy_otherwise() -> None:
    v3, r4 = "http://hl7.org/fhir/v3/ActCode", "http://terminology.hl7.org/CodeSystem/v3-ActCode"
    below = [
        asked("Encounter", ("class:below", f"{one}|IMP"), version=version).filters[0].values
        for version, one in (("stu3", v3), ("r4", r4))
    ]
    assert {one.code for one in below[0] if isinstance(one, TokenValue)} == {"IMP", "ACUTE", "NONAC"}
    assert [TokenValue(r4, one.code) for one in below[0] if isinstance(one, TokenValue)] == list(below[1])


@pytest.mark.parametrize("version", VERSIONS)
def test_the_metadata_promise_what_is_answered_and_nothing_else(version: str) -> None:
    for type in resource_types(version):
        for code, one in parameters(version, type).items():
            found = parse(version, type, [(code, "1")], base=BASE)
            refused_as_unanswered = isinstance(found, tuple) and found[0].rule == "fhir-search-param-unsupported"
            assert refused_as_unanswered is not is_answered(version, one), (type, code)


def test_a_position_has_a_distance() -> None:
    assert asked("Location", ("near", "42.25|-83.69|11.2|km")).filters[0].values == (
        NearValue(42_250_000, -83_690_000, 11_200),
    )
    assert asked("Location", ("near", "0|0|100|m")).filters[0].values == (NearValue(0, 0, 100),)
    old = asked("Location", ("near", "42.25:-83.69"), ("near-distance", "le5|km"), version="dstu2")
    assert old.filters[0].values == (NearValue(42_250_000, -83_690_000, 5_000),)
    assert [name for name, _ in old.applied] == ["near", "near-distance"]


def test_above_is_the_address_and_all_over_it() -> None:
    (one,) = asked("ValueSet", ("url:above", "http://a/b/c")).filters
    held = [value.uri for value in one.values if isinstance(value, UriValue)]
    assert {"http://a/b/c", "http://a/b", "http://a"} <= set(held)
    assert "http://a/b/c/d" not in held


def test_a_foreign_reference_is_looked_for_as_it_is_written() -> None:
    found = asked("Observation", ("encounter", "http://elsewhere.example/Encounter/1"))
    assert found.filters[0].values == (ReferenceValue(None, "", "http://elsewhere.example/Encounter/1"),)


@pytest.mark.parametrize(
    "pairs",
    [
        [("code", ",".join(map(str, range(VALUES + 1))))],
        [("code", "1")] * (FILTERS + 1),
        [("_include", "Observation:subject")] * 41,
        [("_sort", ",".join(["date"] * 11))],
    ],
)
def test_a_search_that_asks_for_too_much_is_refused(pairs: list[tuple[str, str]]) -> None:
    assert refused("Observation", *pairs).rule == "fhir-search-too-complex"


def several(*pairs: tuple[str, str], strict: bool = False) -> Query | tuple[RequestError, ...]:
    return parse_several("r4", resource_types("r4"), pairs, base=BASE, strict=strict)


def test_several_types_are_searched_by_what_all_of_them_have() -> None:
    found = several(("_type", "Patient,Group"), ("_id", "a"), ("identifier", "x"), ("name", "y"), ("_sort", "-_lastUpdated"))
    assert isinstance(found, Query)
    assert [(one.type, one.ids, len(one.filters)) for one in found.parts] == [
        ("Group", ("a",), 1),
        ("Patient", ("a",), 1),
    ]
    assert found.ignored == (("name", found.ignored[0][1]),)
    assert [name for name, _ in found.applied] == ["_type", "_id", "identifier", "_sort"]
    assert (found.type, found.path, len(found.each())) == ("", "", 2)
    wrong = several(("_type", "Patient,Patent"))
    assert isinstance(wrong, tuple)
    assert (wrong[0].rule, wrong[0].expected) == ("fhir-search-value-malformed", "_type=Patient")
    assert isinstance(several(("_type", "Patient,Group"), ("name", "y"), strict=True), tuple)


def test_without_a_type_all_are_searched() -> None:
    found = several(("_tag", "x"))
    assert isinstance(found, Query)
    assert tuple(one.type for one in found.parts) == resource_types("r4")


def test_a_compartment_holds_each_type_by_its_own_parameters() -> None:
    route = Route("search-compartment", "s", None, compartment=("Patient", "p"))
    found = search_of("r4", route, [("_type", "Observation,Coverage,Medication")], base=BASE)
    assert isinstance(found, Query)
    assert found.path == "Patient/p/*"
    held = {one.type: one.within.parameters for one in found.parts if one.within}
    assert set(held) == {"Observation", "Coverage"}
    assert held["Observation"] == (number("Observation", "subject"), number("Observation", "performer"))
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
def test_who_asks_decides_over_the_hospital(policy: bool, prefer: str, strict: bool) -> None:
    assert strictly(policy, prefer) is strict
