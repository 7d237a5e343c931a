"""Random values as client libraries make them, the addresses of servers, and two ways of encoding parameters."""

from __future__ import annotations

import base64
import json
from hashlib import sha256
from random import Random
from urllib.parse import quote, quote_plus
from uuid import UUID

Pairs = list[tuple[str, str]]
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


class Values(Random):
    """Random values as libraries make them."""

    def text(self, length: int, alphabet: str = ALPHABET) -> str:
        return "".join(self.choice(alphabet) for _ in range(length))

    def base64url(self, size: int, *, padded: bool = False) -> str:
        text = base64.urlsafe_b64encode(self.randbytes(size)).decode()
        return text if padded else text.rstrip("=")

    def uuid(self) -> str:
        return str(UUID(int=self.getrandbits(128), version=4))

    def hex(self, size: int) -> str:
        return self.randbytes(size).hex()

    def client_id(self) -> str:
        return self.choice([self.uuid(), self.text(32), f"{self.text(12)}.apps.example.org", "growth-chart", "clinic_portal"])

    def callback(self) -> str:
        return self.choice(
            [
                "https://app.example.org/callback",
                "https://app.example.org/",
                "http://localhost:3000/",
                "http://127.0.0.1:8080/login/oauth2/code/ehr",
                "https://app.example.org/signin-oidc?tenant=7",
                "org.example.chart:/oauth2redirect",
                "com.example.app://callback",
            ]
        )

    def challenge(self) -> Pairs:
        hashed = base64.urlsafe_b64encode(sha256(self.randbytes(32)).digest()).decode().rstrip("=")
        return [("code_challenge", hashed), ("code_challenge_method", "S256")]


FHIR_SERVERS = (
    (
        "https://fhir.epic.com/interconnect-fhir-oauth/oauth2",
        "https://fhir.epic.com/interconnect-fhir-oauth/api/FHIR/R4",
    ),
    ("https://launch.smarthealthit.org/v/r4/auth", "https://launch.smarthealthit.org/v/r4/fhir"),
    (
        "https://authorization.cerner.com/tenants/ec2458f2-1e24-41c8-b71b-0e701af7583d/protocols/oauth2/profiles/smart-v1",
        "https://fhir-ehr-code.cerner.com/r4/ec2458f2-1e24-41c8-b71b-0e701af7583d",
    ),
    ("https://api.preview.platform.athenahealth.com/oauth2/v1", "https://api.preview.platform.athenahealth.com/fhir/r4"),
    ("https://api.medplum.com/oauth2", "https://api.medplum.com/fhir/R4"),
    ("https://ehr.example.org/auth", "https://ehr.example.org/fhir"),
    ("https://login.microsoftonline.com/common/oauth2/v2.0", "https://ws-clinic.fhir.azurehealthcareapis.com"),
    ("http://localhost:8080/realms/clinic/protocol/openid-connect", "http://localhost:8080/fhir/r4"),
)
"""Addresses of the authorization server, and of the FHIR server."""
PLAIN_SERVERS = (
    "https://login.microsoftonline.com/common/oauth2/v2.0",
    "https://accounts.google.com/o/oauth2/v2",
    "https://sso.example.org/realms/clinic/protocol/openid-connect",
    "https://dev-1.okta.com/oauth2/default/v1",
    "https://clinic.eu.auth0.com",
    "https://clinic.auth.eu-west-1.amazoncognito.com/oauth2",
    "https://id.example.org/connect",
    "https://login.salesforce.com/services/oauth2",
    "https://auth.pingone.eu/6f2b/as",
)
SMART_SCOPES = (
    "launch/patient openid fhirUser patient/Patient.rs patient/Observation.rs",
    "launch/patient openid fhirUser offline_access patient/*.rs",
    "openid fhirUser launch/patient online_access user/Observation.rs?category=laboratory patient/Condition.cruds",
    "launch/patient patient/*.read openid profile",
    "openid fhirUser user/Practitioner.read user/Patient.read",
    "launch/encounter launch/patient openid fhirUser patient/Encounter.rs",
)
PLAIN_SCOPES = (
    "openid",
    "openid profile email",
    "openid profile email offline_access",
    "https://www.googleapis.com/auth/userinfo.email openid",
    "api://7c2b/.default",
    "User.Read Mail.Send offline_access",
    "read:user user:email",
    "openid roles web-origins",
    "api refresh_token",
)


def percent(pairs: Pairs) -> str:
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in pairs)


def form(pairs: Pairs) -> str:
    """As URLSearchParams and urlencode write it, with `+` for a space."""
    return "&".join(f"{name}={quote_plus(value)}" for name, value in pairs)


def jwt(values: Values, **claims: object) -> str:
    head, body = (
        {"alg": "RS256", "typ": "JWT", "kid": values.text(20)},
        {"iss": "https://sso.example.org", "sub": "a", **claims},
    )
    parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in (head, body)]
    return f"{parts[0]}.{parts[1]}.{values.base64url(256)}"
