"""A request that quotes what was issued to another app gets a timeline of its own, and learns nothing of that app's."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from typing import Any, NamedTuple

import httpx2
import pytest
from tests.flows.flow import REDIRECT, VERIFIER, Flow
from tests.flows.sitting import Sitting, sitting

PUBLIC = {"Origin": "https://elsewhere.example", "Accept": "application/json"}
SCOPE = "launch openid fhirUser offline_access patient/Patient.rs"


class Stolen(NamedTuple):
    """What was issued to the victim, and its timeline. confidential: another launch of an app with a secret."""

    app: dict[str, Any]
    thief: dict[str, Any]
    timeline: str
    launch: str
    code: str
    access: str
    refresh: str
    revoked: str


async def _stolen(flow: Flow, kind: str) -> Stolen:
    """One timeline with a code that is still good, and with tokens of an earlier code of the same launch's grant."""
    app = await flow.register(name="Victim", client=kind, scope=SCOPE)
    thief = await flow.register(name="Thief", client="symmetric", scope=SCOPE)
    secret = {"client_secret": app["client_secret"]} if kind == "symmetric" else {}
    made = await flow.launch(app)
    code = await flow.code(app, launch=made["launch"], scope=SCOPE)
    return Stolen(app, thief, made["timeline"], made["launch"], code, "", "", "")._replace(
        **await _tokens(flow, app, secret)
    )


async def _tokens(flow: Flow, app: dict[str, Any], secret: dict[str, str]) -> dict[str, str]:
    """Of a second launch: a live access token, its refresh token, and an access token that was revoked."""
    made = await flow.launch(app)
    first = (await flow.redeem(app, await flow.code(app, launch=made["launch"], scope=SCOPE), **secret)).json()
    made = await flow.launch(app)
    second = (await flow.redeem(app, await flow.code(app, launch=made["launch"], scope=SCOPE), **secret)).json()
    form = {"token": second["access_token"], "client_id": app["client_id"]} | secret
    assert (await flow.http.post("/general/oauth/revoke", data=form)).status_code == 200
    return {"access": first["access_token"], "refresh": first["refresh_token"], "revoked": second["access_token"]}


Try = Callable[[Flow, Stolen], Coroutine[Any, Any, httpx2.Response]]


def _authorize(**more: str) -> Try:
    """more: `thief` and `victim` stand for their client ids."""

    async def tried(flow: Flow, stolen: Stolen) -> httpx2.Response:
        who = {"thief": stolen.thief["client_id"], "victim": stolen.app["client_id"]}
        sent = {name: who.get(value, value) for name, value in more.items()}
        return await flow.authorize(stolen.thief, launch=stolen.launch, **sent)

    return tried


def _token(who: str, grant: str, endpoint: str = "token", **more: str) -> Try:
    async def tried(flow: Flow, stolen: Stolen) -> httpx2.Response:
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

    return tried


def _bearer(path: str, token: str) -> Try:
    async def tried(flow: Flow, stolen: Stolen) -> httpx2.Response:
        return await flow.http.get(path, headers={"Authorization": f"Bearer {getattr(stolen, token)}"})

    return tried


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
"""Requests in another's name, or in none: they are not in the victim's timeline at all."""
CLAIMED: dict[str, Try] = {
    "a launch code, with the victim's client id": _authorize(
        client_id="victim", redirect_uri="https://thief.example/cb"
    ),
    "a code, with the victim's client id and a wrong secret": _token("victim", "code", client_secret="x" * 30),
    "a code, with the victim's client id and nothing else": _token("victim", "code"),
    "a code, with the victim's client id and another verifier": _token("victim", "code", code_verifier="v" * 43),
    "a refresh token, with the victim's client id and a wrong secret": _token(
        "victim", "refresh", client_secret="x" * 30
    ),
    "a token to revoke, with the victim's client id and a wrong secret": _token(
        "victim", "access", "revoke", client_secret="x" * 30
    ),
    "a revoked token, for FHIR": _bearer("/general/r4/Patient", "revoked"),
    "a revoked token, for user info": _bearer("/general/oauth/userinfo", "revoked"),
}
"""Requests that claim to be the victim and don't prove it: the public sees neither them nor the timeline."""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, engine: Callable[[], str | None]) -> Iterator[Sitting]:
    with sitting(tmp_path_factory.mktemp("timelines"), engine(), patients=1) as opened:
        yield opened


@pytest.fixture(scope="module", params=["symmetric", "public"])
def stolen(desk: Sitting, request: pytest.FixtureRequest) -> Stolen:
    return desk.do(lambda flow: _stolen(flow, request.param))


def _remote(desk: Sitting) -> Flow:
    """Somebody who is not at the keyboard: a proxy stands in between."""
    flow = desk.flow()
    flow.http.headers["x-forwarded-for"] = "203.0.113.9"
    return flow


async def _exchange(flow: Flow, answer: httpx2.Response, **headers: str) -> dict[str, Any]:
    id = answer.headers["x-correlation-id"]
    return dict((await flow.http.get(f"/exchanges/{id}", headers={"Accept": "application/json"} | headers)).json())


async def _timeline(flow: Flow, id: str, headers: dict[str, str]) -> set[str]:
    found = (await flow.http.get(f"/timelines/{id}", headers={"Accept": "application/json"} | headers)).json()
    return {one["id"] for one in found["exchanges"]}


async def _victims(flow: Flow, stolen: Stolen) -> set[str]:
    """The timelines of everything that was stolen."""
    every = (await flow.http.get(f"/admin/exchanges?app={stolen.app['app_id']}")).json()
    found = every["exchanges"] if isinstance(every, dict) else every
    return {stolen.timeline} | {one["launch"] for one in found if one["launch"] and one["response"]["status"] < 400}


@pytest.mark.parametrize("way", ELSEWHERE)
def test_another_app_does_not_get_into_the_timeline(desk: Sitting, stolen: Stolen, way: str) -> None:
    async def steps(flow: Flow) -> None:
        theirs = await _victims(flow, stolen)
        answer = await ELSEWHERE[way](_remote(desk), stolen)
        for headers in ({}, PUBLIC):
            assert (await _exchange(flow, answer, **headers))["launch"] not in theirs
            for timeline in theirs:
                assert answer.headers["x-correlation-id"] not in await _timeline(flow, timeline, headers)
        page = await flow.http.get(
            f"/exchanges/{answer.headers['x-correlation-id']}", headers=PUBLIC | {"Accept": "text/html"}
        )
        assert not any(timeline in answer.text + page.text for timeline in theirs)

    desk.do(steps)


@pytest.mark.parametrize("way", CLAIMED)
def test_who_only_claims_to_be_the_app_does_not_learn_its_timeline(desk: Sitting, stolen: Stolen, way: str) -> None:
    if "wrong secret" in way and "client_secret" not in stolen.app:
        way = "a code, with the victim's client id and nothing else"  # a public app has no secret to be wrong

    async def steps(flow: Flow) -> None:
        theirs = await _victims(flow, stolen)
        answer = await CLAIMED[way](_remote(desk), stolen)
        assert answer.status_code >= 400
        assert (await _exchange(flow, answer, **PUBLIC))["launch"] is None
        id = answer.headers["x-correlation-id"]
        for timeline in theirs:
            assert id not in await _timeline(flow, timeline, PUBLIC)
        page = await flow.http.get(f"/exchanges/{id}", headers=PUBLIC | {"Accept": "text/html"})
        assert not any(timeline in answer.text + page.text for timeline in theirs)
        full = (await _exchange(flow, answer))["launch"]  # control: the administrator sees where it claims to belong
        assert full is not None
        assert id in await _timeline(flow, full, {})

    desk.do(steps)


def test_the_app_itself_reads_its_timeline(desk: Sitting, stolen: Stolen) -> None:
    """The control: the same code, by the app that it was issued to, refused for another reason."""

    async def steps(flow: Flow) -> None:
        secret = {"client_secret": stolen.app["client_secret"]} if "client_secret" in stolen.app else {}
        answer = await flow.redeem(stolen.app, stolen.code, redirect_uri=REDIRECT + "/", **secret)
        assert answer.status_code == 400
        assert (await _exchange(flow, answer, **PUBLIC))["launch"] == stolen.timeline
        assert answer.headers["x-correlation-id"] in await _timeline(flow, stolen.timeline, PUBLIC)

    desk.do(steps)


def test_nobody_chooses_the_timeline_of_a_launch(desk: Sitting, stolen: Stolen) -> None:
    """A page gives a seed to the launch that it prepares; the id of a timeline is no seed that leads there."""

    async def steps(flow: Flow) -> None:
        flow = desk.flow()
        await flow.http.get("/general/ehr/sign-in")
        sent = {"app": stolen.app["app_id"], "user": await desk.first.clinician(), "timeline": stolen.timeline}
        answer = await flow.http.get("/general/ehr/launch", params=sent | {"seed": stolen.timeline})
        assert answer.status_code == 303
        exchange = await _exchange(flow, answer)
        assert exchange["stage"] == "launch"
        assert exchange["launch"] not in (None, stolen.timeline)

    desk.do(steps)
