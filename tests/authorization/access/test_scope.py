"""The scopes of a token permit what a request asks for, and no more."""

from __future__ import annotations

import pytest
from msgspec import structs
from tests.authorization.access.test_access import fhir_request, with_scope

from sickbay.authorization import access
from sickbay.kernel.checks import examine


@pytest.mark.parametrize(
    ("scope", "query", "lacking"),
    [
        ("patient/*.rs", "", None),
        ("patient/Patient.rs patient/Observation.rs", "_type=Patient,Observation", None),
        ("patient/Patient.rs", "_type=Patient,Observation", "Observation"),
        ("patient/Patient.r", "_type=Patient", "Patient"),
        ("patient/Patient.rs", "", "the whole server"),
    ],
)
def test_a_search_across_types_needs_a_scope_for_each(scope: str, query: str, lacking: str | None) -> None:
    request = structs.replace(fhir_request(None, "s", query=query), interaction="search-system")
    refusals = examine(access.checks(request), request, with_scope(scope)).refusals
    assert [refusal.facts["type"] for refusal in refusals] == ([] if lacking is None else [lacking])
    assert all((refusal.name, refusal.facts["letters"]) == ("fhir-insufficient-scope", "s") for refusal in refusals)
