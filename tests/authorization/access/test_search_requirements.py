"""The facts of a refused search, and the types that a search covers."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs
from tests.authorization.access.test_search import names_and_statuses
from tests.authorization.search_requests import BASE, KNOWN, search_request

from sickbay.authorization.access import search
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.models import AccessToken, Policy, Server
from sickbay.authorization.requests import AccessRequest
from sickbay.fhir.request_error import RequestError
from sickbay.kernel.checks import Refusal, RefusalType, examine
from sickbay.protocol.parameters import parse


def search_refusals(request: AccessRequest, context: AccessContext) -> list[Refusal]:
    return [*examine(search.checks_for(request), request, context).refusals]


def with_policy(*lines: str, only_id: tuple[str, ...] = ()) -> AccessContext:
    return structs.replace(KNOWN, server=Server(fhir_bases=(BASE,), policy=Policy(search_criteria=lines, search_alone=only_id)))


@pytest.mark.parametrize(
    ("line", "query", "name", "expected"),
    [
        ("r4 Observation: _id | category | code", "date=2020", "fhir-search-missing-category", ["_id", "category", "code"]),
        ("r4 Observation: _id | code", "date=2020", "fhir-search-missing-param", ["_id", "code"]),
        ("r4 Observation: _id | patient | subject", "code=x", "fhir-search-missing-patient", ["_id", "patient", "subject"]),
        (
            "r4 Observation: _id | patient | subject | -encounter",
            "code=x",
            "fhir-search-missing-param",
            ["_id", "patient", "subject"],
        ),
    ],
)
def test_the_refusal_lists_the_required_parameters_without_internal_names(
    line: str, query: str, name: str, expected: list[str]
) -> None:
    (refusal,) = search_refusals(search_request("Observation", query), with_policy(line))
    assert refusal == Refusal(name, "required", {"type": "Observation", "expected": expected})
    assert search_refusals(search_request("Condition", query), with_policy(line)) == []


def test_the_refusal_lists_the_parameters_next_to_an_id() -> None:
    (refusal,) = search_refusals(
        search_request("Observation", "_id=1&patient=2&_count=3"), with_policy(only_id=("r4 Observation",))
    )
    assert refusal == Refusal("fhir-search-id-not-alone", "business-rule", {"type": "Observation", "received": ["patient"]})


@pytest.mark.parametrize(
    ("changed", "refused"),
    [
        ({}, True),
        ({"interaction": "read", "id": "p"}, False),
        ({"interaction": "history"}, False),
        ({"interaction": "search-type", "type": "Observation"}, False),
    ],
)
def test_offline_without_a_version_the_type_in_the_url_is_searched(changed: dict[str, object], refused: bool) -> None:
    context = AccessContext(server=Server(policy=Policy()), token=AccessToken("app", "user/*.cruds", BASE, 0, "f"), version="")
    assert bool(names_and_statuses(structs.replace(search_request("Patient"), **changed), context)) is refused


def test_a_user_scope_for_another_type_needs_no_narrower_patient_search() -> None:
    token = AccessToken("app", "user/Observation.rs patient/Patient.rs", BASE, 0, "f")
    assert (
        names_and_statuses(search_request("Patient"), AccessContext(server=Server(policy=Policy()), token=token, version="r4"))
        == []
    )


def test_any_patient_parameter_of_the_type_is_enough() -> None:
    policy = Server(fhir_bases=(BASE,), policy=Policy(requires_patient=True))
    known = structs.replace(KNOWN, server=policy)
    assert names_and_statuses(search_request("Observation", "performer=Patient/1"), known) == []
    assert names_and_statuses(search_request("Observation", "code=x"), known) == [("fhir-search-missing-patient", 400)]


@pytest.mark.parametrize(
    ("accept", "query", "value"),
    [
        (None, "", None),
        ("application/fhir+json", "", None),
        ("text/html", "", "text/html"),
        ("text/html", "_format=json", None),
        ("application/json", "_format=text/csv", "text/csv"),
    ],
)
def test_an_unsupported_format_is_a_fault_with_the_supported_one(accept: str | None, query: str, value: str | None) -> None:
    request = search_request("Patient", query, headers={} if accept is None else {"accept": accept})
    expected = RequestError("fhir-accept-unsupported", "Accept", value, "application/fhir+json") if value else None
    assert search.find_request_errors(request, "r4") == ((expected,) if expected else ())


def test_the_refusal_lists_the_fhir_versions_of_a_type() -> None:
    wrong_version = RequestError("fhir-resource-wrong-version", "type", "MedicationOrder", "MedicationRequest")
    (refusal,) = search_refusals(search_request("MedicationOrder"), structs.replace(with_policy(), faults=(wrong_version,)))
    assert (refusal.facts["versions"], refusal.facts["version"], refusal.facts["real"]) == (["DSTU2"], "R4", True)
    date = RequestError("fhir-date-malformed", "date", "MedicationOrder", "")
    (refusal,) = search_refusals(search_request("Observation"), structs.replace(with_policy(), faults=(date,)))
    assert refusal.facts["versions"] == []
    assert refusal.facts["real"] is False


@pytest.mark.parametrize(
    ("sent", "body", "expected"),
    [
        ("application/json-patch+json", "[]", None),
        ("Application/JSON-Patch+JSON; charset=utf-8", " []", None),
        ("application/merge-patch+json", "{}", None),
        ("application/merge-patch+json", "[]", None),
        ("application/fhir+json", "{}", None),
        ("application/json", "{}", None),
        ("application/json", "", None),
        ("text/plain", "[]", {"patch": True}),
        ("text/plain", "{}", {}),
        (None, "[]", {"patch": True}),
        (None, "{}", {}),
        *(
            (sent, "\n []", {"patch": True})
            for sent in ("application/fhir+json", "application/json", "text/json;charset=utf-8")
        ),
    ],
)
def test_a_patch_needs_the_content_type_of_its_format(sent: str | None, body: str, expected: dict[str, Any] | None) -> None:
    headers = {"if-match": 'W/"1"'} | ({} if sent is None else {"content-type": sent})
    request = search_request(
        "Patient", method="PATCH", interaction="patch", id="p", letters="u", headers=headers, path="/Patient/p", body=body
    )
    facts = {"received": sent, "expected": "application/json-patch+json"}
    refused = (
        [Refusal("fhir-write-content-type", "not-supported", facts | (expected or {}), 415)] if expected is not None else []
    )
    assert search_refusals(request, KNOWN) == refused


def test_a_fault_check_has_its_name_and_its_refusal() -> None:
    fault = RequestError("fhir-date-malformed", "date", "tomorrow", "2020-01-01")
    known = structs.replace(KNOWN, faults=(RequestError("fhir-id-invalid", "x", "y", ""), fault))
    kinds = (RefusalType("fhir-date-malformed", "value"), RefusalType("fhir-date-malformed", "late", 418))
    plain, own = (search.make_error_check(kind, "dates_are_dates") for kind in kinds)
    assert (plain.name, plain.inputs, own.name) == ("dates_are_dates", "faults", "dates_are_dates")
    first, second = (fault_check.decide(search_request("Observation"), known) for fault_check in (plain, own))
    assert first is not None
    assert second is not None
    assert (first.name, first.error, first.status) == ("fhir-date-malformed", "value", 400)
    assert (second.name, second.error, second.status) == ("fhir-date-malformed", "late", 418)
    assert first.facts == {
        "parameter": "date",
        "received": "tomorrow",
        "expected": "2020-01-01",
        "version": "R4",
        "versions": [],
        "real": False,
    }
    for faults in ((), (RequestError("fhir-id-invalid", "x", "y", ""),)):
        assert plain.decide(search_request("Observation"), structs.replace(KNOWN, faults=faults)) is None


@pytest.mark.parametrize(
    ("query", "refused"),
    [("", True), ("_type=Patient", True), ("_type=Observation,Patient", True), ("_type=Observation", False)],
)
def test_a_search_across_types_counts_as_a_patient_search_if_it_includes_patients(query: str, refused: bool) -> None:
    context = AccessContext(
        server=Server(policy=Policy()), token=AccessToken("app", "user/*.cruds", BASE, 0, "f"), version="r4"
    )
    request = AccessRequest("GET", BASE, "/", parse(query), interaction="search-system", letters="s")
    assert bool(names_and_statuses(request, context)) is refused
