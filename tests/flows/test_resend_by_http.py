"""A recorded request is sent again: corrected, or changed by a person, with fresh values and without rights."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from tests.flows.flow import BASE, Flow, run
from tests.flows.resend_refusals import FHIR, REFUSALS, REGISTERED, SCOPE, TOKEN, World, make_world
from tests.flows.shared_app import SharedApp, open_shared_app
from tests.flows.test_admin_sign_in import field
from tests.flows.writing import hand
from tests.laws import for_each

JSON, HTML = {"accept": "application/json"}, {"accept": "text/html"}
NOT_SENT = {
    "fhir-insufficient-scope": "another scope has to be granted first, so there is no corrected request",
    "fhir-search-unknown-param": "the journal masks the value of a parameter that it doesn't know",
    "fhir-date-malformed": "Sickbay can't know which date was meant",
    "reg-redirect-uri-has-fragment": "only the administrator registers apps",
}
"""The refusals whose request isn't corrected and sent with one click, and the reason."""


@pytest.fixture(scope="module")
def shared_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedApp]:
    with open_shared_app(tmp_path_factory.mktemp("resend")) as opened:
        yield opened


async def read_exchange(flow: Flow, id: str) -> dict[str, Any]:
    return dict((await flow.http.get(f"/exchanges/{id}", headers=JSON)).json())


async def resend(flow: Flow, id: str, **body: Any) -> httpx2.Response:
    return await flow.http.post(f"/admin/exchanges/{id}/resend", json=body)


def id_of(answer: httpx2.Response) -> str:
    return str(answer.headers["x-correlation-id"])


def is_refused(exchange: dict[str, Any]) -> bool:
    return any(finding["severity"] == "error" for finding in exchange["findings"])


async def count_grants(flow: Flow) -> dict[str, int]:
    store = flow.sandbox.runtime.store
    return {kind: len(await store.find(kind, limit=100)) for kind in ("code", "family", "token", "launch", "pending")}


async def begin(flow: Flow) -> World:
    await flow.http.post("/admin/reset", json={"everything": True})
    flow.cookies.clear()
    flow.http.headers.pop("cookie", None)
    return await make_world(flow)


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: f"{refusal.stage}-{refusal.finding}")
def test_the_corrected_request_is_granted(shared_app: SharedApp, refusal: Any) -> None:
    async def steps(flow: Flow) -> None:
        answer = await refusal.send(await begin(flow))
        original = await read_exchange(flow, id_of(answer))
        refused = {finding["id"] for finding in original["findings"] if finding["severity"] == "error"}
        assert refusal.finding in refused
        before = await count_grants(flow)
        sent = await resend(flow, original["id"], corrected=True)
        assert await count_grants(flow) == before
        if refusal.finding in NOT_SENT:
            assert sent.status_code == 422, sent.text
            return
        assert sent.status_code == 200, sent.text
        result = sent.json()
        assert 200 <= result["status"] < 400
        assert not is_refused(result["exchange"])
        assert "error" not in parse_qs(urlsplit(result["exchange"]["response"]["headers"].get("location", "")).query)
        assert result["exchange"]["resent_from"] == original["id"]
        assert result["exchange"]["launch"] is None

    shared_app.do(steps)


def test_at_least_fifty_refusals_of_ten_stages_are_in_the_table() -> None:
    assert len(REFUSALS) - len(NOT_SENT) >= 50
    assert len({refusal.stage for refusal in REFUSALS}) >= 10
    assert {*NOT_SENT} <= {refusal.finding for refusal in REFUSALS}


async def click(flow: Flow, id: str, **fields: Any) -> httpx2.Response:
    """Send the form of the page; by default with the button Send the corrected request."""
    page = await flow.http.get(f"/exchanges/{id}/resend", headers=HTML)
    sent = {"csrf": field(page), **(fields or {"as": "corrected"})}
    return await flow.http.post(f"/exchanges/{id}/resend", data=sent, headers=HTML)


def test_the_page_of_a_refusal_sends_its_corrected_request_and_shows_both(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        world = await begin(flow)
        refused = await world.redeem(redirect_uri="http://localhost:8100/callback/")
        page = (await flow.http.get(f"/exchanges/{id_of(refused)}", headers=HTML)).text
        assert "Send the corrected request</button>" in page
        assert "Sickbay sends it for you, with a new authorization code and the code_verifier of the new code." in page
        result = (await click(flow, id_of(refused))).text
        assert "Original and resent" in result
        assert "The new values are for user okafor and patient p-0001." in result
        newest = (await flow.http.get("/admin/exchanges?limit=1")).json()[0]
        assert newest["resent_from"] == id_of(refused)
        line = (await flow.http.get("/exchanges?limit=1", headers=JSON)).json()
        assert "resent_from" in str(line)
        stored = (await flow.http.get(f"/exchanges/{newest['id']}", headers=HTML)).text
        assert f'Resent from <a class="mono" href="/exchanges/{id_of(refused)}">' in stored
        assert "Original and resent" in stored
        assert (await flow.http.get("/exchanges", headers=HTML)).text.count('<span class="chip">Resent</span>') == 1

    shared_app.do(steps)


def test_a_masked_value_is_asked_for_before_anything_is_sent(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        world = await begin(flow)
        refused = await world.get("/Patients?name=Moreau&birthdate=1979-08-21")
        page = (await flow.http.get(f"/exchanges/{id_of(refused)}", headers=HTML)).text
        assert ">Send the corrected request</a>" in page
        assert "First type name and birthdate: the journal masks patient data" in page
        form = (await flow.http.get(f"/exchanges/{id_of(refused)}/resend", headers=HTML)).text
        assert form.count("Type the value. The journal masks it.") == 2
        assert (await click(flow, id_of(refused))).status_code == 422
        typed = {"query-name": ["name", "birthdate", ""], "query-value": ["Moreau", "1979-08-21", ""]}
        headers = {"header-name": ["authorization"], "header-value": ["Bearer ACCESS-TOKEN-OF-YOUR-APP"]}
        fields = {"method": "GET", "url": f"{FHIR}/Patient", "body": "", **typed, **headers}
        sent = await click(flow, id_of(refused), **fields)
        assert sent.status_code == 200
        assert "Moreau" in sent.text
        newest = (await flow.http.get("/admin/exchanges?limit=1")).json()[0]
        assert newest["response"]["status"] == 200
        assert "Moreau" not in str(newest)

    shared_app.do(steps)


def test_a_write_says_so_before_it_is_sent_and_needs_its_body_again(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        world = await begin(flow)
        await flow.http.patch(f"/admin/apps/{world.public['app_id']}", json={"scope": f"{SCOPE} patient/Observation.cruds"})
        subject = {"subject": {"reference": "Patient/p-0001"}}
        body = json.dumps({"resourceType": "Observation", "status": "final", "code": {"text": "x"}, **subject})
        code = await flow.code(world.public, scope=SCOPE.replace("Observation.rs", "Observation.cruds"))
        await flow.redeem(world.public, code)
        headers = {"authorization": "Bearer made-up", "content-type": "application/fhir+json"}
        refused = await flow.http.post(f"{FHIR}/Observation", content=body, headers=headers)
        assert refused.status_code == 401
        form = (await flow.http.get(f"/exchanges/{id_of(refused)}/resend", headers=HTML)).text
        assert "This request writes to General Hospital." in form
        assert "The journal doesn’t keep bodies, so paste it here." in form
        assert "the body" in (await resend(flow, id_of(refused))).json()["title"]
        result = (await resend(flow, id_of(refused), body=body)).json()
        assert result["status"] == 201, result
        assert result["exchange"]["response"]["headers"]["location"].startswith(f"{BASE}{FHIR}/Observation/")

    shared_app.do(steps)


def test_a_changed_request_is_sent_as_it_was_typed_and_may_be_refused_again(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        world = await begin(flow)
        refused = await world.get("/Patients/p-0001")
        result = (
            await resend(flow, id_of(refused), url=f"{BASE}{FHIR}/Patient/p-0001", headers={"accept": "text/plain"})
        ).json()
        assert result["status"] == 406
        assert is_refused(result["exchange"])
        granted = (await resend(flow, id_of(refused), url=f"{FHIR}/Patient/p-0001", parameters={"_summary": "text"})).json()
        assert granted["status"] == 200
        assert granted["exchange"]["request"]["url"].endswith("?_summary=text")
        assert (await resend(flow, "unknown")).status_code == 404
        assert (await resend(flow, id_of(refused), anything="else")).status_code == 422

    shared_app.do(steps)


def test_a_granted_request_can_be_sent_again_too(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        world = await begin(flow)
        answer = await world.get("/Patient/p-0001", accept="application/fhir+json")
        result = (await resend(flow, id_of(answer))).json()
        assert result["status"] == 200
        assert result["filled"] == ["a new access token"]
        assert (await resend(flow, id_of(answer), corrected=True)).status_code == 422
        page = (await flow.http.get(f"/exchanges/{id_of(answer)}", headers=HTML)).text
        assert "Edit and resend" in page
        assert "Send the corrected request" not in page

    shared_app.do(steps)


def test_a_resent_request_belongs_to_no_launch(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        world = await begin(flow)
        launch = await flow.launch(world.public)
        asked = {"launch": launch["launch"], "scope": "launch,openid,patient/Patient.rs"}
        refused = await world.authorize(**asked)
        before = (await flow.http.get(f"/admin/launches/{launch['timeline']}")).json()
        launches = (await flow.http.get("/admin/launches")).json()
        assert (await resend(flow, id_of(refused), corrected=True)).json()["status"] == 303
        after = (await flow.http.get(f"/admin/launches/{launch['timeline']}")).json()
        assert after["exchanges"] == before["exchanges"]
        assert after["state"] == before["state"]
        assert len((await flow.http.get("/admin/launches")).json()) == len(launches)
        assert "stalled" not in (await flow.http.get("/exchanges", headers=HTML)).text.lower()
        accepted = await world.authorize(**(asked | {"scope": asked["scope"].replace(",", " ")}))
        assert "code=" in accepted.headers["location"]  # the resent request didn't use up the launch

    shared_app.do(steps)


@pytest.mark.parametrize("stage", ["token", "client_authentication", "backend", "access"])
def test_requests_are_sent_again_on_both_engines(engine: Callable[[], str | None], stage: str, tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        world = await make_world(flow)
        refusal = next(refusal for refusal in REFUSALS if refusal.stage == stage)
        answer = await refusal.send(world)
        before = await count_grants(flow)
        result = (await resend(flow, id_of(answer), corrected=True)).json()
        assert not is_refused(result["exchange"])
        assert await count_grants(flow) == before

    settings: dict[str, Any] = {"data": data} if (data := engine()) else {}
    run(steps, tmp_path, **settings)


def test_an_app_that_no_one_has_opened_is_tried_with_the_first_user_and_patient(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        await flow.http.post("/admin/reset", json={"everything": True})
        await flow.register(name="New app", auto_approve=None, scope="launch/patient openid patient/*.rs")
        refused = await flow.http.get(f"{FHIR}/Patient/p-0001")
        result = (await resend(flow, id_of(refused), corrected=True)).json()
        assert "The request doesn’t say which app sent it. Sickbay took New app." in result["notes"]
        assert any(note.startswith("No one has opened New app yet. Sickbay chose user okafor") for note in result["notes"])
        assert result["status"] in (200, 404)

    shared_app.do(steps)


GRANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "no patient": ("openid fhirUser user/*.rs", {}),
    "a launch without a patient": ("launch openid user/*.rs", {"patient": None}),
    "a patient": ("launch openid patient/*.rs", {}),
    "a patient that was deleted": ("launch openid patient/*.rs", {"patient": "p-gone"}),
}
"""What was granted to the app before: the requested scopes, and a launch."""


@for_each("granted", GRANTS)
@for_each("registered", [REGISTERED, "launch openid fhirUser patient/*.rs user/*.rs", "openid fhirUser user/*.rs", "openid"])
def test_a_request_that_names_no_app_is_sent_again_whatever_the_app_was_granted(
    shared_app: SharedApp, granted: str, registered: str
) -> None:
    async def steps(flow: Flow) -> None:
        await flow.http.post("/admin/reset", json={"everything": True})
        scope, launched = GRANTS[granted]
        requested = " ".join(word for word in scope.split() if word in registered.split())
        writer = (await hand(flow, "system/*.cruds")).headers | {"user-agent": "a script"}
        gone = {"resourceType": "Patient", "id": "p-gone"}
        assert (await flow.http.put(f"{FHIR}/Patient/p-gone", json=gone, headers=writer)).status_code == 201
        app = await flow.register(scope=registered)
        launch = {"launch": (await flow.launch(app, **launched))["launch"]} if "launch" in requested.split() else {}
        if requested:
            await flow.redeem(app, await flow.code(app, scope=requested, **launch))
        assert (await flow.http.delete(f"{FHIR}/Patient/p-gone", headers=writer)).status_code in (200, 204)
        refused = await flow.http.get(f"{FHIR}/Observation", headers={"authorization": "Bearer made-up"})
        answer = await resend(flow, id_of(refused), corrected=True)
        assert answer.status_code == 200, answer.text
        assert answer.json()["status"] == (403 if registered == "openid" else 200), answer.text
        assert answer.json()["exchange"]["app"] == app["client_id"]

    shared_app.do(steps)


def test_the_stand_in_is_named_and_the_apps_own_credentials_are_never_asked_for(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        world = await begin(flow)
        refusal = next(refusal for refusal in REFUSALS if refusal.finding == "client-secret-wrong")
        refused = await refusal.send(world)
        result = await click(flow, id_of(refused))
        assert "The app’s own secret or key wasn’t tested, because a stand-in took its place." in result.text
        form = (await flow.http.get(f"/exchanges/{id_of(refused)}/resend", headers=HTML)).text
        assert "Don’t enter either" in form

    shared_app.do(steps)


def test_a_verifier_that_a_person_typed_belongs_to_the_new_code(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        world = await begin(flow)
        auth = (world.secret["client_id"], world.secret["client_secret"])
        refused = await flow.http.post(TOKEN, data=await world.form(world.secret) | {"code": "made-up"}, auth=auth)
        result = (await resend(flow, id_of(refused), parameters={"code_verifier": "v" * 50})).json()
        assert result["status"] == 200, result
        assert "the code_verifier of the new code" not in result["filled"]

    shared_app.do(steps)


def test_a_backend_service_gets_no_code(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        world = await begin(flow)
        refused = await world.redeem(code="made-up")
        answer = await resend(flow, id_of(refused), parameters={"client_id": world.service["client_id"]})
        assert answer.status_code == 422
        assert "is a backend service" in answer.json()["title"]

    shared_app.do(steps)
