"""What an attacker may have stolen from another app, and requests that use it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

import httpx2
from tests.flows.flow import REDIRECT, VERIFIER, Flow
from tests.flows.shared_app import SharedApp

PUBLIC = {"Origin": "https://elsewhere.example", "Accept": "application/json"}
SCOPE = "launch openid fhirUser offline_access patient/Patient.rs"
MORE = {
    "redirect_uris": [REDIRECT, "https://victim.example/only-registered"],
    "scope": f"{SCOPE} patient/Immunization.rs",
    "launch_uri": "https://victim.example/launch",
}
"""Members of the victim's registration that its requests don't contain."""


class Stolen(NamedTuple):
    """The values that were issued to the victim, and its timeline."""

    app: dict[str, Any]
    thief: dict[str, Any]
    timeline: str
    launch: str
    code: str
    access: str
    refresh: str
    revoked: str


async def steal(flow: Flow, kind: str) -> Stolen:
    """Creates a timeline with a code that is still valid, and tokens from other launches of the same app."""
    app = await flow.register(name="Victim app", client=kind, **MORE)
    thief = await flow.register(name="Thief", client="symmetric", scope=SCOPE)
    secret = {"client_secret": app["client_secret"]} if kind == "symmetric" else {}
    launch = await flow.launch(app)
    code = await flow.code(app, launch=launch["launch"], scope=SCOPE)
    return Stolen(app, thief, launch["timeline"], launch["launch"], code, "", "", "")._replace(
        **await _tokens(flow, app, secret)
    )


async def _tokens(flow: Flow, app: dict[str, Any], secret: dict[str, str]) -> dict[str, Any]:
    """Tokens of two more launches: a valid access token with its refresh token, and a revoked access token."""
    launch = await flow.launch(app)
    first = (await flow.redeem(app, await flow.code(app, launch=launch["launch"], scope=SCOPE), **secret)).json()
    launch = await flow.launch(app)
    second = (await flow.redeem(app, await flow.code(app, launch=launch["launch"], scope=SCOPE), **secret)).json()
    form = {"token": second["access_token"], "client_id": app["client_id"]} | secret
    assert (await flow.http.post("/general/oauth/revoke", data=form)).status_code == 200
    return {"access": first["access_token"], "refresh": first["refresh_token"], "revoked": second["access_token"]}


Try = Callable[[Flow, Stolen], Coroutine[Any, Any, httpx2.Response]]


def _authorize(**more: str) -> Try:
    """more: parameters, in which `thief` and `victim` are replaced by the client IDs."""

    async def send(flow: Flow, stolen: Stolen) -> httpx2.Response:
        who = {"thief": stolen.thief["client_id"], "victim": stolen.app["client_id"]}
        sent = {name: who.get(value, value) for name, value in more.items()}
        return await flow.authorize(stolen.thief, launch=stolen.launch, **sent)

    return send


def _token(who: str, grant: str, endpoint: str = "token", **more: str) -> Try:
    async def send(flow: Flow, stolen: Stolen) -> httpx2.Response:
        apps = {"thief": stolen.thief, "victim": stolen.app, "nobody": {"client_id": "nobody"}}
        form = {"client_id": str(apps[who]["client_id"])} | more
        if form.get("client_secret") == "own":
            form["client_secret"] = apps[who]["client_secret"]
        form |= {
            "code": {"grant_type": "authorization_code", "code": stolen.code, "redirect_uri": REDIRECT},
            "refresh": {"grant_type": "refresh_token", "refresh_token": stolen.refresh},
            "access": {"token": stolen.access},
        }[grant]
        return await flow.http.post(f"/general/oauth/{endpoint}", data=form)

    return send


def _bearer(path: str, token: str) -> Try:
    async def send(flow: Flow, stolen: Stolen) -> httpx2.Response:
        return await flow.http.get(path, headers={"Authorization": f"Bearer {getattr(stolen, token)}"})

    return send


ELSEWHERE: dict[str, Try] = {
    "a launch code, by another app": _authorize(),
    "a launch code, by another app with a wrong redirect URI": _authorize(redirect_uri="https://thief.example/cb"),
    "a launch code, by no app": _authorize(client_id="nobody"),
    "a code, by another app": _token("thief", "code", client_secret="own", code_verifier=VERIFIER),
    "a code, by another app with a wrong secret": _token("thief", "code", client_secret="x" * 30),
    "a code, by no app": _token("nobody", "code", code_verifier=VERIFIER),
    "a refresh token, by another app": _token("thief", "refresh", client_secret="own"),
    "a refresh token, by no app": _token("nobody", "refresh"),
    "a token to introspect, by another app": _token("thief", "access", "introspect", client_secret="own"),
    "a token to introspect, by no app": _token("nobody", "access", "introspect"),
    "a token to revoke, by another app": _token("thief", "access", "revoke", client_secret="own"),
    "a token to revoke, by no app": _token("nobody", "access", "revoke"),
}
"""Requests of another app, or of none. They don't appear in the victim's timeline."""
CLAIMED: dict[str, Try] = {
    "a launch code, with the victim's client id": _authorize(client_id="victim", redirect_uri="https://thief.example/cb"),
    "a code, with the victim's client id and a wrong secret": _token("victim", "code", client_secret="x" * 30),
    "a code, with the victim's client id and nothing else": _token("victim", "code"),
    "a code, with the victim's client id and another verifier": _token("victim", "code", code_verifier="v" * 43),
    "a refresh token, with the victim's client id and a wrong secret": _token("victim", "refresh", client_secret="x" * 30),
    "a token to revoke, with the victim's client id and a wrong secret": _token(
        "victim", "access", "revoke", client_secret="x" * 30
    ),
    "a revoked token, for FHIR": _bearer("/general/r4/Patient", "revoked"),
    "a revoked token, for user info": _bearer("/general/oauth/userinfo", "revoked"),
}
"""Requests that claim to be from the victim without proving it. The public sees neither them nor the timeline."""


def remote(desk: SharedApp) -> Flow:
    """A client that is not on this machine: its requests come through a proxy."""
    flow = desk.flow()
    flow.http.headers["x-forwarded-for"] = "203.0.113.9"
    return flow


async def exchange_of(flow: Flow, answer: httpx2.Response, **headers: str) -> dict[str, Any]:
    id = answer.headers["x-correlation-id"]
    return dict((await flow.http.get(f"/exchanges/{id}", headers={"Accept": "application/json"} | headers)).json())
