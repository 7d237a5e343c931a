"""Reads a case of a user's decision on our sign-in pages: an authorization URL and the decision."""

from __future__ import annotations

from sickbay.authorization.contexts import LoginContext
from sickbay.authorization.models import Client, Launch, Server, User
from sickbay.authorization.requests import LoginRequest
from sickbay.authorization.scopes.granting import granted_scopes
from sickbay.diagnosis.evidence import authorize
from sickbay.diagnosis.evidence import context as read
from sickbay.diagnosis.evidence.context import Json


def read_request(evidence: Json) -> LoginRequest:
    """`decision`: user, patient, denied."""
    decision = evidence.get("decision") or {}
    authorize_request = authorize.read_request(evidence)
    return LoginRequest(
        authorize_request.parameters, decision.get("user"), decision.get("patient"), denied=bool(decision.get("denied"))
    )


def context_of(evidence: Json, request: LoginRequest) -> LoginContext:
    """`context.user`: username, fhir_user, patients ("*" or a list)."""
    context = evidence.get("context", {})
    client, server = read.read_client(context), read.read_server(context)
    client = client if isinstance(client, Client) else Client(client_id="")
    server = server if isinstance(server, Server) else Server()
    launch = read.find_launch(context, request.parameters.get("launch"))
    authorize_request = authorize.read_request(evidence)
    granted = tuple(decision.scope for decision in granted_scopes(authorize_request, client, server) if decision.granted)
    return LoginContext(
        server=server,
        client=client,
        request=authorize_request,
        launch=launch if isinstance(launch, Launch) else None,
        user=_build_user(context.get("user")),
        granted=granted,
    )


def _build_user(evidence: Json | None) -> User | None:
    if evidence is None:
        return None
    patients = evidence.get("patients", "*")
    return User(evidence["username"], "", evidence.get("fhir_user", ""), patients="*" if patients == "*" else tuple(patients))


def to_evidence(request: LoginRequest) -> dict[str, object]:
    return {"kind": "login"}
