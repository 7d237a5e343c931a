"""Chains: where they lead, with a type and without one, and where they end."""

from __future__ import annotations

import pytest
from tests.fhir.search.test_parser import faults
from tests.fhir.search_parsing import BASE, only

from sickbay.fhir.search.parameters import parameters, resource_types
from sickbay.fhir.search.parser import parse
from sickbay.fhir.search.query import Filter, Query, StringValue, TokenValue
from sickbay.fhir.versions import VERSIONS


@pytest.mark.parametrize("name", ["subject:Patient.name", "patient.name"])
def test_a_chain_filters_on_the_other_end(name: str) -> None:
    found = only("Observation", name, "Peters")
    assert found.chain is not None
    type, inner = found.chain
    assert (found.values, type, inner.parameter.code) == ((), "Patient", "name")
    assert inner.values == (StringValue("peters", "Peters"),)


def test_a_chain_may_end_at_the_id() -> None:
    found = only("Observation", "patient._id", "1")
    assert found.chain is not None
    assert found.chain[1].values == (TokenValue(None, "1"),)


def test_a_chain_may_be_of_three_links_and_not_of_four() -> None:
    found = only("Observation", "encounter.service-provider.name", "x")
    assert found.chain is not None
    assert found.chain[1].chain is not None
    four = faults("Observation", ("encounter.part-of.part-of.part-of.identifier", "x"))
    assert [one.rule for one in four] == ["fhir-search-too-complex"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("subject.nothing", "subject:Patient.nothing"),
        ("patient.nmae", "patient.name"),
        ("code.name", "code"),
        ("performer:Group.name", "performer:Group.<a search parameter of Group>"),
    ],
)
def test_a_chain_that_leads_nowhere_is_refused(name: str, expected: str) -> None:
    (fault,) = faults("Observation", (name, "x"))
    assert fault.rule == "fhir-search-unknown-param"
    assert expected in fault.expected


def led(found: Filter) -> dict[str, Filter]:
    """Where a chain that says no type leads: type -> the filter there."""
    return {one.chain[0]: one.chain[1] for one in found.either if one.chain is not None}


def test_a_chain_without_a_type_leads_to_each_type_that_has_the_parameter() -> None:
    found = only("Observation", "subject.name", "Peters")
    assert (found.parameter.code, found.values, found.chain) == ("subject", (), None)
    assert {type: one.values for type, one in led(found).items()} == {
        "Location": (StringValue("peters", "Peters"),),
        "Patient": (StringValue("peters", "Peters"),),
    }
    assert set(led(only("Observation", "subject._id", "1"))) == {"Device", "Group", "Location", "Patient"}


def test_a_chain_without_a_type_goes_on_where_it_can() -> None:
    found = led(only("Patient", "general-practitioner._has:Observation:performer:code", "x"))
    assert set(found) == {"Organization", "Practitioner", "PractitionerRole"}
    deep = only("Observation", "patient.general-practitioner.name", "x")
    assert deep.chain is not None
    assert set(led(deep.chain[1])) == {"Organization", "Practitioner"}
    # A Practitioner has no `organization`, and of a role's `practitioner` there is one type.
    role = only("Patient", "general-practitioner.organization.name", "x")
    assert role.chain is not None
    assert role.chain[0] == "PractitionerRole"


def test_a_chain_whose_parameter_is_of_several_kinds_says_which_type() -> None:
    (fault,) = faults("Observation", ("part-of.series", "x"))
    assert fault.rule == "fhir-search-unknown-param"
    assert fault.expected == "part-of:ImagingStudy.series, with the type that you mean"


def test_a_canonical_is_no_way_along() -> None:
    for version in ("r4", "r5"):
        (fault,) = faults("QuestionnaireResponse", ("questionnaire.title", "x"), version=version)
        assert fault.rule == "fhir-search-param-unsupported"
        assert fault.expected.startswith("questionnaire=<canonical URL>")


def test_a_chain_that_leads_to_very_many_types_says_which() -> None:
    (fault,) = faults("Provenance", ("target._id", "1"))
    assert (fault.rule, "with the type that you mean" in fault.expected) == ("fhir-search-unknown-param", True)
    several = [("performer.identifier", str(number)) for number in range(12)]
    assert [one.rule for one in faults("Observation", *several)] == ["fhir-search-too-complex"]


@pytest.mark.parametrize("version", VERSIONS)
def test_a_chain_along_any_reference_is_read_or_refused_by_name(version: str) -> None:
    for type in resource_types(version):
        for parameter in parameters(version, type).values():
            if parameter.kind == "reference":
                found = parse(version, type, [(f"{parameter.code}._lastUpdated", "gt2020")], base=BASE)
                assert isinstance(found, Query) or [one.rule for one in found] in (
                    ["fhir-search-unknown-param"],
                    ["fhir-search-param-unsupported"],
                )


def test_a_value_that_cannot_be_read_is_told_of_a_chain_without_a_type_too() -> None:
    (fault,) = faults("Observation", ("subject._lastUpdated", "yesterday"))
    assert (fault.rule, fault.parameter) == ("fhir-date-malformed", "subject._lastUpdated")
