"""A valid authorization request and its context, for tests that change one thing at a time."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from sickbay.authorization.authorize.stage import examine_request
from sickbay.authorization.contexts import AuthorizeContext
from sickbay.authorization.models import Client, Launch, Policy, Server
from sickbay.authorization.requests import AuthorizeRequest, authorize_request
from sickbay.authorization.scopes.resource_types import types_of
from sickbay.kernel.checks import Examination
from sickbay.protocol.parameters import encode

NOW = 1_764_000_000
BASE = "http://localhost:7425/general/r4"
OLD = "http://localhost:7425/general/dstu2"
ENDPOINT = "http://localhost:7425/general/oauth/authorize"
CALLBACK = "http://localhost:8100/callback"
CLIENT = Client(
    client_id="growth-chart",
    redirect_uris=(CALLBACK, "https://app.example.org/callback"),
    launch_uri="http://localhost:8100/launch",
    scope="launch launch/patient openid fhirUser offline_access patient/Patient.rs patient/Observation.rs user/*.rs",
)
SERVER = Server(
    issuer="http://localhost:7425/general",
    authorization_endpoint=ENDPOINT,
    token_endpoint="http://localhost:7425/general/oauth/token",
    fhir_bases=(BASE, OLD),
    fhir_versions={BASE: "4.0.1", OLD: "1.0.2"},
    resource_types={BASE: types_of("4.0.1"), OLD: types_of("1.0.2")},
    tenants=("general",),
)
LAUNCH = Launch("growth-chart", "timeline-1", NOW + 100, user="amelia.wright", patient="p-0017")
KNOWN = AuthorizeContext(now=NOW, server=SERVER, client=CLIENT, launch=LAUNCH, session_user=None)
GOOD = {
    "response_type": "code",
    "client_id": "growth-chart",
    "redirect_uri": CALLBACK,
    "launch": "a-launch-code",
    "scope": "launch openid fhirUser patient/Patient.rs",
    "state": "Zk3vQ0m8yT1uWc7RkX2pLh5sNf9aJd4E",
    "aud": BASE,
    "code_challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    "code_challenge_method": "S256",
}
STANDALONE = {"launch": None, "scope": "launch/patient openid fhirUser patient/Patient.rs"}
"""Changes that turn the request into a standalone launch."""


def sample_request(**changes: str | None) -> AuthorizeRequest:
    """Returns the valid request with these parameters changed; None removes one."""
    pairs = [(name, value) for name, value in (GOOD | changes).items() if value is not None]
    return authorize_request(f"{ENDPOINT}?{encode(pairs)}")


def server(**policy: Any) -> Server:
    return structs.replace(SERVER, policy=Policy(**policy))


def sample_context(**changes: Any) -> AuthorizeContext:
    return structs.replace(KNOWN, **changes)


def examination(request: AuthorizeRequest | None = None, of: AuthorizeContext = KNOWN) -> Examination:
    return examine_request(request or sample_request(), of)


def refusals(request: AuthorizeRequest | None = None, of: AuthorizeContext = KNOWN) -> list[str]:
    """Returns the names of all refusals, in order."""
    return [refusal.name for refusal in examination(request, of).refusals]
