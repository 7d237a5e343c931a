"""The scopes of a token permit what a request asks for, and no more."""

from __future__ import annotations

import pytest
from msgspec import structs
from tests.authorization.access.test_access import TOKEN, fhir_request, with_scope

from sickbay.authorization import access
from sickbay.authorization.access import scope as access_scope
from sickbay.authorization.models import AccessToken
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
    refusals = examine(access.checks_for(request), request, with_scope(scope)).refusals
    assert [refusal.facts["type"] for refusal in refusals] == ([] if lacking is None else [lacking])
    assert all((refusal.name, refusal.facts["letters"]) == ("fhir-insufficient-scope", "s") for refusal in refusals)


@pytest.mark.parametrize(
    ("token", "type", "letters", "scope"),
    [
        (structs.replace(TOKEN, scope="user/Patient.rs", patient=None), "Condition", "r", "user/Condition.rs"),
        (structs.replace(TOKEN, scope="system/Patient.rs", patient=None, user=None), "Condition", "r", "system/Condition.rs"),
        (structs.replace(TOKEN, scope="patient/Patient.read"), "Condition", "rs", "patient/Condition.read"),
        (structs.replace(TOKEN, scope="patient/Patient.read"), None, "s", "patient/*.read"),
        (structs.replace(TOKEN, scope="patient/Patient.read"), "Condition", "d", "patient/Condition.write"),
        (structs.replace(TOKEN, scope="patient/Patient.rs"), "Condition", "rs", "patient/Condition.rs"),
        (structs.replace(TOKEN, scope="patient/Patient.rs"), "Condition", "cu", "patient/Condition.cu"),
    ],
)
def test_the_needed_scope_has_the_level_and_syntax_of_the_granted_ones(
    token: AccessToken, type: str | None, letters: str, scope: str
) -> None:
    assert access_scope.needed_scope(token, type, letters) == scope
