"""What is told of a search that cannot be answered, and of which types it is."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.authorization.search_requests import BASE, KNOWN, asked
from tests.authorization.test_search import said

from sickbay.authorization import search
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.models import AccessToken, Policy, Server
from sickbay.authorization.requests import AccessRequest
from sickbay.fhir.request_error import RequestError
from sickbay.kernel.checks import Refusal, RefusalType, examine
from sickbay.protocol.parameters import parse


def told(request: AccessRequest, known: AccessContext) -> list[Refusal]:
    return [*examine(search.checks(request), request, known).refusals]


def wanting(*lines: str, alone: tuple[str, ...] = ()) -> AccessContext:
    return replace(KNOWN, server=Server(fhir_bases=(BASE,), policy=Policy(search_criteria=lines, search_alone=alone)))


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
def test_what_a_hospital_wants_of_a_search_is_told_without_its_own_names(
    line: str, query: str, name: str, expected: list[str]
) -> None:
    (refusal,) = told(asked("Observation", query), wanting(line))
    assert refusal == Refusal(name, "required", {"type": "Observation", "expected": expected})
    assert told(asked("Condition", query), wanting(line)) == []


def test_what_stands_beside_an_id_is_told() -> None:
    (refusal,) = told(asked("Observation", "_id=1&patient=2&_count=3"), wanting(alone=("r4 Observation",)))
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
def test_offline_where_no_version_is_known_a_search_is_of_the_type_in_its_address(
    changed: dict[str, object], refused: bool
) -> None:
    known = AccessContext(server=Server(policy=Policy()), token=AccessToken("app", "user/*.cruds", BASE, 0, "f"), version="")
    assert bool(said(replace(asked("Patient"), **changed), known)) is refused  # type: ignore[arg-type]


def test_a_scope_that_searches_other_types_asks_for_no_narrower_search_of_patients() -> None:
    token = AccessToken("app", "user/Observation.rs patient/Patient.rs", BASE, 0, "f")
    assert said(asked("Patient"), AccessContext(server=Server(policy=Policy()), token=token, version="r4")) == []


def test_any_way_of_naming_the_patient_of_its_type_is_enough() -> None:
    policy = Server(fhir_bases=(BASE,), policy=Policy(requires_patient=True))
    known = replace(KNOWN, server=policy)
    assert said(asked("Observation", "performer=Patient/1"), known) == []
    assert said(asked("Observation", "code=x"), known) == [("fhir-search-missing-patient", 400)]


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
def test_a_representation_that_is_not_there_is_a_fault_with_the_one_that_is(
    accept: str | None, query: str, value: str | None
) -> None:
    request = asked("Patient", query, headers={} if accept is None else {"accept": accept})
    wanted = RequestError("fhir-accept-unsupported", "Accept", value, "application/fhir+json") if value else None
    assert search.faults(request, "r4") == ((wanted,) if wanted else ())


def test_of_a_type_it_is_told_in_which_versions_it_is() -> None:
    wrong = RequestError("fhir-resource-wrong-version", "type", "MedicationOrder", "MedicationRequest")
    (refusal,) = told(asked("MedicationOrder"), replace(wanting(), faults=(wrong,)))
    assert (refusal.facts["versions"], refusal.facts["version"], refusal.facts["real"]) == (["DSTU2"], "R4", True)
    date = RequestError("fhir-date-malformed", "date", "MedicationOrder", None)
    (refusal,) = told(asked("Observation"), replace(wanting(), faults=(date,)))
    assert refusal.facts["versions"] == []
    assert refusal.facts["real"] is False


@pytest.mark.parametrize(
    ("sent", "refused"),
    [
        ("application/json-patch+json", False),
        ("application/merge-patch+json", False),
        ("application/fhir+json", False),
        ("text/plain", True),
        (None, True),
    ],
)
def test_a_patch_is_of_a_patch_s_type_or_of_fhir_s(sent: str | None, refused: bool) -> None:
    headers = {"if-match": 'W/"1"'} | ({} if sent is None else {"content-type": sent})
    request = asked("Patient", method="PATCH", interaction="patch", id="p", letters="u", headers=headers, path="/Patient/p")
    assert ("fhir-write-content-type" in {name for name, _ in said(request)}) is refused


def test_a_check_of_a_fault_has_its_name_and_refuses_as_it_was_told() -> None:
    fault = RequestError("fhir-date-malformed", "date", "tomorrow", "2020-01-01")
    known = replace(KNOWN, faults=(RequestError("fhir-id-invalid", "x", "y", None), fault))
    kinds = (RefusalType("fhir-date-malformed", "value"), RefusalType("fhir-date-malformed", "late", 418))
    plain, own = (search.no_fault(kind, "dates_are_dates") for kind in kinds)
    assert (plain.name, plain.inputs, own.name) == ("dates_are_dates", "faults", "dates_are_dates")
    first, second = (one.decide(asked("Observation"), known) for one in (plain, own))
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
    for faults in ((), (RequestError("fhir-id-invalid", "x", "y", None),)):
        assert plain.decide(asked("Observation"), replace(KNOWN, faults=faults)) is None


@pytest.mark.parametrize(
    ("query", "refused"),
    [("", True), ("_type=Patient", True), ("_type=Observation,Patient", True), ("_type=Observation", False)],
)
def test_a_search_of_several_types_is_one_of_patients_where_it_names_them(query: str, refused: bool) -> None:
    known = AccessContext(server=Server(policy=Policy()), token=AccessToken("app", "user/*.cruds", BASE, 0, "f"), version="r4")
    request = AccessRequest("GET", BASE, "/", parse(query), interaction="search-system", letters="s")
    assert bool(said(request, known)) is refused
