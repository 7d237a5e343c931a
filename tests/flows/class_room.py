"""A class over HTTP: a teacher and students, each with a browser."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import httpx2
from starlette.routing import Route
from tests.flows.flow import BASE, CHALLENGE, REDIRECT, STATE, VERIFIER, Flow, receive
from tests.flows.shared_app import SharedApp

from sickbay.services.class_mode import clearing, members
from sickbay.services.journal.outcomes import condition_for_student

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
SENT = HTML | {"Origin": BASE}
TOKEN = "token-of-the-teacher-0123456789"
CODE = re.compile(r'<code id="code">([0-9a-z-]+)</code>')
CHART = "/general/ehr/patients/p-0001"
LEAVING = ("/developer/join", "/developer/sign-out", "/theme")
"""Addresses that only change the browser that asks."""


def read_field(answer: httpx2.Response, name: str = "csrf") -> str:
    match = re.search(rf'name="{name}" value="([^"]*)"', answer.text)
    assert match, answer.text[:500]
    return match[1]


def open_teacher(shared: SharedApp) -> Flow:
    """The teacher's browser."""
    teacher = shared.flow()

    async def sign_in(flow: Flow) -> None:
        page = await flow.http.get("/developer/sign-in", headers=HTML)
        form = {"csrf": read_field(page), "token": TOKEN}
        assert (await flow.http.post("/developer/sign-in", data=form, headers=SENT)).status_code == 303

    shared.do(sign_in, teacher)
    return teacher


async def join(flow: Flow, name: str) -> str:
    """Joins the class with its link. Returns the personal code."""
    link = f"/developer/join/{await members.load_join_key(flow.sandbox.runtime)}"
    page = await flow.http.get(link, headers=HTML)
    joined = await flow.http.post(link, data={"csrf": read_field(page), "name": name}, headers=SENT)
    assert joined.status_code == 200, joined.text
    match = CODE.search(joined.text)
    assert match
    return match[1]


async def post(flow: Flow, path: str, **form: str) -> httpx2.Response:
    """Sends a form of ours, with the token that every page has."""
    page = await flow.http.get("/doctor", headers=HTML)
    return await flow.http.post(path, data={"csrf": read_field(page), **form}, headers=SENT)


async def register(flow: Flow, name: str, **more: str) -> str:
    """Registers an app with the form of the portal. Returns its app_id."""
    page = await flow.http.get("/developer/register", headers=HTML)
    form: dict[str, Any] = {
        "csrf": read_field(page),
        "id": read_field(page, "id"),
        "tenant": "general",
        "name": name,
        "type": "provider",
        "client": "public",
        "smart_version": "2",
        "fhir": "r4",
        "launch_uri": "http://localhost:8100/launch",
        "redirect_uris": REDIRECT,
        "scope": ["launch", "openid", "fhirUser"],
        "more_scopes": "patient/Patient.rs user/Patient.rs",
    }
    answer = await flow.http.post("/developer/register", data=form | more, headers=SENT)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"]).rpartition("/")[2]


async def client_id_of(flow: Flow, app_id: str) -> str:
    stored = await flow.sandbox.runtime.store.find("app", owner=app_id)
    return stored[0].key


async def sign_in_at_hospital(flow: Flow) -> None:
    page = await flow.http.get("/general/ehr/sign-in", headers=HTML)
    form = {"csrf": read_field(page), "username": "okafor", "password": "sickbay"}
    assert (await flow.http.post("/general/ehr/sign-in", data=form, headers=SENT)).status_code == 303


async def open_app(flow: Flow, app_id: str) -> httpx2.Response:
    """Launches an app from the chart."""
    return await flow.http.get("/general/ehr/open", params={"app": app_id, "patient": "p-0001"}, headers=HTML)


async def authorize(flow: Flow, client_id: str, launch: str, **more: str) -> httpx2.Response:
    asked = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": REDIRECT,
        "state": STATE,
        "scope": "launch openid fhirUser patient/Patient.rs",
        "aud": f"{BASE}/general/r4",
        "launch": launch,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    return await flow.http.get("/general/oauth/authorize", params=asked | more, headers=HTML)


async def work(flow: Flow, app_id: str) -> dict[str, Any]:
    """Launches an app from the chart, allows what it asks for, and reads the patient. Returns the token response."""
    opened = await open_app(flow, app_id)
    assert opened.status_code == 303, opened.text
    launch = httpx2.URL(opened.headers["location"]).params["launch"]
    client_id = await client_id_of(flow, app_id)
    asked = await authorize(flow, client_id, launch)
    while asked.status_code == 303 and not asked.headers["location"].startswith(REDIRECT):
        asked = await flow.http.get(asked.headers["location"], headers=HTML)
    if asked.status_code == 200:
        action = re.search(r'<form method="post" action="([^"]+)" class="sheet" data-consent', asked.text)
        assert action, asked.text
        scopes = list(dict.fromkeys(re.findall(r'name="scope" value="([^"]+)"', asked.text)))
        form = {"csrf": read_field(asked), "request": read_field(asked, "request"), "decision": "allow", "scope": scopes}
        asked = await flow.http.post(action[1].replace("&amp;", "&"), data=form, headers=SENT)
    code = receive(asked)["code"]
    app = httpx2.AsyncClient(transport=flow.http._transport, base_url=BASE, trust_env=False)  # the app has no cookie
    grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT, "code_verifier": VERIFIER}
    token = (await app.post("/general/oauth/token", data=grant | {"client_id": client_id})).json()
    read = await app.get("/general/r4/Patient/p-0001", headers={"Authorization": f"Bearer {token['access_token']}"})
    assert read.status_code == 200, read.text
    return dict(token)


@dataclass(frozen=True)
class Room:
    """The class after the first student has worked. code: of the second one. refused, launch: an exchange and a timeline."""

    teacher: Flow
    first: Flow
    second: Flow
    code: str
    student: str
    app: str
    client_id: str
    exchanges: tuple[str, ...]
    refused: str
    launch: str

    @property
    def ids(self) -> tuple[str, ...]:
        return (self.app, self.client_id, self.student, self.refused, self.launch)


def list_addresses(flow: Flow, room: Room) -> list[tuple[str, str]]:
    """The method and the path of every page and of all of /admin, once for each id of the first student that fits."""
    found: dict[tuple[str, str], None] = {}
    for route in flow.application.routes:
        if not isinstance(route, Route) or "{path:path}" in route.path or route.path.startswith(LEAVING):
            continue
        fixed = re.sub(r"{patient(:\w+)?}", "p-0001", route.path)
        ids = (
            [room.client_id] if "/oauth" in route.path else room.ids
        )  # its exchange shows a short ID to the student who sent it
        for id in ids:
            path = re.sub(r"{\w+(:\w+)?}", id, fixed)
            found |= {(method, path): None for method in route.methods or ()}
    return list(found)


async def find_app_and_launch(flow: Flow, name: str) -> tuple[str, str]:
    """The app_id of the first app of the student with this name, and the timeline of a new launch of it."""
    (student,) = [student for student in await members.list_students(flow.sandbox.runtime) if student.name == name]
    app = (await clearing.list_apps(flow.sandbox.runtime, student.id))[-1]
    await sign_in_at_hospital(flow)  # another test may have signed the student out
    assert (await open_app(flow, app.app_id)).status_code == 303
    (launch, *_) = await flow.sandbox.runtime.store.find("launch", owner=app.client_id)
    return app.app_id, launch.family


async def list_exchanges(flow: Flow, student: str) -> set[str]:
    await flow.sandbox.journal.flush()
    return {record.key for record in await flow.sandbox.runtime.store.find_exchanges((condition_for_student(student),), 1000)}
