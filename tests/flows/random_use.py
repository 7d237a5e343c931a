"""Things that people, apps and strangers do with a Sickbay, in any order, on either of two workers."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

from tests.flows.flow import BASE, REDIRECT, Flow
from tests.services.assertions import jwks, sign

from sickbay.authorization.token.client_authentication import JWT_BEARER

PAGE = {"Accept": "text/html"}
PATIENT = {"resourceType": "Patient", "name": [{"family": "New"}], "gender": "unknown", "birthDate": "1990-01-01"}
Action = Callable[[Flow, Flow, random.Random], Awaitable[None]]


async def bearer(flow: Flow, tenant: str = "general") -> dict[str, str]:
    app = await flow.register(tenant=tenant)
    body = {"app": app["app_id"], "scope": "user/*.cruds", "user": "okafor"}
    answer = await flow.http.post("/admin/tokens", json=body)
    return {"Authorization": f"Bearer {answer.json()['access_token']}", "Content-Type": "application/fhir+json"}


async def csrf(flow: Flow, path: str) -> str:
    page = await flow.http.get(path, headers=PAGE)
    return page.text.partition('name="csrf" value="')[2].partition('"')[0]


async def launch(worker: Flow, other: Flow, dice: random.Random) -> None:
    answer = await worker.complete_launch()
    await other.http.get("/general/oauth/userinfo", headers={"Authorization": f"Bearer {answer['access_token']}"})


async def register_app(worker: Flow, other: Flow, dice: random.Random) -> None:
    app = await worker.register(name=f"App {dice.random()}", cards=[], policy={"code_lifetime": 7})
    await other.http.post(f"/admin/apps/{app['app_id']}/enable", json={"tenant": "epic"})
    await other.http.patch(f"/admin/apps/{app['app_id']}", json={"name": "Renamed"})
    await worker.http.delete("/admin/apps/sample-app-general")


async def add_users(worker: Flow, other: Flow, dice: random.Random) -> None:
    user = {
        "username": f"user-{dice.randrange(9)}",
        "password": f"green-horse-{dice.random()}",
        "fhirUser": "Practitioner/pr-1",
    }
    assert (await worker.http.post("/admin/users", json={"tenant": "general", **user})).status_code == 201
    changed = {"tenant": "epic", "username": "okafor", "password": "another-horse", "fhirUser": "Practitioner/pr-0001"}
    assert (await other.http.post("/admin/users", json=changed)).status_code == 201


async def sign_in(worker: Flow, other: Flow, dice: random.Random) -> None:
    path = f"/{dice.choice(('general', 'epic'))}/ehr/sign-in"
    form = {"csrf": await csrf(worker, path), "username": "okafor", "password": "sickbay"}
    await worker.http.post(path, data=form, headers=PAGE)
    await worker.http.get("/general/ehr", headers=PAGE)
    await authorize(worker, other, dice)


async def guess_passwords(worker: Flow, other: Flow, dice: random.Random) -> None:
    form = {"csrf": await csrf(other, "/general/ehr/sign-in"), "username": "okafor", "password": "guess"}
    await asyncio.gather(*(other.http.post("/general/ehr/sign-in", data=form, headers=PAGE) for _ in range(11)))


async def guess_secrets(worker: Flow, other: Flow, dice: random.Random) -> None:
    app = await worker.register(client="symmetric")
    form = {"grant_type": "refresh_token", "refresh_token": "x", "client_id": app["client_id"], "client_secret": "guess"}
    await asyncio.gather(*(flow.http.post("/general/oauth/token", data=form) for _ in range(3) for flow in (worker, other)))


async def authorize(worker: Flow, other: Flow, dice: random.Random) -> None:
    """Without auto_approve, so that the request waits for a user."""
    app = await other.register(auto_approve=None)
    answer = await worker.authorize(app, scope="openid user/Patient.rs", nonce="n" * dice.randrange(1, 3000))
    assert answer.status_code == 303
    await worker.http.get(answer.headers["location"], headers=PAGE)


async def send_refused_request(worker: Flow, other: Flow, dice: random.Random) -> None:
    flow = dice.choice((worker, other))
    addresses = (
        f"/general/oauth/authorize?client_id=nobody&response_type=code&redirect_uri={REDIRECT}&aud={BASE}/general/r4",
        "/general/r4/Patient?name=x",
        "/epic/oauth/token",
    )
    await asyncio.gather(*(flow.http.get(dice.choice(addresses)) for _ in range(20)))


async def write(worker: Flow, other: Flow, dice: random.Random) -> None:
    sent = await bearer(worker)
    created = await other.http.post("/general/r4/Patient", json=PATIENT, headers=sent)
    assert created.status_code == 201
    patient = (await worker.http.get("/general/r4/Patient/p-0001", headers=sent)).json()
    await other.http.put("/general/r4/Patient/p-0001", json=patient | {"active": False}, headers=sent)
    if dice.random() < 0.5:
        await worker.http.delete(f"/general/r4/Patient/{created.json()['id']}", headers=sent)
    await worker.http.post("/general/r4/Patient", json=PATIENT, headers=sent | {"If-None-Exist": "identifier=x|y"})


async def search(worker: Flow, other: Flow, dice: random.Random) -> None:
    sent = await bearer(other)
    for query in ("Patient?name=p", "Observation?patient=p-0001&_count=5", "Observation?code=8480-6&_total=accurate"):
        assert (await worker.http.get(f"/general/r4/{query}", headers=sent)).status_code == 200


async def export(worker: Flow, other: Flow, dice: random.Random) -> None:
    await other.http.get("/general/r4/Patient/$export", headers=await bearer(worker) | {"Prefer": "respond-async"})


async def authenticate_with_keys(worker: Flow, other: Flow, dice: random.Random) -> None:
    """One app has its keys here, and the keys of the other can't be fetched."""
    service: dict[str, Any] = {
        "type": "system",
        "client": "asymmetric",
        "scope": "system/Patient.rs",
        "redirect_uris": [],
        "launch_uri": None,
    }
    for keys in ({"jwks": jwks()}, {"jwks_uri": "http://127.0.0.1:9/jwks.json"}):
        app = await worker.register(**service, **keys, auto_approve=None)
        form = {"grant_type": "client_credentials", "scope": "system/Patient.rs", "client_assertion_type": JWT_BEARER}
        await other.http.post("/general/oauth/token", data=form | {"client_assertion": sign(app["client_id"])})


async def change_policies(worker: Flow, other: Flow, dice: random.Random) -> None:
    for tenant in ("general", "epic"):
        changed = {"token_lifetime": dice.randrange(10, 90), "credentialed_cors": True}
        assert (await other.http.patch(f"/admin/policies/{tenant}", json=changed)).status_code == 200
    await worker.http.options(
        "/general/oauth/token", headers={"Origin": "http://x.test", "Access-Control-Request-Method": "POST"}
    )


async def move_clock(worker: Flow, other: Flow, dice: random.Random) -> None:
    """Often to another day."""
    await worker.http.post("/admin/clock", json={"advance": dice.choice((50, 86_400, 9 * 86_400))})
    await search(other, worker, dice)


async def save_app_state(worker: Flow, other: Flow, dice: random.Random) -> None:
    app = await worker.register(scope="patient/Basic.cuds")
    body = {"app": app["app_id"], "scope": "patient/Basic.cuds", "patient": "p-0001"}
    token = (await worker.http.post("/admin/tokens", json=body)).json()["access_token"]
    sent = {"Authorization": f"Bearer {token}", "Content-Type": "application/fhir+json"}
    patient = {"reference": f"{BASE}/general/r4/Patient/p-0001"}
    basic = {"resourceType": "Basic", "code": {"coding": [{"system": "urn:x", "code": "mine"}]}, "subject": patient}
    await other.http.post("/general/app-state/Basic", json=basic, headers=sent)


ACTIONS: dict[str, Action] = {
    action.__name__: action
    for action in (
        launch,
        register_app,
        add_users,
        sign_in,
        guess_passwords,
        guess_secrets,
        authorize,
        send_refused_request,
        write,
        search,
        export,
        authenticate_with_keys,
        change_policies,
        move_clock,
        save_app_state,
    )
}


async def use(worker: Flow, other: Flow, seed: int, count: int) -> list[str]:
    """Do so many random things. Returns their names."""
    dice = random.Random(seed)
    names = dice.choices(list(ACTIONS), k=count)
    for name in names:
        first, second = dice.sample((worker, other), 2)
        await ACTIONS[name](first, second, dice)
    return names
