"""Things that people, apps and strangers do with a Sickbay, in any order, on either of two workers."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

from tests.flows.flow import BASE, REDIRECT, Flow
from tests.services.assertions import JWT_BEARER, jwks, signed

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


async def launches(one: Flow, two: Flow, dice: random.Random) -> None:
    answer = await one.launched()
    await two.http.get("/general/oauth/userinfo", headers={"Authorization": f"Bearer {answer['access_token']}"})


async def registers(one: Flow, two: Flow, dice: random.Random) -> None:
    app = await one.register(name=f"App {dice.random()}", cards=[], policy={"code_lifetime": 7})
    await two.http.post(f"/admin/apps/{app['app_id']}/enable", json={"tenant": "epic"})
    await two.http.patch(f"/admin/apps/{app['app_id']}", json={"name": "Renamed"})
    await one.http.delete("/admin/apps/sample-app-general")


async def adds_users(one: Flow, two: Flow, dice: random.Random) -> None:
    user = {
        "username": f"user-{dice.randrange(9)}",
        "password": f"green-horse-{dice.random()}",
        "fhirUser": "Practitioner/pr-1",
    }
    assert (await one.http.post("/admin/users", json={"tenant": "general", **user})).status_code == 201
    changed = {"tenant": "epic", "username": "okafor", "password": "another-horse", "fhirUser": "Practitioner/pr-0001"}
    assert (await two.http.post("/admin/users", json=changed)).status_code == 201


async def signs_in(one: Flow, two: Flow, dice: random.Random) -> None:
    path = f"/{dice.choice(('general', 'epic'))}/ehr/sign-in"
    form = {"csrf": await csrf(one, path), "username": "okafor", "password": "sickbay"}
    await one.http.post(path, data=form, headers=PAGE)
    await one.http.get("/general/ehr", headers=PAGE)
    await authorizes(one, two, dice)


async def guesses_passwords(one: Flow, two: Flow, dice: random.Random) -> None:
    form = {"csrf": await csrf(two, "/general/ehr/sign-in"), "username": "okafor", "password": "guess"}
    await asyncio.gather(*(two.http.post("/general/ehr/sign-in", data=form, headers=PAGE) for _ in range(11)))


async def guesses_secrets(one: Flow, two: Flow, dice: random.Random) -> None:
    app = await one.register(client="symmetric")
    form = {"grant_type": "refresh_token", "refresh_token": "x", "client_id": app["client_id"], "client_secret": "guess"}
    await asyncio.gather(*(flow.http.post("/general/oauth/token", data=form) for _ in range(3) for flow in (one, two)))


async def authorizes(one: Flow, two: Flow, dice: random.Random) -> None:
    """Without auto_approve, so that the request waits for a user."""
    app = await two.register(auto_approve=None)
    answer = await one.authorize(app, scope="openid user/Patient.rs", nonce="n" * dice.randrange(1, 3000))
    assert answer.status_code == 303
    await one.http.get(answer.headers["location"], headers=PAGE)


async def is_refused(one: Flow, two: Flow, dice: random.Random) -> None:
    flow = dice.choice((one, two))
    addresses = (
        f"/general/oauth/authorize?client_id=nobody&response_type=code&redirect_uri={REDIRECT}&aud={BASE}/general/r4",
        "/general/r4/Patient?name=x",
        "/epic/oauth/token",
    )
    await asyncio.gather(*(flow.http.get(dice.choice(addresses)) for _ in range(20)))


async def writes(one: Flow, two: Flow, dice: random.Random) -> None:
    sent = await bearer(one)
    created = await two.http.post("/general/r4/Patient", json=PATIENT, headers=sent)
    assert created.status_code == 201
    patient = (await one.http.get("/general/r4/Patient/p-0001", headers=sent)).json()
    await two.http.put("/general/r4/Patient/p-0001", json=patient | {"active": False}, headers=sent)
    if dice.random() < 0.5:
        await one.http.delete(f"/general/r4/Patient/{created.json()['id']}", headers=sent)
    await one.http.post("/general/r4/Patient", json=PATIENT, headers=sent | {"If-None-Exist": "identifier=x|y"})


async def searches(one: Flow, two: Flow, dice: random.Random) -> None:
    sent = await bearer(two)
    for query in ("Patient?name=p", "Observation?patient=p-0001&_count=5", "Observation?code=8480-6&_total=accurate"):
        assert (await one.http.get(f"/general/r4/{query}", headers=sent)).status_code == 200


async def exports(one: Flow, two: Flow, dice: random.Random) -> None:
    await two.http.get("/general/r4/Patient/$export", headers=await bearer(one) | {"Prefer": "respond-async"})


async def authenticates_with_keys(one: Flow, two: Flow, dice: random.Random) -> None:
    """One app has its keys here, and the keys of the other can't be fetched."""
    service = {"type": "system", "client": "asymmetric", "scope": "system/Patient.rs", "redirect_uris": [], "launch_uri": None}
    for keys in ({"jwks": jwks()}, {"jwks_uri": "http://127.0.0.1:9/jwks.json"}):
        app = await one.register(**service, **keys, auto_approve=None)
        form = {"grant_type": "client_credentials", "scope": "system/Patient.rs", "client_assertion_type": JWT_BEARER}
        await two.http.post("/general/oauth/token", data=form | {"client_assertion": signed(app["client_id"])})


async def changes_policies(one: Flow, two: Flow, dice: random.Random) -> None:
    for tenant in ("general", "epic"):
        changed = {"token_lifetime": dice.randrange(10, 90), "credentialed_cors": True}
        assert (await two.http.patch(f"/admin/policies/{tenant}", json=changed)).status_code == 200
    await one.http.options("/general/oauth/token", headers={"Origin": "http://x.test", "Access-Control-Request-Method": "POST"})


async def moves_the_clock(one: Flow, two: Flow, dice: random.Random) -> None:
    """Often to another day."""
    await one.http.post("/admin/clock", json={"advance": dice.choice((50, 86_400, 9 * 86_400))})
    await searches(two, one, dice)


async def keeps_app_state(one: Flow, two: Flow, dice: random.Random) -> None:
    app = await one.register(scope="patient/Basic.cuds")
    body = {"app": app["app_id"], "scope": "patient/Basic.cuds", "patient": "p-0001"}
    token = (await one.http.post("/admin/tokens", json=body)).json()["access_token"]
    sent = {"Authorization": f"Bearer {token}", "Content-Type": "application/fhir+json"}
    patient = {"reference": f"{BASE}/general/r4/Patient/p-0001"}
    basic = {"resourceType": "Basic", "code": {"coding": [{"system": "urn:x", "code": "mine"}]}, "subject": patient}
    await two.http.post("/general/app-state/Basic", json=basic, headers=sent)


ACTIONS: dict[str, Action] = {
    action.__name__: action
    for action in (
        launches,
        registers,
        adds_users,
        signs_in,
        guesses_passwords,
        guesses_secrets,
        authorizes,
        is_refused,
        writes,
        searches,
        exports,
        authenticates_with_keys,
        changes_policies,
        moves_the_clock,
        keeps_app_state,
    )
}


async def use(one: Flow, two: Flow, seed: int, count: int) -> list[str]:
    """Do so many random things. Returns their names."""
    dice = random.Random(seed)
    names = dice.choices(list(ACTIONS), k=count)
    for name in names:
        first, second = dice.sample((one, two), 2)
        await ACTIONS[name](first, second, dice)
    return names
