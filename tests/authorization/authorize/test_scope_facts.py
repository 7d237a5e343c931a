"""The facts that each refusal of a scope carries."""

from __future__ import annotations

import pytest
from tests.authorization.samples import (
    CLIENT,
    OLD,
    examination,
    sample_context,
    sample_request,
    server,
)

from sickbay.authorization.contexts import AuthorizeContext
from sickbay.authorization.requests import AuthorizeRequest
from sickbay.kernel.checks import UNKNOWN, Refusal

CLIENT_ID, SCOPE = CLIENT.client_id, CLIENT.scope


@pytest.mark.parametrize(
    ("request_", "context", "expected"),
    [
        (
            sample_request(scope=None),
            sample_context(),
            Refusal("scope-missing", "invalid_scope", {"received": None, "registered": SCOPE}),
        ),
        (
            sample_request(scope=" "),
            sample_context(client=UNKNOWN),
            Refusal("scope-missing", "invalid_scope", {"received": None, "registered": None}),
        ),
        (
            sample_request(scope="launch%20openid"),
            sample_context(),
            Refusal("scope-double-encoded", "invalid_scope", {"received": "launch%20openid", "expected": "launch openid"}),
        ),
        (
            sample_request(scope="launch,openid"),
            sample_context(),
            Refusal("scope-comma-separated", "invalid_scope", {"received": "launch,openid", "expected": "launch openid"}),
        ),
        (
            sample_request(scope="launch+openid"),
            sample_context(),
            Refusal("scope-plus-literal", "invalid_scope", {"received": "launch+openid", "expected": "launch openid"}),
        ),
        (
            sample_request(scope="Launch patient/patient.RS"),
            sample_context(),
            Refusal(
                "scope-wrong-case",
                "invalid_scope",
                {
                    "received": ["Launch", "patient/patient.RS"],
                    "expected": ["launch", "patient/Patient.rs"],
                    "scopes": ["Launch", "patient/patient.RS"],
                    "corrected": ["launch", "patient/Patient.rs"],
                },
            ),
        ),
        (
            sample_request(scope="launch patient/Patient.sr"),
            sample_context(),
            Refusal(
                "scope-v2-order",
                "invalid_scope",
                {
                    "received": ["patient/Patient.sr"],
                    "expected": ["patient/Patient.rs"],
                    "scopes": ["patient/Patient.sr"],
                    "corrected": ["patient/Patient.rs"],
                },
            ),
        ),
        (
            sample_request(scope="launch patient/Observation.rs?category:not=x"),
            sample_context(),
            Refusal(
                "scope-filter-unsupported",
                "invalid_scope",
                {
                    "received": ["patient/Observation.rs?category:not=x"],
                    "expected": ["patient/Observation.rs"],
                    "scopes": ["patient/Observation.rs?category:not=x"],
                    "corrected": ["patient/Observation.rs"],
                },
            ),
        ),
        (
            sample_request(scope="launch system/Patient.rs"),
            sample_context(),
            Refusal(
                "scope-system-in-user-flow",
                "invalid_scope",
                {
                    "received": ["system/Patient.rs"],
                    "expected": ["user/Patient.rs"],
                    "scopes": ["system/Patient.rs"],
                    "corrected": ["user/Patient.rs"],
                },
            ),
        ),
        (
            sample_request(scope="launch user/*.rs"),
            sample_context(server=server(wildcard_scopes=False)),
            Refusal(
                "scope-wildcard-not-allowed",
                "invalid_scope",
                {"received": ["user/*.rs"], "expected": None, "scopes": ["user/*.rs"], "corrected": []},
            ),
        ),
        (
            sample_request(scope="launch patient/Condition.rs"),
            sample_context(),
            Refusal(
                "scope-not-registered",
                "invalid_scope",
                {
                    "received": ["patient/Condition.rs"],
                    "expected": None,
                    "scopes": ["patient/Condition.rs"],
                    "corrected": [],
                    "registered": SCOPE,
                },
            ),
        ),
        (
            sample_request(scope="launch user/MedicationOrder.rs user/Xyz.rs"),
            sample_context(),
            Refusal(
                "scope-resource-not-in-version",
                "invalid_scope",
                {
                    "received": ["user/MedicationOrder.rs", "user/Xyz.rs"],
                    "expected": ["user/MedicationRequest.rs", ""],
                    "scopes": ["user/MedicationOrder.rs", "user/Xyz.rs"],
                    "corrected": ["user/MedicationRequest.rs", ""],
                    "version": "4.0.1",
                },
            ),
        ),
        (
            sample_request(scope="launch user/Xyz.rs", aud=OLD),
            sample_context(),
            Refusal(
                "scope-resource-not-in-version",
                "invalid_scope",
                {
                    "received": ["user/Xyz.rs"],
                    "expected": [""],
                    "scopes": ["user/Xyz.rs"],
                    "corrected": [""],
                    "version": "1.0.2",
                },
            ),
        ),
        (
            sample_request(launch=None, scope="openid patient/Patient.rs"),
            sample_context(launch=None),
            Refusal(
                "scope-patient-without-context",
                "access_denied",
                {
                    "received": ["openid", "patient/Patient.rs"],
                    "scopes": ["patient/Patient.rs"],
                    "launch": None,
                    "note": "launch with a launch code",
                },
            ),
        ),
    ],
)
def test_each_refusal_carries_the_facts_of_its_explanation(
    request_: AuthorizeRequest, context: AuthorizeContext, expected: Refusal
) -> None:
    assert examination(request_, context).refusals[0] == expected
