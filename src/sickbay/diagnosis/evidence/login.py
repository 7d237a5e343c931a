"""What a person decided at our pages, from a case: an authorize URL, and who said what about it."""

from __future__ import annotations

from sickbay.authorization.authorize.granting import granted_scopes
from sickbay.authorization.known import LoginKnown
from sickbay.authorization.requests import LoginRequest
from sickbay.authorization.values import Client, Launch, Server, User
from sickbay.diagnosis.reading import authorize
from sickbay.diagnosis.reading import context as read
from sickbay.diagnosis.reading.context import Json


def request(given: Json) -> LoginRequest:
    """`decision`: user, patient, denied."""
    decision = given.get("decision") or {}
    asked = authorize.request(given)
    return LoginRequest(asked.parameters, decision.get("user"), decision.get("patient"), denied=bool(decision.get("denied")))


def known(given: Json, decided: LoginRequest) -> LoginKnown:
    """`context.user`: username, fhir_user, patients ("*" or a list)."""
    context = given.get("context", {})
    client, server = read.client(context), read.server(context)
    client = client if isinstance(client, Client) else Client(client_id="")
    server = server if isinstance(server, Server) else Server()
    launch = read.launch(context, decided.parameters.get("launch"))
    asked = authorize.request(given)
    granted = tuple(one.scope for one in granted_scopes(asked, client, server) if one.granted)
    return LoginKnown(
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


def unread(decided: LoginRequest) -> dict[str, object]:
    return {"kind": "login"}
