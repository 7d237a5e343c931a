"""The facts that each refusal of a FHIR request carries."""

from __future__ import annotations

import pytest
from msgspec import structs
from tests.authorization.search_requests import BASE, KNOWN, search_request

from sickbay.authorization.access import search
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.requests import AccessRequest
from sickbay.fhir.request_error import RequestError
from sickbay.kernel.checks import Refusal, examine
from sickbay.protocol.parameters import parse


@pytest.mark.parametrize(
    ("request_", "context", "expected"),
    [
        (
            search_request("Patient", "_count=5&access_token=t"),
            KNOWN,
            Refusal(
                "fhir-search-unbounded",
                "too-costly",
                {"received": ["_count"], "expected": ["name", "birthdate", "identifier", "_id"]},
            ),
        ),
        (
            search_request("Observation", "category=x"),
            KNOWN,
            Refusal("fhir-search-missing-patient", "required", {"type": "Observation", "expected": "patient"}),
        ),
        (
            search_request("Observation", "patient=x"),
            KNOWN,
            Refusal("fhir-search-missing-category", "required", {"type": "Observation", "expected": "category"}),
        ),
        (
            search_request("Patient", "name=x", method="POST", path="/Patient/_search", body="name=x"),
            KNOWN,
            Refusal(
                "fhir-search-post-content-type",
                "not-supported",
                {"received": None, "expected": "application/x-www-form-urlencoded"},
                415,
            ),
        ),
        (
            search_request("Patient", "name=x", method="POST", path="/Patient/_search", headers={"content-type": "text/json"}),
            KNOWN,
            Refusal(
                "fhir-search-post-content-type",
                "not-supported",
                {"received": "text/json", "expected": "application/x-www-form-urlencoded"},
                415,
            ),
        ),
        (
            search_request("Patient", method="PUT", interaction="update", headers={"content-type": "application/fhir+json"}),
            KNOWN,
            Refusal("fhir-if-match-missing", "required", {"received": None}, 412),
        ),
        (
            search_request(
                "Patient",
                method="PATCH",
                interaction="patch",
                headers={"content-type": "application/json-patch+json", "if-match": "3"},
            ),
            KNOWN,
            Refusal("fhir-if-match-missing", "required", {"received": "3"}, 412),
        ),
        (
            search_request(
                "Patient", method="POST", interaction="create", headers={"content-type": "text/plain; charset=utf-8"}
            ),
            KNOWN,
            Refusal(
                "fhir-write-content-type",
                "not-supported",
                {"received": "text/plain; charset=utf-8", "expected": "application/fhir+json"},
                415,
            ),
        ),
        (
            search_request(
                "Patient", method="PATCH", interaction="patch", headers={"content-type": "text/plain", "if-match": 'W/"3"'}
            ),
            KNOWN,
            Refusal(
                "fhir-write-content-type",
                "not-supported",
                {"received": "text/plain", "expected": "application/json-patch+json"},
                415,
            ),
        ),
        (
            search_request("Bundle", method="POST", interaction="batch"),
            KNOWN,
            Refusal("fhir-write-content-type", "not-supported", {"received": None, "expected": "application/fhir+json"}, 415),
        ),
        (
            search_request("Observation", "patient=Patient/undefined&category=x"),
            KNOWN,
            Refusal("fhir-patient-undefined", "value", {"parameter": "patient", "received": "Patient/undefined"}),
        ),
        (
            search_request("Patient", path="/Patient/null?x=y", interaction="read"),
            KNOWN,
            Refusal("fhir-patient-undefined", "value", {"parameter": "id", "received": "null"}, 404),
        ),
        (
            search_request("Practitioner"),
            structs.replace(KNOWN, faults=(RequestError("fhir-patient-undefined", "subject", "null", ""),)),
            Refusal("fhir-patient-undefined", "value", {"parameter": "subject", "received": "null"}),
        ),
        (
            AccessRequest("GET", "", "/a/Patient/1?x=y", url="http://localhost:7425/a/Patient/1?x=y?z"),
            KNOWN,
            Refusal(
                "fhir-base-url-wrong",
                "not-found",
                {
                    "received": "http://localhost:7425/a/Patient/1",
                    "expected": "http://localhost:7425/general/r4/Patient/1",
                    "base": BASE,
                    "path": "/Patient/1",
                },
                404,
            ),
        ),
        (
            search_request("Practitioner"),
            structs.replace(KNOWN, faults=search.find_request_errors(AccessRequest("GET", BASE, "/MedicationOrder"), "r4")),
            Refusal(
                "fhir-resource-wrong-version",
                "not-found",
                {
                    "parameter": "type",
                    "received": "MedicationOrder",
                    "expected": "MedicationRequest",
                    "version": "R4",
                    "versions": ["DSTU2"],
                    "real": True,
                },
                404,
            ),
        ),
        (
            search_request("Practitioner"),
            structs.replace(KNOWN, faults=search.find_request_errors(AccessRequest("GET", BASE, "/Patients"), "r4")),
            Refusal(
                "fhir-resource-unknown",
                "not-found",
                {
                    "parameter": "type",
                    "received": "Patients",
                    "expected": "Patient",
                    "version": "R4",
                    "versions": [],
                    "real": True,
                },
                404,
            ),
        ),
        (
            search_request("Practitioner"),
            structs.replace(KNOWN, faults=search.find_request_errors(AccessRequest("GET", BASE, "/Patient/a%20b"), "r4")),
            Refusal(
                "fhir-id-invalid",
                "value",
                {
                    "parameter": "id",
                    "received": "a%20b",
                    "expected": "Patient/<id> of 1 to 64 letters, digits, '-' or '.'",
                    "version": "R4",
                    "versions": [],
                    "real": False,
                },
                404,
            ),
        ),
        (
            search_request("Practitioner"),
            structs.replace(
                KNOWN, faults=search.find_request_errors(AccessRequest("GET", BASE, "/Patient", parse("_format=html")), "r4")
            ),
            Refusal(
                "fhir-accept-unsupported",
                "not-supported",
                {
                    "parameter": "Accept",
                    "received": "html",
                    "expected": "application/fhir+json",
                    "version": "R4",
                    "versions": [],
                    "real": False,
                },
                406,
            ),
        ),
        (
            search_request("Practitioner"),
            structs.replace(KNOWN, faults=(RequestError("fhir-date-malformed", "date", "soon", "2020"),)),
            Refusal(
                "fhir-date-malformed",
                "value",
                {"parameter": "date", "received": "soon", "expected": "2020", "version": "R4", "versions": [], "real": False},
            ),
        ),
    ],
)
def test_each_refusal_carries_the_facts_of_its_explanation(
    request_: AccessRequest, context: AccessContext, expected: Refusal
) -> None:
    assert examine(search.checks_for(request_), request_, context).refusals[0] == expected
