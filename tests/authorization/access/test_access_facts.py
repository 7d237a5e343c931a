"""The facts of each refused FHIR request, which rules and pages may quote."""

from __future__ import annotations

from base64 import urlsafe_b64encode

import pytest
from msgspec import structs
from tests.authorization.access.test_access import BASE, KNOWN, NOW, TOKEN, fhir_request, with_scope

from sickbay.authorization import access
from sickbay.authorization.access import bearer
from sickbay.authorization.access import scope as access_scope
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.models import AccessToken
from sickbay.authorization.requests import AccessRequest
from sickbay.kernel.checks import Refusal, examine

CLAIMED = urlsafe_b64encode(b'{"nonce": "n"}').decode().rstrip("=")


@pytest.mark.parametrize(
    ("request_", "context", "expected"),
    [
        (fhir_request(authorization=None), KNOWN, Refusal("fhir-token-missing", "", {"received": None}, 401)),
        (
            fhir_request(query="access_token=t"),
            KNOWN,
            Refusal("fhir-token-in-query", "invalid_request", {"also_in_header": True, "in_body": False}),
        ),
        (
            fhir_request(authorization=None, query="access_token=t"),
            KNOWN,
            Refusal("fhir-token-in-query", "invalid_request", {"also_in_header": False, "in_body": False}),
        ),
        (fhir_request(authorization="Digest x"), KNOWN, Refusal("fhir-token-not-bearer", "", {"fault": "scheme"}, 401)),
        (
            fhir_request(authorization=' Bearer "t"'),
            KNOWN,
            Refusal("fhir-token-not-bearer", "invalid_request", {"fault": "quoted"}),
        ),
        (
            fhir_request(authorization="Bearer t, Bearer u"),
            KNOWN,
            Refusal("fhir-token-not-bearer", "invalid_request", {"fault": "twice"}),
        ),
        (
            fhir_request(authorization="Bearer t u"),
            KNOWN,
            Refusal("fhir-token-not-bearer", "invalid_request", {"fault": "malformed"}),
        ),
        (
            fhir_request(),
            structs.replace(KNOWN, token=None),
            Refusal(
                "fhir-token-unknown",
                "invalid_token",
                {"reason": "unknown", "length": 1, "id_token": False, "refresh_token": False},
                401,
            ),
        ),
        (
            fhir_request(authorization="Bearer bearer"),
            structs.replace(KNOWN, token=None),
            Refusal(
                "fhir-token-unknown",
                "invalid_token",
                {"reason": "scheme", "length": 6, "id_token": False, "refresh_token": False},
                401,
            ),
        ),
        (
            fhir_request(authorization=f"Bearer e30.{CLAIMED}.x"),
            structs.replace(KNOWN, token=None),
            Refusal(
                "fhir-token-unknown",
                "invalid_token",
                {"reason": "unknown", "length": 25, "id_token": True, "refresh_token": False},
                401,
            ),
        ),
        (
            fhir_request(),
            structs.replace(KNOWN, token=structs.replace(TOKEN, revoked=True)),
            Refusal("fhir-token-unknown", "invalid_token", {"reason": "revoked"}, 401),
        ),
        (
            fhir_request(),
            structs.replace(KNOWN, token=structs.replace(TOKEN, revoked=True, revoked_by="restore")),
            Refusal("fhir-token-unknown", "invalid_token", {"reason": "undone"}, 401),
        ),
        (
            fhir_request(),
            structs.replace(KNOWN, token=structs.replace(TOKEN, revoked=True, revoked_by="user", revoked_at=7)),
            Refusal("fhir-token-unknown", "invalid_token", {"reason": "revoked", "by": "user", "at": 7}, 401),
        ),
        (
            fhir_request(),
            structs.replace(KNOWN, client=None),
            Refusal("fhir-token-unknown", "invalid_token", {"reason": "client removed"}, 401),
        ),
        (
            fhir_request(),
            structs.replace(KNOWN, user=None),
            Refusal("fhir-token-unknown", "invalid_token", {"reason": "user removed"}, 401),
        ),
        (
            fhir_request(),
            structs.replace(KNOWN, token=structs.replace(TOKEN, expires_at=NOW - 5)),
            Refusal("fhir-token-expired", "invalid_token", {"late": 5}, 401),
        ),
        (
            fhir_request(),
            structs.replace(KNOWN, token=structs.replace(TOKEN, issuer="other")),
            Refusal("fhir-token-wrong-issuer", "invalid_token", {"received": "other", "expected": "iss"}, 401),
        ),
        (
            fhir_request(),
            structs.replace(KNOWN, token=structs.replace(TOKEN, base=BASE + "x")),
            Refusal(
                "fhir-token-wrong-audience",
                "invalid_token",
                {"received": "http://localhost:7425/general/r4x", "expected": BASE},
                401,
            ),
        ),
        (
            fhir_request(),
            with_scope("patient/*.rs", patient=None),
            Refusal("fhir-token-unknown", "invalid_token", {"reason": "no patient", "held": "patient/*.rs"}, 401),
        ),
        (
            fhir_request(),
            with_scope("patient/*.rs system/*.rs"),
            Refusal(
                "fhir-insufficient-scope",
                "insufficient_scope",
                {
                    "type": "Observation",
                    "interaction": "search-type",
                    "letters": "s",
                    "needed": "patient/Observation.rs",
                    "held": ("patient/*.rs", "system/*.rs"),
                    "held_letters": "r",
                    "mixed": True,
                },
                403,
            ),
        ),
        (
            fhir_request("Condition", "s"),
            KNOWN,
            Refusal(
                "fhir-insufficient-scope",
                "insufficient_scope",
                {
                    "type": "Condition",
                    "interaction": "search-type",
                    "letters": "s",
                    "needed": "patient/Condition.rs",
                    "held": ("patient/Patient.rs", "patient/Observation.rs"),
                    "held_letters": "",
                },
                403,
            ),
        ),
        (
            fhir_request("Condition", "d", interaction="delete"),
            KNOWN,
            Refusal(
                "fhir-insufficient-scope",
                "insufficient_scope",
                {
                    "type": "Condition",
                    "interaction": "delete",
                    "letters": "d",
                    "needed": "patient/Condition.d",
                    "held": ("patient/Patient.rs", "patient/Observation.rs"),
                    "held_letters": "",
                },
                403,
            ),
        ),
        (
            fhir_request("Observation", "d"),
            KNOWN,
            Refusal(
                "fhir-insufficient-scope",
                "insufficient_scope",
                {
                    "type": "Observation",
                    "interaction": "search-type",
                    "letters": "d",
                    "needed": "patient/Observation.d",
                    "held": ("patient/Patient.rs", "patient/Observation.rs"),
                    "held_letters": "rs",
                },
                403,
            ),
        ),
        (
            fhir_request("Observation", "rd"),
            with_scope("patient/Observation.read"),
            Refusal(
                "fhir-insufficient-scope",
                "insufficient_scope",
                {
                    "type": "Observation",
                    "interaction": "search-type",
                    "letters": "rd",
                    "needed": "patient/Observation.write",
                    "held": ("patient/Observation.read",),
                    "held_letters": "s",
                },
                403,
            ),
        ),
        (
            fhir_request("Condition", "r"),
            with_scope("patient/Observation.read"),
            Refusal(
                "fhir-insufficient-scope",
                "insufficient_scope",
                {
                    "type": "Condition",
                    "interaction": "search-type",
                    "letters": "r",
                    "needed": "patient/Condition.read",
                    "held": ("patient/Observation.read",),
                    "held_letters": "",
                },
                403,
            ),
        ),
        (
            fhir_request(None, "s", interaction="search-system"),
            with_scope("user/Patient.rs", patient=None),
            Refusal(
                "fhir-insufficient-scope",
                "insufficient_scope",
                {
                    "type": "the whole server",
                    "interaction": "search-system",
                    "letters": "s",
                    "needed": "user/*.rs",
                    "held": ("user/Patient.rs",),
                    "held_letters": "",
                },
                403,
            ),
        ),
        (
            fhir_request(None, "s", interaction="history-system"),
            with_scope("user/*.rs", patient=None),
            Refusal(
                "fhir-insufficient-scope",
                "insufficient_scope",
                {
                    "type": "the whole server",
                    "interaction": "history-system",
                    "letters": "s",
                    "needed": "system/*.rs",
                    "held": ("user/*.rs",),
                    "held_letters": "",
                },
                403,
            ),
        ),
        (
            fhir_request(None, "d"),
            with_scope("system/Patient.rs", patient=None, user=None),
            Refusal(
                "fhir-insufficient-scope",
                "insufficient_scope",
                {
                    "type": "the whole server",
                    "interaction": "search-type",
                    "letters": "d",
                    "needed": "system/*.d",
                    "held": ("system/Patient.rs",),
                    "held_letters": "",
                },
                403,
            ),
        ),
        (
            fhir_request("Condition", "r"),
            with_scope("openid", patient=None, user=None),
            Refusal(
                "fhir-insufficient-scope",
                "insufficient_scope",
                {
                    "type": "Condition",
                    "interaction": "search-type",
                    "letters": "r",
                    "needed": "patient/Condition.rs",
                    "held": (),
                    "held_letters": "",
                },
                403,
            ),
        ),
        (
            fhir_request(involved=("Practitioner",)),
            KNOWN,
            Refusal(
                "fhir-insufficient-scope",
                "insufficient_scope",
                {
                    "type": "Practitioner",
                    "interaction": "search-type",
                    "letters": "s",
                    "needed": "patient/Practitioner.rs",
                    "held": ("patient/Patient.rs", "patient/Observation.rs"),
                    "held_letters": "",
                    "by": "chain or include",
                },
                403,
            ),
        ),
        (
            fhir_request(involved=("Device|Patient",)),
            with_scope("patient/Observation.rs"),
            Refusal(
                "fhir-insufficient-scope",
                "insufficient_scope",
                {
                    "type": "Patient",
                    "interaction": "search-type",
                    "letters": "s",
                    "needed": "patient/Patient.rs",
                    "held": ("patient/Observation.rs",),
                    "held_letters": "",
                    "by": "chain or include",
                },
                403,
            ),
        ),
        (
            fhir_request(involved=("Device|Group", "*")),
            KNOWN,
            Refusal(
                "fhir-insufficient-scope",
                "insufficient_scope",
                {
                    "type": "Device",
                    "interaction": "search-type",
                    "letters": "s",
                    "needed": "patient/Device.rs",
                    "held": ("patient/Patient.rs", "patient/Observation.rs"),
                    "held_letters": "",
                    "by": "chain or include",
                },
                403,
            ),
        ),
    ],
)
def test_each_refusal_carries_the_facts_of_its_explanation(
    request_: AccessRequest, context: AccessContext, expected: Refusal
) -> None:
    assert examine(access.checks_for(request_), request_, context).refusals[0] == expected


def test_a_challenge_names_the_scope_only_if_the_scope_is_missing() -> None:
    for status, named in ((401, False), (400, False), (403, True)):
        challenge = bearer.format_challenge(
            Refusal("x", "insufficient_scope", {"needed": "patient/Patient.rs"}, status), "here"
        )
        assert ('scope="patient/Patient.rs"' in challenge) is named


@pytest.mark.parametrize(
    ("granted", "user", "letters", "needed"),
    [
        ("launch openid", "anna", "s", "user/Patient.rs"),
        ("launch openid", None, "s", "patient/Patient.rs"),
        ("system/Observation.rs", None, "r", "system/Patient.rs"),
        ("user/Observation.rs", "anna", "rs", "user/Patient.rs"),
        ("user/Observation.rs", "anna", "cu", "user/Patient.cu"),
        ("user/Observation.read", "anna", "rs", "user/Patient.read"),
        ("user/Observation.read", "anna", "rc", "user/Patient.write"),
    ],
)
def test_the_needed_scope_follows_the_granted_level_and_syntax(
    granted: str, user: str | None, letters: str, needed: str
) -> None:
    token = AccessToken("app", granted, "", 0, "f", user=user)
    assert access_scope.needed_scope(token, "Patient", letters) == needed
