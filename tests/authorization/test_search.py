"""What a FHIR request must be and say, beyond its token."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from tests.authorization.search_requests import BASE, KNOWN, asked

import sickbay.fhir
from sickbay.authorization import operations, search
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.models import AccessToken, Policy, Server
from sickbay.authorization.requests import AccessRequest
from sickbay.fhir.request_error import RequestError
from sickbay.kernel.checks import examine
from sickbay.protocol.parameters import parse


def said(request: AccessRequest, known: AccessContext = KNOWN) -> list[tuple[str, int]]:
    return [(one.name, one.status) for one in examine(search.checks(request), request, known).refusals]


@pytest.mark.parametrize(
    "query",
    ["", "_count=100", "active=true", "_lastUpdated=gt2020", "name=", "_sort=name", "_summary=count", "_elements=id"],
)
def test_a_user_may_not_ask_for_all_patients(query: str) -> None:
    assert said(asked("Patient", query)) == [("fhir-search-unbounded", 400)]


@pytest.mark.parametrize(
    "query",
    [
        "name=x",
        "_id=1",
        "identifier=s|1",
        "birthdate=1970",
        "gender=female",
        "name:exact=x",
        "_has:Observation:patient:code=1",
    ],
)
def test_a_parameter_that_narrows_is_enough(query: str) -> None:
    assert said(asked("Patient", query)) == []


@pytest.mark.parametrize(
    ("scope", "policy", "refused"),
    [
        ("patient/*.rs", Policy(), False),
        ("system/*.rs", Policy(), False),
        ("user/Patient.rs", Policy(), True),
        ("patient/*.rs user/*.rs", Policy(), True),
        ("user/Patient.rs", Policy(unbounded_patient_search="allow"), False),
    ],
)
def test_who_may_not_ask_for_all_patients(scope: str, policy: Policy, refused: bool) -> None:
    known = AccessContext(server=Server(policy=policy), token=AccessToken("app", scope, BASE, 0, "f"), version="r4")
    assert bool(said(asked("Patient"), known)) is refused


@pytest.mark.parametrize(
    ("type", "query", "names"),
    [
        ("Observation", "", ["fhir-search-missing-patient", "fhir-search-missing-category"]),
        ("Observation", "patient=1", ["fhir-search-missing-category"]),
        ("Observation", "subject:Patient=1&category=x", []),
        ("Observation", "patient.name=x&code=1", []),
        ("Observation", "_id=1", []),
        ("Condition", "patient=1", []),
        ("CarePlan", "patient=1", ["fhir-search-missing-category"]),
        ("Practitioner", "", []),
    ],
)
def test_searches_name_patient_and_category_where_the_tenant_wants_it(type: str, query: str, names: list[str]) -> None:
    assert [name for name, _ in said(asked(type, query))] == names


@pytest.mark.parametrize("query", ["patient=undefined", "subject=Patient/null", "patient:Patient=NaN"])
def test_a_patient_that_a_script_did_not_have(query: str) -> None:
    assert ("fhir-patient-undefined", 400) in said(asked("Observation", query + "&category=x"))


def test_an_id_that_a_script_did_not_have_is_not_found() -> None:
    request = asked("Patient", id="undefined", interaction="read", path="/Patient/undefined")
    assert said(request) == [("fhir-patient-undefined", 404)]


@pytest.mark.parametrize(
    ("path", "accept", "rule", "status"),
    [
        ("/MedicationOrder", None, "fhir-resource-wrong-version", 404),
        ("/Patients", None, "fhir-resource-unknown", 404),
        ("//Patient", None, "fhir-base-double-slash", 404),
        ("/Patient/MRN%20123%2F45", None, "fhir-id-invalid", 404),
        ("/Patient/1", "text/html", "fhir-accept-unsupported", 406),
        ("/Patient/1", "application/json+fhir", "fhir-accept-unsupported", 406),
    ],
)
def test_an_address_or_accept_that_leads_nowhere(path: str, accept: str | None, rule: str, status: int) -> None:
    request = AccessRequest("GET", BASE, path, headers={"accept": accept} if accept else {})
    known = replace(KNOWN, faults=search.faults(request, "r4"))
    assert said(request, known) == [(rule, status)]


def test_an_address_outside_of_the_base() -> None:
    request = AccessRequest("GET", "", "/Patient/1", url="http://localhost:7425/Patient/1")
    assert said(request) == [("fhir-base-url-wrong", 404)]
    assert said(replace(request, path="/favicon.ico")) == []


RULES = sorted(
    set(re.findall(r'"(fhir-[a-z-]+)"', "".join(path.read_text() for path in Path(sickbay.fhir.__file__).parent.rglob("*.py"))))
)


@pytest.mark.parametrize("rule", RULES)
def test_every_fault_that_fhir_can_find_is_refused(rule: str) -> None:
    known = replace(KNOWN, faults=(RequestError(rule, "x", "y", "z"),))
    checks = (*search.CHECKS, *operations.CHECKS)
    assert rule in [one.name for one in examine(checks, asked("Practitioner"), known).refusals]


@pytest.mark.parametrize(
    ("method", "path", "interaction", "headers", "answer"),
    [
        ("POST", "/Patient/_search", "search-type", {"content-type": "text/json"}, ("fhir-search-post-content-type", 415)),
        ("PUT", "/Patient/1", "update", {"content-type": "application/fhir+json"}, ("fhir-if-match-missing", 412)),
        ("PUT", "/Patient/1", "update", {"content-type": "text/plain", "if-match": 'W/"1"'}, ("fhir-write-content-type", 415)),
    ],
)
def test_headers_that_are_needed(method: str, path: str, interaction: str, headers: dict[str, str], answer: object) -> None:
    request = asked("Patient", "_id=1", method=method, path=path, interaction=interaction, headers=headers)
    assert said(request) == [answer]


def test_a_posted_search_may_have_all_in_its_address() -> None:
    assert said(asked("Patient", "_id=1", method="POST", path="/Patient/_search")) == []


def test_a_preflight_is_not_examined() -> None:
    assert search.checks(asked("Patient", interaction="preflight")) == ()


def test_a_version_that_is_not_known_has_no_types_of_body() -> None:
    request = asked("Patient", method="PUT", interaction="create", headers={"content-type": "text/plain"})
    assert ("fhir-write-content-type", 415) in said(request)
    assert ("fhir-write-content-type", 415) not in said(request, replace(KNOWN, version=""))


@pytest.mark.parametrize(
    ("sent", "body", "refused"),
    [
        ("application/fhir+json", "{}", False),
        ("application/x-www-form-urlencoded", "a=b", False),
        ("text/plain", "x", True),
        ("text/plain", "", False),
        (None, "", False),
    ],
)
def test_an_operation_is_given_a_resource_a_form_or_nothing(sent: str | None, body: str, refused: bool) -> None:
    headers = {} if sent is None else {"content-type": sent}
    request = asked("Patient", "_id=1", method="POST", interaction="operation", headers=headers, body=body)
    assert said(request) == ([("fhir-write-content-type", 415)] if refused else [])


@pytest.mark.parametrize(("interaction", "refused"), [("create", False), ("update", False), ("patch", True)])
def test_a_binary_may_be_sent_as_what_it_holds(interaction: str, refused: bool) -> None:
    headers = {"content-type": "application/pdf", "if-match": 'W/"1"'}
    request = asked("Binary", method="PATCH" if refused else "PUT", interaction=interaction, headers=headers)
    assert said(request) == ([("fhir-write-content-type", 415)] if refused else [])


BY_TYPE = Policy(
    search_criteria=(
        "r4 Appointment: _id | patient | location | actor",
        "r4 Appointment: _id | date",
        "r4 Goal: _id | patient",
    ),
    search_alone=("r4 Appointment",),
)


@pytest.mark.parametrize(
    ("type", "query", "refused"),
    [
        ("Appointment", "", ["fhir-search-missing-param"]),
        ("Appointment", "patient=1", ["fhir-search-missing-param"]),
        ("Appointment", "date=2026", ["fhir-search-missing-param"]),
        ("Appointment", "patient=1&date=2026", []),
        ("Appointment", "location:missing=true&date=2026", []),
        ("Appointment", "_id=1", []),
        ("Appointment", "_id=1&_count=5&_include=Appointment:patient", []),
        ("Appointment", "_id=1&date=2026", ["fhir-search-id-not-alone"]),
        ("Goal", "", ["fhir-search-missing-patient"]),
        ("Goal", "_id=1&patient=2", []),
        ("Flag", "", []),
    ],
)
def test_a_hospital_s_criteria_hold_type_by_type(type: str, query: str, refused: list[str]) -> None:
    server = KNOWN.server
    assert isinstance(server, Server)
    known = replace(KNOWN, server=replace(server, policy=BY_TYPE))
    assert [name for name, _ in said(asked(type, query), known)] == refused


def test_what_is_wrong_with_address_and_format_is_found() -> None:
    fault = RequestError("fhir-accept-unsupported", "Accept", "html", "application/fhir+json")
    assert search.faults(AccessRequest("GET", BASE, "/Patient", parse("_format=html")), "r4") == (fault,)
    assert search.faults(AccessRequest("GET", BASE, "/Patient", parse("_format=json")), "r4") == ()
    assert [one.rule for one in search.faults(AccessRequest("GET", BASE, "/Patients"), "r4")] == ["fhir-resource-unknown"]


def test_a_check_about_something_lets_pass_where_there_is_none() -> None:
    """What examine() need not ask must have nothing to say."""
    about = [one for one in (*search.CHECKS, *operations.CHECKS) if one.inputs]
    assert {one.inputs for one in about} == {"faults"}
    for request in (
        asked("Patient"),
        asked("Nonsense", "naem=x", id="a b", interaction="read"),
        asked("Patient", method="POST"),
    ):
        assert [one.name for one in about if one.decide(request, replace(KNOWN, faults=())) is not None] == []


@pytest.mark.parametrize(
    ("path", "token", "base"),
    [
        ("/Patient/1", None, "http://a/x/r4"),
        ("/DSTU2/Patient/1", None, "http://a/x/dstu2"),
        ("/r4/Patient", AccessToken("app", "", "http://a/x/dstu2", 0, "f"), "http://a/x/dstu2"),
        ("/dstu2/Patient", AccessToken("app", "", "http://elsewhere/r4", 0, "f"), "http://a/x/dstu2"),
    ],
)
def test_the_base_that_was_meant_is_the_token_s_else_the_one_whose_version_is_named(path, token, base) -> None:
    assert search.base_meant(path, token, Server(fhir_bases=("http://a/x/r4", "http://a/x/dstu2"))) == base


def test_the_end_of_the_base_in_the_place_of_a_type_is_told_apart() -> None:
    for path, told in (("/r4/Patient", True), ("/Patients", False)):
        request = AccessRequest("GET", BASE, path)
        (refusal, *_) = examine(search.CHECKS, request, replace(KNOWN, faults=search.faults(request, "r4"))).refusals
        assert ("of_base" in refusal.facts) is told
