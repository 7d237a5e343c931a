"""Portal forms that are sent twice or too late: no action happens twice, and no input is lost."""

from __future__ import annotations

import asyncio
import html
import re
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.flows.flow import REDIRECT, Flow, run
from tests.flows.test_ehr_by_http import HTML, field, sign_in

FORM = {
    "name": "Twice",
    "type": "provider",
    "client": "symmetric",
    "launch_uri": "http://localhost:8100/launch",
    "redirect_uris": REDIRECT,
    "fhir": "r4",
    "smart_version": "2",
    "scope": ["launch", "patient/Patient.rs"],
}
TOO_LATE = "This page was probably open for too long"


async def form(flow: Flow) -> dict[str, Any]:
    page = await flow.http.get("/developer/register", headers=HTML)
    return {**FORM, "csrf": field(page, "csrf"), "id": field(page, "id")}


async def send(flow: Flow, filled: dict[str, Any]) -> httpx2.Response:
    return await flow.http.post("/developer/register", data=filled, headers=HTML)


async def apps_named(flow: Flow, name: str = "Twice") -> list[str]:
    return [app["app_id"] for app in (await flow.http.get("/admin/apps")).json() if app["name"] == name]


def secret_on(page: httpx2.Response) -> str:
    shown = re.search(r'<code id="secret">([^<]+)<', page.text)
    return shown[1] if shown else ""


async def registration_of(flow: Flow) -> tuple[str, dict[str, Any]]:
    return "/developer/register", await form(flow)


async def enabling_of(flow: Flow) -> tuple[str, dict[str, Any]]:
    path = f"/developer/apps/{(await flow.register(client='symmetric'))['app_id']}"
    page = await flow.http.get(path, headers=HTML)
    return f"{path}/enable", {"tenant": "cerner", "csrf": field(page, "csrf")}


async def edit_of(flow: Flow) -> tuple[str, dict[str, Any]]:
    path = f"/developer/apps/{(await flow.register())['app_id']}/edit"
    page = await flow.http.get(path, headers=HTML)
    return path, {**FORM, "csrf": field(page, "csrf"), "id": field(page, "id")}


@pytest.mark.parametrize("form_of", [registration_of, enabling_of, edit_of])
def test_a_double_click_shows_the_secret_of_the_one_app_until_it_is_replaced(tmp_path: Path, form_of: Any) -> None:
    async def steps(flow: Flow) -> None:
        path, filled = await form_of(flow)
        before = (await flow.http.get("/admin/apps")).json()
        pages = await asyncio.gather(*(flow.http.post(path, data=filled, headers=HTML) for _ in range(2)))
        reloaded = await flow.http.post(path, data=filled, headers=HTML)
        assert len({secret_on(page) for page in (*pages, reloaded)} - {""}) == 1
        assert len((await flow.http.get("/admin/apps")).json()) == len(before) + (form_of is not edit_of)
        app_id = re.findall(r'action="/developer/apps/([^/"]+)/secret"', reloaded.text)[0]
        await flow.http.post(f"/admin/apps/{app_id}/secret")
        late = await flow.http.post(path, data=filled, headers=HTML)
        assert (late.status_code, secret_on(late)) == (303, "")

    run(steps, tmp_path, patients=0)


def test_each_edit_that_makes_an_app_confidential_creates_another_secret(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        path, filled = await edit_of(flow)
        secrets = []
        for client in ("symmetric", "public", "symmetric"):
            id = field(await flow.http.get(path, headers=HTML), "id")
            secrets.append(secret_on(await flow.http.post(path, data=filled | {"client": client, "id": id}, headers=HTML)))
        assert len(set(secrets)) == 3

    run(steps, tmp_path, patients=0)


def test_a_reload_of_the_page_with_a_new_secret_shows_the_same_secret_until_it_is_replaced(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(client="symmetric")
        path = f"/developer/apps/{app['app_id']}"

        async def read_form() -> dict[str, Any]:
            page = await flow.http.get(path, headers=HTML)
            return {name: field(page, name) for name in ("csrf", "stamp")}

        async def create(filled: dict[str, Any]) -> tuple[int, str]:
            answer = await flow.http.post(f"{path}/secret", data=filled, headers=HTML)
            return answer.status_code, secret_on(answer)

        filled = await read_form()
        (first, again), changed = await asyncio.gather(create(filled), create(filled)), await read_form()
        assert first == again == (200, first[1])
        assert first[1] not in ("", app["client_secret"])
        assert (await create(changed))[1] not in ("", first[1])
        assert await create(filled) == (409, "")
        assert (await create({"csrf": filled["csrf"]}))[0] == 409

    run(steps, tmp_path, patients=0)


@pytest.mark.parametrize("change", [{"name": "Another"}, {"id": ""}, {"id": "../../admin"}, {"id": "sample-app-general"}])
def test_a_changed_form_registers_another_app_with_its_own_id(tmp_path: Path, change: Any) -> None:
    async def steps(flow: Flow) -> None:
        filled = await form(flow)
        assert (await send(flow, filled)).status_code == 201
        assert (await send(flow, filled | change)).status_code == 201
        ids = await apps_named(flow) + await apps_named(flow, "Another")
        assert len(set(ids)) == 2
        assert not {"../../admin", "sample-app-general", ""} & set(ids)

    run(steps, tmp_path)


def test_a_refused_registration_can_be_corrected_and_sent_again(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        filled = await form(flow)
        refused = await send(flow, filled | {"redirect_uris": ""})
        assert refused.status_code == 422
        assert field(refused, "id") == filled["id"]
        assert (await send(flow, filled)).status_code == 201

    run(steps, tmp_path)


@pytest.mark.parametrize(("path", "typed"), [("policy", "code_lifetime = 5"), ("cards", '{"cards": [{"summary": "Look"}]}')])
def test_an_expired_form_shows_the_entered_values_and_saves_nothing(tmp_path: Path, path: str, typed: str) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        address = f"/developer/apps/{app['app_id']}"
        answer = await flow.http.post(f"{address}/{path}", data={"csrf": "old", path: typed}, headers=HTML)
        assert answer.status_code == 403
        assert TOO_LATE in answer.text
        assert html.escape(typed, quote=True).replace("&quot;", "&#34;") in answer.text
        registered = (await flow.http.get(f"/admin/apps/{app['app_id']}")).json()
        assert not registered.get(path)

    run(steps, tmp_path)


@pytest.mark.parametrize("path", ["secret", "remove"])
def test_an_expired_button_changes_nothing_and_says_so(tmp_path: Path, path: str) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(client="symmetric")
        answer = await flow.http.post(f"/developer/apps/{app['app_id']}/{path}", data={"csrf": "old"}, headers=HTML)
        assert answer.status_code == 403
        assert TOO_LATE in answer.text
        assert 'id="secret"' not in answer.text
        assert (await flow.http.get(f"/admin/apps/{app['app_id']}")).status_code == 200

    run(steps, tmp_path)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/developer/apps/Twin", 404),
        ("/developer/apps/Twin/edit", 404),
        ("/exchanges?app=Twin", 200),
        ("/general/ehr/open?app=Twin", 404),
        ("/general/ehr/sign-in?next=/general/ehr/open%3Fapp%3DTwin", 200),
    ],
)
def test_an_ambiguous_app_name_causes_no_server_error(tmp_path: Path, path: str, status: int) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        await flow.register(name="Twin")
        await flow.register(name="Twin")
        assert (await flow.http.get(path, headers=HTML)).status_code == status

    run(steps, tmp_path)
