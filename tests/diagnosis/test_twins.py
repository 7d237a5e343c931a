"""The same fault is reported in the same words at every endpoint that checks it."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from tests.laws import for_each
from tests.one_key import rsa_key

from sickbay.diagnosis.catalogue import BY_ID
from sickbay.diagnosis.rule import Finding
from sickbay.doctor.diagnose import diagnose
from sickbay.protocol import jose

AT = "http://localhost:7425/general"
NOW = 1_764_000_000
SERVER = {
    "fhir_bases": [f"{AT}/r4"],
    "fhir_version": "4.0.1",
    "authorization_endpoint": f"{AT}/oauth/authorize",
    "token_endpoint": f"{AT}/oauth/token",
    "issuer": AT,
}
CALLBACK, GRANTED = "https://app.example.org/callback", "launch/patient openid offline_access patient/Patient.rs"
USER = {"client_id": "a1", "type": "public", "redirect_uris": [CALLBACK], "scopes": GRANTED, "smart_version": 2}
SECRET = "s3cret-s3cret-s3cret"
SERVICE = {
    "client_id": "b1",
    "type": "confidential",
    "client_secret": SECRET,
    "scopes": "system/Patient.rs",
    "grant_types": ["client_credentials"],
}
KEY = rsa_key()
SIGNER = {
    **{name: value for name, value in SERVICE.items() if name != "client_secret"},
    "type": "backend",
    "token_endpoint_auth_method": "private_key_jwt",
    "jwks": {"keys": [jose.public_members(KEY)]},
}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def findings(evidence: dict[str, Any], app: dict[str, Any], **more: Any) -> dict[str, Finding]:
    context = {"now": NOW, "server": SERVER, "app": app, **more}
    return {finding.id: finding for finding in diagnose(evidence | {"context": context}).explanation.findings}


def basic(id: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{id}:{secret}".encode()).decode()}


def at_authorize(scope: str) -> dict[str, Finding]:
    query = {
        "response_type": "code",
        "client_id": "a1",
        "redirect_uri": CALLBACK,
        "state": "33af273b-6611-4c6a-9e5d-5d9c7e0d3b11",
        "aud": f"{AT}/r4",
        "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        "code_challenge_method": "S256",
        "scope": scope,
    }
    url = f"{AT}/oauth/authorize?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
    return findings({"kind": "authorize_url", "url": url}, USER)


def at_token(scope: str) -> dict[str, Finding]:
    scope = scope.replace("patient/", "system/").replace("patient%2F", "system%2F").replace("Patient/", "System/", 1)
    body = f"grant_type=client_credentials&scope={quote(scope, safe='')}"
    url, headers = f"{AT}/oauth/token", FORM | basic("b1", SECRET)
    return findings({"kind": "token_request", "url": url, "headers": headers, "body": body}, SERVICE)


def at_refresh(scope: str) -> dict[str, Finding]:
    body = f"grant_type=refresh_token&refresh_token=r1&client_id=a1&scope={quote(scope, safe='')}"
    tokens = {"r1": {"client_id": "a1", "scope": GRANTED, "mode": "offline", "expires_at": NOW + 10_000}}
    evidence = {"kind": "token_request", "url": f"{AT}/oauth/token", "headers": FORM, "body": body}
    return findings(evidence, USER, refresh_tokens=tokens)


def at_registration(scope: str) -> dict[str, Finding]:
    app = {"type": "public", "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none", "scope": scope}
    return findings({"kind": "registration", "app": app}, USER)


ENDPOINTS: tuple[Callable[[str], dict[str, Finding]], ...] = (at_authorize, at_token, at_refresh, at_registration)


@for_each("endpoint", ENDPOINTS)
@for_each(
    "scope, id",
    [
        ("patient/Patient.rs,patient/Observation.rs", "scope-comma-separated"),
        ("patient/Patient.rs+patient/Observation.rs", "scope-plus-literal"),
        ("patient/Patient.rs\tpatient/Observation.rs", "scope-tab-separated"),
        ("patient/Patient.rs;patient/Observation.rs", "scope-separator-wrong"),
        ('["patient/Patient.rs","patient/Observation.rs"]', "scope-is-array"),
        ('"patient/Patient.rs patient/Observation.rs"', "scope-has-stray-characters"),
        ("patient%2FPatient.rs patient%2FObservation.rs", "scope-double-encoded"),
        ("Patient/Patient.rs", "scope-wrong-case"),
        ("patient/Patient.sr", "scope-v2-order"),
        ("patient/Patient.foo", "scope-malformed"),
        ("patient/Patient.rs?gender:not=male", "scope-filter-unsupported"),
        ("patient/Patients.rs", "scope-resource-not-in-version"),
        ("patient/MedicationOrder.rs", "scope-resource-not-in-version"),
    ],
)
def test_a_fault_of_scope_is_the_same_finding_everywhere(
    endpoint: Callable[[str], dict[str, Finding]], scope: str, id: str
) -> None:
    reported, first = endpoint(scope), at_authorize(scope)[id]
    assert id in reported
    assert reported[id].severity == first.severity == "error"
    assert reported[id].fix.replace("system/", "patient/") == first.fix
    others = {"scope-malformed", "scope-resource-not-in-version", "refresh-scope-expanded"} - {id}
    assert not others & reported.keys()


LOOKUPS = ("token_request", "introspection_request", "revocation_request")
PATHS = dict(zip(LOOKUPS, ("token", "introspect", "revoke"), strict=True))


def client_findings(kind: str, body: str, app: dict[str, Any], headers: dict[str, str] | None = None) -> dict[str, Finding]:
    start = "grant_type=client_credentials&scope=system%2FPatient.rs" if kind == "token_request" else "token=t1"
    token = {"client_id": app["client_id"], "scope": "system/Patient.rs", "expires_at": NOW + 3600}
    evidence = {"kind": kind, "url": f"{AT}/oauth/{PATHS[kind]}", "headers": FORM | (headers or {}), "body": start + body}
    return findings(evidence, app, tokens={"t1": token})


def sign(header: dict[str, Any] | None = None, **claims: Any) -> str:
    """A client assertion whose header or claims are changed; None removes a claim. Its signature fits none of them."""
    sent = {"iss": "b1", "sub": "b1", "aud": f"{AT}/oauth/token", "iat": NOW, "exp": NOW + 240, "jti": "j1"} | claims
    head = {"alg": "RS384", "typ": "JWT", "kid": jose.public_members(KEY)["kid"]} if header is None else header
    parts = (head, {name: value for name, value in sent.items() if value is not None})
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    type = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
    return f"&client_assertion_type={type}&client_assertion={encoded[0]}.{encoded[1]}.c2ln"


@for_each("kind", LOOKUPS)
@for_each(
    "id, app, body, headers",
    [
        ("client-id-unknown", SERVICE, "", basic("somebody-else", "x")),
        ("client-id-placeholder", SERVICE, "", basic("YOUR_CLIENT_ID", "x")),
        ("client-id-whitespace", SERVICE, "", basic(" b1", SECRET)),
        ("client-id-missing-in-body", SERVICE, "", {}),
        ("client-auth-missing", SERVICE, "&client_id=b1", {}),
        ("client-auth-multiple", SERVICE, f"&client_secret={SECRET}", basic("b1", SECRET)),
        ("client-secret-wrong", SERVICE, "", basic("b1", "wrong")),
        ("value-is-placeholder", SERVICE, "", basic("b1", "YOUR_CLIENT_SECRET")),
        ("basic-malformed", SERVICE, "", {"Authorization": "Basic b1:s3cret"}),
        ("basic-swapped", SERVICE, "", basic(SECRET, "b1")),
        ("parameter-name-wrong", SERVICE, f"&clientId=b1&client_secret={SECRET}", {}),
        ("value-has-stray-characters", SIGNER, sign().replace("jwt-bearer", "jwt-bearer%20"), {}),
        ("assertion-missing", SIGNER, "&client_id=b1", {}),
        ("assertion-type-wrong", SIGNER, sign().replace("jwt-bearer", "jwt"), {}),
        ("assertion-alg-unsupported", SIGNER, sign({"alg": "RS256", "typ": "JWT", "kid": "k"}), {}),
        ("assertion-kid-missing", SIGNER, sign({"alg": "RS384", "typ": "JWT"}), {}),
        ("assertion-kid-unknown", SIGNER, sign({"alg": "RS384", "typ": "JWT", "kid": "other"}), {}),
        ("assertion-typ-missing", SIGNER, sign({"alg": "RS384", "kid": "k"}), {}),
        ("assertion-iss-sub-mismatch", SIGNER, sign(iss="x"), {}),
        ("assertion-aud-wrong", SIGNER, sign(aud=f"{AT}/r4"), {}),
        ("assertion-aud-not-token-endpoint", SIGNER, sign(aud=AT), {}),
        ("assertion-exp-missing", SIGNER, sign(exp=None), {}),
        ("assertion-exp-milliseconds", SIGNER, sign(exp=NOW * 1000), {}),
        ("assertion-exp-too-long", SIGNER, sign(exp=NOW + 7200), {}),
        ("assertion-expired", SIGNER, sign(exp=NOW - 7200), {}),
        ("assertion-nbf-future", SIGNER, sign(nbf=NOW + 7200), {}),
        ("assertion-jti-missing", SIGNER, sign(jti=None), {}),
        ("clock-skew-assertion", SIGNER, sign(iat=NOW - 600), {}),
        ("assertion-signature-invalid", SIGNER, sign(), {}),
    ],
)
def test_a_fault_of_a_client_or_its_assertion_is_the_same_finding_everywhere(
    kind: str, id: str, app: dict[str, Any], body: str, headers: dict[str, str]
) -> None:
    reported, first = client_findings(kind, body, app, headers), client_findings("token_request", body, app, headers)
    assert id in first
    assert {name: (finding.title, finding.why, finding.fix) for name, finding in reported.items()} == {
        name: (finding.title, finding.why, finding.fix) for name, finding in first.items()
    }


@pytest.mark.parametrize(
    ("when_registered", "when_used"),
    [
        ("reg-jwks-has-private-key", "assertion-key-private"),
        ("reg-jwks-key-weak", "assertion-key-weak"),
        ("reg-jwks-key-unsuited", "assertion-key-unsuited"),
    ],
)
def test_a_faulty_key_is_explained_at_registration_as_it_is_when_it_is_used(when_registered: str, when_used: str) -> None:
    first, second = BY_ID[when_registered], BY_ID[when_used]
    assert (first.why, first.fix) == (second.why, second.fix)
