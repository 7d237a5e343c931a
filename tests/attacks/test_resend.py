"""A resent request reaches only OAuth and FHIR addresses, has no rights of its sender, and no other page can cause it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.attacks.test_foreign_pages import FOREIGN
from tests.flows.flow import BASE, Flow, run
from tests.flows.resend_refusals import FHIR, SCOPE, TOKEN, make_world
from tests.flows.shared_app import SharedApp, open_shared_app
from tests.flows.test_admin_sign_in import HTML, field
from tests.flows.test_resend_by_http import begin, id_of, read_exchange, resend

from sickbay.services.resend.fill import Filler

ELSEWHERE = (
    "/",
    "/admin",
    "/admin/apps",
    "/admin/reset",
    "/developer",
    "/developer/sign-in",
    "/exchanges",
    "/timelines/x",
    "/metrics",
    "/healthz",
    "/docs",
    "/static/css/base.css",
    "/general",
    "/general/ehr",
    "/general/ehr/launch?app=x",
    "/general/ehr/sign-in",
    "/general/oauth/continue?request=x",
    "/general/oauth/manage",
    "/general/oauth/register",
    "/general/oauth/register/abc",
    "/general/oauth/token/",
    "/general/oauth",
    "/general/r4x/Patient",
    "/nowhere/r4/Patient",
    "/general/r4/../../admin/apps",
    "/general/r4/%2e%2e/%2e%2e/admin/apps",
    "/general/r4/..%2f..%2fadmin",
    "//evil.example/general/r4/Patient",
    "http://evil.example/general/r4/Patient",
    f"{BASE}.evil.example/general/r4/Patient",
    f"{BASE}@evil.example/general/r4/Patient",
    "*",
)
MIMICS = (
    {"sickbay-resent": "1"},
    {"x-sickbay-resent": "1", "x-sickbay-resent-from": "abc"},
    {"resent-from": "abc", "resent_from": "abc"},
    {"sickbay.resent": "abc", "state": "resent"},
)


@pytest.fixture(scope="module")
def shared_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SharedApp]:
    with open_shared_app(tmp_path_factory.mktemp("resend")) as opened:
        yield opened


async def refuse_read(flow: Flow) -> str:
    return id_of(await flow.http.get(f"{FHIR}/Patient/p-0001"))


async def list_resent(flow: Flow) -> list[str]:
    exchanges = (await flow.http.get("/admin/exchanges?limit=1000", headers={"accept": "*/*"})).json()
    return [exchange["id"] for exchange in exchanges if exchange.get("resent_from")]


def test_no_page_of_another_origin_can_have_a_request_sent_again(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        await begin(flow)
        id = await refuse_read(flow)
        page = await flow.http.get(f"/exchanges/{id}", headers=HTML)
        form = {"csrf": field(page), "as": "corrected"}
        for headers in FOREIGN:
            for path, sent in ((f"/exchanges/{id}/resend", {"data": form}), (f"/admin/exchanges/{id}/resend", {"json": {}})):
                answer = await flow.http.post(path, headers={**HTML, **headers}, **sent)
                assert answer.status_code == 403, (path, headers)
        answer = await flow.http.get(f"/exchanges/{id}/resend", params=form, headers=HTML)
        assert "Send the request" in answer.text
        for token in ("", "wrong", None):
            data = {"as": "corrected"} | ({"csrf": token} if token is not None else {})
            assert (await flow.http.post(f"/exchanges/{id}/resend", data=data, headers=HTML)).status_code == 403
        assert await list_resent(flow) == []

    shared_app.do(steps)


def test_only_the_administrator_can_have_a_request_sent_again(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        id = await refuse_read(flow)
        for more in ({"X-Forwarded-For": "10.0.0.7"}, {"Via": "1.1 proxy"}, {"Authorization": "Bearer wrong"}):
            for path in (f"/exchanges/{id}/resend", f"/admin/exchanges/{id}/resend"):
                answer = await flow.http.post(path, json={}, headers={"accept": "application/json", **more})
                assert answer.status_code in (403, 429), (path, more)
            page = await flow.http.get(f"/exchanges/{id}", headers={**HTML, **more})
            assert "Edit and resend" not in page.text
        answer = await resend(flow, id, corrected=True)
        assert answer.status_code in (200, 422)

    run(steps, tmp_path, admin_token="the-admin-token")


@pytest.mark.parametrize("url", ELSEWHERE)
def test_only_addresses_of_oauth_and_fhir_are_reached(shared_app: SharedApp, url: str) -> None:
    async def steps(flow: Flow) -> None:
        id = await refuse_read(flow)
        before = await list_resent(flow)
        for method in ("GET", "POST", "DELETE"):
            answer = await resend(flow, id, url=url, method=method, parameters={}, headers={"authorization": None})
            assert answer.status_code == 422, answer.text
        assert await list_resent(flow) == before

    shared_app.do(steps)


@pytest.mark.parametrize("header", ["Host", "Cookie", "Origin", "X-HTTP-Method-Override", "X-Forwarded-For", "Sickbay-Resent"])
def test_headers_that_say_who_sends_a_request_are_refused(shared_app: SharedApp, header: str) -> None:
    async def steps(flow: Flow) -> None:
        answer = await resend(flow, await refuse_read(flow), headers={header: "localhost"})
        assert answer.status_code == 422
        assert header.lower() in answer.json()["title"]

    shared_app.do(steps)


@pytest.mark.parametrize("headers", MIMICS)
def test_no_header_of_a_stranger_counts_as_the_mark(shared_app: SharedApp, headers: dict[str, str]) -> None:
    async def steps(flow: Flow) -> None:
        world = await begin(flow)
        form = await world.form(world.secret)
        answer = await flow.http.post(TOKEN, data=form, auth=(world.secret["client_id"], "guess"), headers=headers)
        assert answer.json()["error"] == "invalid_client"
        assert "resent_from" not in await read_exchange(flow, id_of(answer))

    shared_app.do(steps)


def test_the_stand_in_of_one_request_is_accepted_in_no_other(shared_app: SharedApp, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "stand-in-" + "s" * 40

    async def steps(flow: Flow) -> None:
        world = await begin(flow)
        auth = (world.secret["client_id"], secret)
        refused = await flow.http.post(TOKEN, data=await world.form(world.secret), auth=auth)
        assert refused.status_code == 401
        monkeypatch.setattr(Filler, "_new_secret", lambda filler: secret)
        assert (await resend(flow, id_of(refused), corrected=True)).json()["status"] == 200
        again = await flow.http.post(TOKEN, data=await world.form(world.secret), auth=auth)
        assert again.status_code == 401
        own = (world.secret["client_id"], world.secret["client_secret"])
        assert (await flow.http.post(TOKEN, data=await world.form(world.secret), auth=own)).status_code == 200

    shared_app.do(steps)


def test_no_value_that_was_issued_for_a_resent_request_works_afterwards(
    shared_app: SharedApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    values: list[str] = []
    fill = Filler._value_for_kind

    async def remember(filler: Filler, kind: Any, edited: Any) -> str:
        values.append(await fill(filler, kind, edited))
        return values[-1]

    async def steps(flow: Flow) -> None:
        monkeypatch.setattr(Filler, "_value_for_kind", remember)
        await begin(flow)
        result = (await resend(flow, await refuse_read(flow), corrected=True)).json()
        assert result["status"] == 200
        answer = await flow.http.get(f"{FHIR}/Patient/p-0001", headers={"authorization": f"Bearer {values[0]}"})
        assert answer.status_code == 401
        assert values[0] not in str(await read_exchange(flow, result["id"]))

    shared_app.do(steps)


def test_the_admin_token_in_a_resent_request_gives_no_rights(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        id = await refuse_read(flow)
        for _ in range(30):  # more often than wrong admin tokens are allowed
            answer = await resend(flow, id, headers={"authorization": "Bearer the-admin-token"})
            assert answer.json()["status"] == 401
            answer = await resend(flow, id, headers={"authorization": "Bearer a-wrong-token"})
            assert answer.json()["status"] == 401
        assert (await flow.http.get("/admin/users", headers={"authorization": "Bearer the-admin-token"})).status_code == 200

    run(steps, tmp_path, admin_token="the-admin-token")


def test_a_resent_authorization_request_signs_no_one_in_and_its_redirect_is_not_followed(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        world = await begin(flow)
        assert "code" in (await world.authorize()).headers["location"]  # auto_approve, at the keyboard
        refused = await world.authorize(scope=SCOPE.replace(" ", ","))
        result = (await resend(flow, id_of(refused), corrected=True)).json()
        location = result["exchange"]["response"]["headers"]["location"]
        assert result["status"] == 303
        assert location.startswith("/general/oauth/continue?request=")
        assert (await flow.http.get(location, headers=HTML)).status_code >= 400
        assert len(await list_resent(flow)) == 1

    shared_app.do(steps)


def test_a_grant_is_never_wider_than_the_registration(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        world = await begin(flow)
        form = await world.form()
        for _ in range(2):
            refused = await flow.http.post(TOKEN, data=form)
        narrow = {"scope": "launch/patient openid patient/Patient.rs"}
        await flow.http.patch(f"/admin/apps/{world.public['app_id']}", json=narrow)
        answer = await resend(flow, id_of(refused), corrected=True)
        assert answer.status_code == 422
        assert "Sickbay can't issue a new code" in answer.json()["title"]

    shared_app.do(steps)


def test_a_grant_needs_a_patient_that_its_user_may_see(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        world = await begin(flow)
        user = {"tenant": "general", "username": "visitor", "password": "a password", "fhirUser": "Practitioner/pr-1"}
        await flow.http.post("/admin/users", json=user | {"patients": ["p-0001"]})
        approve = {"auto_approve": {"user": "visitor", "patient": "p-0001"}}
        await flow.http.patch(f"/admin/apps/{world.public['app_id']}", json=approve)
        form = await world.form()
        for _ in range(2):
            refused = await flow.http.post(TOKEN, data=form)
        assert (await resend(flow, id_of(refused), corrected=True)).json()["status"] == 200
        await flow.http.post("/admin/users", json=user | {"patients": ["p-0002"]})
        assert (await resend(flow, id_of(refused), corrected=True)).status_code == 422

    shared_app.do(steps)


def test_no_user_with_a_password_of_their_own_is_signed_in(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        world = await begin(flow)
        user = {"tenant": "general", "username": "visitor", "password": "a password", "fhirUser": "Practitioner/pr-1"}
        await flow.http.post("/admin/users", json=user)
        await flow.http.patch(
            f"/admin/apps/{world.public['app_id']}", json={"auto_approve": {"user": "visitor", "patient": "p-0001"}}
        )
        form = await world.form()
        for _ in range(2):
            refused = await flow.http.post(TOKEN, data=form)
        await flow.http.patch(f"/admin/apps/{world.public['app_id']}", json={"auto_approve": None})
        answer = await resend(flow, id_of(refused), corrected=True)
        assert answer.status_code == 422
        assert "their own password" in answer.json()["title"]

    shared_app.do(steps)


def test_only_someone_who_may_sign_in_without_a_password_gets_a_new_code(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        flow.http.headers["authorization"] = "Bearer the-admin-token"
        world = await make_world(flow)
        refused = await world.redeem(code="made-up")
        flow.http.headers["x-forwarded-for"] = "10.0.0.7"
        answer = await resend(flow, id_of(refused), corrected=True)
        assert answer.status_code == 422
        assert "open_sign_in" in answer.json()["title"]
        del flow.http.headers["x-forwarded-for"]
        assert (await resend(flow, id_of(refused), corrected=True)).json()["status"] == 200

    run(steps, tmp_path, admin_token="the-admin-token")


def test_the_public_sees_neither_the_form_nor_the_original_of_a_resent_request(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        await begin(flow)
        id = await refuse_read(flow)
        result = (await resend(flow, id, corrected=True)).json()
        stranger = {"origin": "http://evil.example", **HTML}
        page = (await flow.http.get(f"/exchanges/{result['id']}", headers=stranger)).text
        assert "Original and resent" not in page
        assert "Edit and resend" not in page

    shared_app.do(steps)


def test_several_requests_at_the_same_time_are_limited(shared_app: SharedApp) -> None:
    async def steps(flow: Flow) -> None:
        id = await refuse_read(flow)
        gate = flow.sandbox.runtime.resending
        for _ in range(4):
            await gate.acquire()
        answer: httpx2.Response = await resend(flow, id)
        for _ in range(4):
            gate.release()
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")

    shared_app.do(steps)
