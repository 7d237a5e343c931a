"""What a FHIR request needs besides its token."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs
from tests.authorization.search_requests import BASE, KNOWN, search_request

import sickbay.fhir
from sickbay.authorization.access import operations, search
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.models import AccessToken, Policy, Server
from sickbay.authorization.requests import AccessRequest
from sickbay.fhir.request_error import RequestError
from sickbay.fhir.search.parameters import load_parameters
from sickbay.kernel.checks import examine
from sickbay.protocol.parameters import parse


def names_and_statuses(request: AccessRequest, context: AccessContext = KNOWN) -> list[tuple[str, int]]:
    return [(refusal.name, refusal.status) for refusal in examine(search.checks_for(request), request, context).refusals]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "_count=100",
        "active=true",
        "_lastUpdated=gt2020",
        "name=",
        "_sort=name",
        "_summary=count",
        "_elements=id",
        "foo=1",
        "nmae=x",
    ],
)
def test_a_user_cannot_search_for_all_patients(query: str) -> None:
    assert names_and_statuses(search_request("Patient", query)) == [("fhir-search-unbounded", 400)]


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
def test_any_narrowing_parameter_is_enough(query: str) -> None:
    assert names_and_statuses(search_request("Patient", query)) == []


@given(st.text(alphabet="abcdefgh-_.:", max_size=12))
def test_a_parameter_that_fhir_does_not_define_narrows_nothing(name: str) -> None:
    code = name.replace(".", ":").partition(":")[0]
    assert search.is_narrowing("r4", name) <= (code in load_parameters("r4", "Patient"))


def test_dstu2_has_no_reverse_chains() -> None:
    assert [search.is_narrowing(version, "_has:Observation:patient:code") for version in ("dstu2", "stu3")] == [False, True]


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
def test_only_user_scopes_cannot_search_for_all_patients(scope: str, policy: Policy, refused: bool) -> None:
    context = AccessContext(server=Server(policy=policy), token=AccessToken("app", scope, BASE, 0, "f"), version="r4")
    assert bool(names_and_statuses(search_request("Patient"), context)) is refused


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
def test_a_search_must_name_patient_and_category_if_the_policy_says_so(type: str, query: str, names: list[str]) -> None:
    assert [name for name, _ in names_and_statuses(search_request(type, query))] == names


@pytest.mark.parametrize("query", ["patient=undefined", "subject=Patient/null", "patient:Patient=NaN"])
def test_an_undefined_patient_is_refused(query: str) -> None:
    assert ("fhir-patient-undefined", 400) in names_and_statuses(search_request("Observation", query + "&category=x"))


def test_an_undefined_id_is_not_found() -> None:
    request = search_request("Patient", id="undefined", interaction="read", path="/Patient/undefined")
    assert names_and_statuses(request) == [("fhir-patient-undefined", 404)]


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
def test_each_unusable_url_or_accept_is_refused(path: str, accept: str | None, rule: str, status: int) -> None:
    request = AccessRequest("GET", BASE, path, headers={"accept": accept} if accept else {})
    known = structs.replace(KNOWN, faults=search.find_request_errors(request, "r4"))
    assert names_and_statuses(request, known) == [(rule, status)]


def test_a_url_outside_the_base_is_refused() -> None:
    request = AccessRequest("GET", "", "/Patient/1", url="http://localhost:7425/Patient/1")
    assert names_and_statuses(request) == [("fhir-base-url-wrong", 404)]
    assert names_and_statuses(structs.replace(request, path="/favicon.ico")) == []


RULES = sorted(
    set(re.findall(r'"(fhir-[a-z-]+)"', "".join(path.read_text() for path in Path(sickbay.fhir.__file__).parent.rglob("*.py"))))
)


@pytest.mark.parametrize("rule", RULES)
def test_every_fault_found_by_fhir_is_refused(rule: str) -> None:
    known = structs.replace(KNOWN, faults=(RequestError(rule, "x", "y", "z"),))
    checks = (*search.CHECKS, *operations.CHECKS)
    assert rule in [refusal.name for refusal in examine(checks, search_request("Practitioner"), known).refusals]


@pytest.mark.parametrize(
    ("method", "path", "interaction", "headers", "answer"),
    [
        ("POST", "/Patient/_search", "search-type", {"content-type": "text/json"}, ("fhir-search-post-content-type", 415)),
        ("PUT", "/Patient/1", "update", {"content-type": "application/fhir+json"}, ("fhir-if-match-missing", 412)),
        ("PUT", "/Patient/1", "update", {"content-type": "text/plain", "if-match": 'W/"1"'}, ("fhir-write-content-type", 415)),
    ],
)
def test_each_missing_header_is_refused(
    method: str, path: str, interaction: str, headers: dict[str, str], answer: object
) -> None:
    request = search_request("Patient", "_id=1", method=method, path=path, interaction=interaction, headers=headers)
    assert names_and_statuses(request) == [answer]


def test_a_posted_search_may_have_all_parameters_in_the_url() -> None:
    assert names_and_statuses(search_request("Patient", "_id=1", method="POST", path="/Patient/_search")) == []


def test_a_preflight_is_not_checked() -> None:
    assert search.checks_for(search_request("Patient", interaction="preflight")) == ()


def test_without_a_known_version_the_content_type_is_not_checked() -> None:
    request = search_request("Patient", method="PUT", interaction="create", headers={"content-type": "text/plain"})
    assert ("fhir-write-content-type", 415) in names_and_statuses(request)
    assert ("fhir-write-content-type", 415) not in names_and_statuses(request, structs.replace(KNOWN, version=""))


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
def test_an_operation_accepts_a_resource_a_form_or_no_body(sent: str | None, body: str, refused: bool) -> None:
    headers = {} if sent is None else {"content-type": sent}
    request = search_request("Patient", "_id=1", method="POST", interaction="operation", headers=headers, body=body)
    assert names_and_statuses(request) == ([("fhir-write-content-type", 415)] if refused else [])


@pytest.mark.parametrize(("interaction", "refused"), [("create", False), ("update", False), ("patch", True)])
def test_a_binary_may_be_sent_in_its_own_content_type(interaction: str, refused: bool) -> None:
    headers = {"content-type": "application/pdf", "if-match": 'W/"1"'}
    request = search_request("Binary", method="PATCH" if refused else "PUT", interaction=interaction, headers=headers)
    assert names_and_statuses(request) == ([("fhir-write-content-type", 415)] if refused else [])


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
def test_search_criteria_apply_per_type(type: str, query: str, refused: list[str]) -> None:
    server = KNOWN.server
    assert isinstance(server, Server)
    known = structs.replace(KNOWN, server=structs.replace(server, policy=BY_TYPE))
    assert [name for name, _ in names_and_statuses(search_request(type, query), known)] == refused


@pytest.mark.parametrize(
    ("type", "query", "refused"),
    [
        ("Goal", "patient=1&lifecycle-status=active", []),
        ("Goal", "patient:Patient=1&_count=5&_id=3", []),
        ("Goal", "patient.name=x", []),
        ("Goal", "patient=1&start-date=2026", ["start-date"]),
        ("Flag", "date=2026", []),
    ],
)
def test_a_search_names_only_the_parameters_that_the_hospital_has_for_its_type(
    type: str, query: str, refused: list[str]
) -> None:
    server = KNOWN.server
    assert isinstance(server, Server)
    policy = Policy(search_parameters=("Goal: patient | lifecycle-status",))
    known = structs.replace(KNOWN, server=structs.replace(server, policy=policy))
    found = search.search_parameters_are_among_those_of_the_hospital.decide(search_request(type, query), known)
    assert ([found.facts["parameter"]] if found else []) == refused
    assert found is None or found.facts["expected"] == "one of patient, lifecycle-status"


def test_faults_of_url_and_format_are_found() -> None:
    fault = RequestError("fhir-accept-unsupported", "Accept", "html", "application/fhir+json")
    assert search.find_request_errors(AccessRequest("GET", BASE, "/Patient", parse("_format=html")), "r4") == (fault,)
    assert search.find_request_errors(AccessRequest("GET", BASE, "/Patient", parse("_format=json")), "r4") == ()
    assert [reported.rule for reported in search.find_request_errors(AccessRequest("GET", BASE, "/Patients"), "r4")] == [
        "fhir-resource-unknown"
    ]


def test_a_check_with_inputs_passes_if_they_are_empty() -> None:
    """examine() skips such a check, so it must have nothing to refuse."""
    with_inputs = [search_check for search_check in (*search.CHECKS, *operations.CHECKS) if search_check.inputs]
    assert {search_check.inputs for search_check in with_inputs} == {"faults"}
    for request in (
        search_request("Patient"),
        search_request("Nonsense", "naem=x", id="a b", interaction="read"),
        search_request("Patient", method="POST"),
    ):
        assert [
            search_check.name
            for search_check in with_inputs
            if search_check.decide(request, structs.replace(KNOWN, faults=())) is not None
        ] == []


@pytest.mark.parametrize(
    ("path", "token", "base"),
    [
        ("/Patient/1", None, "http://a/x/r4"),
        ("/DSTU2/Patient/1", None, "http://a/x/dstu2"),
        ("/r4/Patient", AccessToken("app", "", "http://a/x/dstu2", 0, "f"), "http://a/x/dstu2"),
        ("/dstu2/Patient", AccessToken("app", "", "http://elsewhere/r4", 0, "f"), "http://a/x/dstu2"),
    ],
)
def test_the_likely_base_is_the_tokens_or_the_one_of_the_version_in_the_url(
    path: str, token: AccessToken | None, base: str
) -> None:
    assert search.find_base(path, token, Server(fhir_bases=("http://a/x/r4", "http://a/x/dstu2"))) == base


def test_the_last_segment_of_the_base_in_place_of_a_type_is_recognised() -> None:
    for path, recognised in (("/r4/Patient", True), ("/Patients", False)):
        request = AccessRequest("GET", BASE, path)
        (refusal, *_) = examine(
            search.CHECKS, request, structs.replace(KNOWN, faults=search.find_request_errors(request, "r4"))
        ).refusals
        assert ("of_base" in refusal.facts) is recognised
