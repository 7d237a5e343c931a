"""Chained search parameters: where they lead with a type and without one, and how deep they may be."""

from __future__ import annotations

import pytest
from tests.fhir.search.test_parser import faults
from tests.fhir.search_parsing import BASE, only

from sickbay.fhir.search.parameters import load_parameters, resource_types
from sickbay.fhir.search.parser import parse
from sickbay.fhir.search.query import Filter, Query, StringValue, TokenValue
from sickbay.fhir.versions import VERSIONS


@pytest.mark.parametrize("name", ["subject:Patient.name", "patient.name"])
def test_a_chain_filters_on_the_referenced_resource(name: str) -> None:
    filter = only("Observation", name, "Peters")
    assert filter.chain is not None
    type, inner = filter.chain
    assert (filter.values, type, inner.parameter.code) == ((), "Patient", "name")
    assert inner.values == (StringValue("peters", "Peters"),)


def test_a_chain_may_end_with_the_id() -> None:
    filter = only("Observation", "patient._id", "1")
    assert filter.chain is not None
    assert filter.chain[1].values == (TokenValue(None, "1"),)


def test_a_chain_may_have_three_links_but_not_four() -> None:
    filter = only("Observation", "encounter.service-provider.name", "x")
    assert filter.chain is not None
    assert filter.chain[1].chain is not None
    four = faults("Observation", ("encounter.part-of.part-of.part-of.identifier", "x"))
    assert [fault.rule for fault in four] == ["fhir-search-too-complex"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("subject.nothing", "subject:Patient.nothing"),
        ("patient.nmae", "patient.name"),
        ("code.name", "code"),
        ("performer:Group.name", "performer:Group.<a search parameter of Group>"),
    ],
)
def test_a_chain_to_an_unknown_parameter_is_refused(name: str, expected: str) -> None:
    (fault,) = faults("Observation", (name, "x"))
    assert fault.rule == "fhir-search-unknown-param"
    assert expected in fault.expected


def targets_of(filter: Filter) -> dict[str, Filter]:
    """Returns the filter for each target type of a chain without a type."""
    return {end.chain[0]: end.chain[1] for end in filter.either if end.chain is not None}


def test_a_chain_without_a_type_leads_to_each_type_that_has_the_parameter() -> None:
    filter = only("Observation", "subject.name", "Peters")
    assert (filter.parameter.code, filter.values, filter.chain) == ("subject", (), None)
    assert {type: end.values for type, end in targets_of(filter).items()} == {
        "Location": (StringValue("peters", "Peters"),),
        "Patient": (StringValue("peters", "Peters"),),
    }
    assert set(targets_of(only("Observation", "subject._id", "1"))) == {"Device", "Group", "Location", "Patient"}


def test_a_chain_without_a_type_continues_with_the_types_that_have_the_parameter() -> None:
    ends = targets_of(only("Patient", "general-practitioner._has:Observation:performer:code", "x"))
    assert set(ends) == {"Organization", "Practitioner", "PractitionerRole"}
    deep = only("Observation", "patient.general-practitioner.name", "x")
    assert deep.chain is not None
    assert set(targets_of(deep.chain[1])) == {"Organization", "Practitioner"}
    # A Practitioner has no `organization`, and a role's `practitioner` can only be of one type.
    role = only("Patient", "general-practitioner.organization.name", "x")
    assert role.chain is not None
    assert role.chain[0] == "PractitionerRole"


def test_a_chain_is_refused_without_a_type_if_the_parameter_has_several_kinds() -> None:
    (fault,) = faults("Observation", ("part-of.series", "x"))
    assert fault.rule == "fhir-search-unknown-param"
    assert fault.expected == "part-of:ImagingStudy.series, with the type that you mean"


def test_a_canonical_cannot_be_chained() -> None:
    for version in ("r4", "r5"):
        (fault,) = faults("QuestionnaireResponse", ("questionnaire.title", "x"), version=version)
        assert fault.rule == "fhir-search-param-unsupported"
        assert fault.expected.startswith("questionnaire=<canonical URL>")


def test_a_chain_that_leads_to_too_many_types_needs_a_type() -> None:
    (fault,) = faults("Provenance", ("target._id", "1"))
    assert (fault.rule, "with the type that you mean" in fault.expected) == ("fhir-search-unknown-param", True)
    several = [("performer.identifier", str(number)) for number in range(12)]
    assert [fault.rule for fault in faults("Observation", *several)] == ["fhir-search-too-complex"]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_chain_along_any_reference_is_parsed_or_refused(version: str) -> None:
    for type in resource_types(version):
        for parameter in load_parameters(version, type).values():
            if parameter.kind == "reference":
                query = parse(version, type, [(f"{parameter.code}._lastUpdated", "gt2020")], base=BASE)
                assert isinstance(query, Query) or [fault.rule for fault in query] in (
                    ["fhir-search-unknown-param"],
                    ["fhir-search-param-unsupported"],
                )


def test_an_invalid_value_at_the_end_of_a_chain_is_reported() -> None:
    (fault,) = faults("Observation", ("subject._lastUpdated", "yesterday"))
    assert (fault.rule, fault.parameter) == ("fhir-date-malformed", "subject._lastUpdated")
