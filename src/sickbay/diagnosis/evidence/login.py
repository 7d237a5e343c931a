"""What a person decided at our pages, from a case: an authorize URL, and who said what about it."""

from __future__ import annotations

from sickbay.authorization.authorize.granting import granted_scopes
from sickbay.authorization.contexts import LoginContext
from sickbay.authorization.models import Client, Launch, Server, User
from sickbay.authorization.requests import LoginRequest
from sickbay.diagnosis.evidence import authorize
from sickbay.diagnosis.evidence import context as read
from sickbay.diagnosis.evidence.context import Json


def request(given: Json) -> LoginRequest:
    """`decision`: user, patient, denied."""
    decision = given.get("decision") or {}
    asked = authorize.request(given)
    return LoginRequest(asked.parameters, decision.get("user"), decision.get("patient"), denied=bool(decision.get("denied")))


def known(given: Json, decided: LoginRequest) -> LoginContext:
    """`context.user`: username, fhir_user, patients ("*" or a list)."""
    context = given.get("context", {})
    client, server = read.client(context), read.server(context)
    client = client if isinstance(client, Client) else Client(client_id="")
    server = server if isinstance(server, Server) else Server()
    launch = read.launch(context, decided.parameters.get("launch"))
    asked = authorize.request(given)
    granted = tuple(one.scope for one in granted_scopes(asked, client, server) if one.granted)
    return LoginContext(
        server=server,
        client=client,
        request=asked,
        launch=launch if isinstance(launch, Launch) else None,
        user=_user(context.get("user")),
        granted=granted,
    )


def _user(given: Json | None) -> User | None:
    if given is None:
        return None
    patients = given.get("patients", "*")
    return User(given["username"], "", given.get("fhir_user", ""), patients="*" if patients == "*" else tuple(patients))


def to_evidence(decided: LoginRequest) -> dict[str, object]:
    return {"kind": "login"}
