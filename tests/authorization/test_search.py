"""What a FHIR request must be and say, beyond its token."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

import sickbay.fhir
from sickbay.authorization import search
from sickbay.authorization.known import AccessKnown
from sickbay.authorization.requests import AccessRequest
from sickbay.authorization.values import Policy, Server, Token
from sickbay.fhir.fault import Fault
from sickbay.kernel.refusal import examine
from sickbay.protocol.parameters import parse

BASE = "http://localhost:7425/general/r4"
STRICT = Policy(requires_patient=True, requires_category=True, versioned_update=True)
KNOWN = AccessKnown(
    server=Server(fhir_bases=(BASE,), policy=STRICT), token=Token("app", "user/*.cruds", BASE, 0, "f"), version="r4"
)  # fmt: skip


def asked(type: str, query: str = "", **changed: object) -> AccessRequest:
    request = AccessRequest("GET", BASE, f"/{type}", parse(query), type=type, interaction="search-type", letters="s")
    return replace(request, **changed)  # type: ignore[arg-type]


def said(request: AccessRequest, known: AccessKnown = KNOWN) -> list[tuple[str, int]]:
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
    known = AccessKnown(server=Server(policy=policy), token=Token("app", scope, BASE, 0, "f"), version="r4")
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


RULES = sorted(set(re.findall(r'"(fhir-[a-z-]+)"', "".join(
    path.read_text() for path in Path(sickbay.fhir.__file__).parent.glob("*.py")
))))  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
def test_every_fault_that_fhir_can_find_is_refused(rule: str) -> None:
    known = replace(KNOWN, faults=(Fault(rule, "x", "y", "z"),))
    assert rule in [name for name, _ in said(asked("Practitioner"), known)]


@pytest.mark.parametrize(
    ("method", "path", "interaction", "headers", "answer"),
    [
        ("POST", "/Patient/_search", "search-type", {"content-type": "text/json"}, ("fhir-search-post-content-type", 415)),
        ("PUT", "/Patient/1", "update", {"content-type": "application/fhir+json"}, ("fhir-if-match-missing", 412)),
        ("PUT", "/Patient/1", "update", {"content-type": "text/plain", "if-match": 'W/"1"'}, ("fhir-write-content-type", 415)),
        ("GET", "/Patient/$export", "operation", {"accept": "application/fhir+json"}, ("bulk-prefer-missing", 400)),
    ],
)  # fmt: skip
def test_headers_that_are_needed(
    method: str, path: str, interaction: str, headers: dict[str, str], answer: object
) -> None:
    request = asked("Patient", "_id=1", method=method, path=path, interaction=interaction, headers=headers)
    assert said(request) == [answer]


def test_a_preflight_is_not_examined() -> None:
    assert search.checks(asked("Patient", interaction="preflight")) == ()


def test_a_version_that_is_not_known_has_no_types_of_body() -> None:
    request = asked("Patient", method="PUT", interaction="create", headers={"content-type": "text/plain"})
    assert ("fhir-write-content-type", 415) in said(request)
    assert ("fhir-write-content-type", 415) not in said(request, replace(KNOWN, version=""))
