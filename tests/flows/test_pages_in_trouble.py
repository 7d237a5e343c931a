"""Error pages: a browser always gets a page that says what to do next; a script doesn't."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.flows.flow import Flow, run
from tests.flows.test_chart_tasks import sign_in
from tests.flows.test_ehr_by_http import HTML
from tests.flows.test_ehr_by_http import field as token

JSON = {"Accept": "application/json"}


@pytest.mark.parametrize(
    ("query", "status", "message"),
    [
        ("app=nobody", 404, "general has no app nobody with a launch URI"),
        ("app=sample-app-general&patient=p-9999", 422, "There is no Patient/p-9999"),
        ("app=Sample+app&fhir_context=x", 422, "fhir_context must be valid JSON"),
    ],
)
def test_a_launch_that_fails_from_the_portal_shows_the_reason(tmp_path: Path, query: str, status: int, message: str) -> None:
    async def steps(flow: Flow) -> None:
        page = await flow.http.get(f"/general/ehr/launch?{query}", headers=HTML)
        assert (page.status_code, page.headers["content-type"]) == (status, "text/html; charset=utf-8")
        assert message in page.text
        assert 'href="/developer"' in page.text
        for accept in (JSON, {"Accept": "*/*"}):
            response = await flow.http.get(f"/general/ehr/launch?{query}", headers=accept)
            assert (response.status_code, response.headers["content-type"]) == (status, "application/problem+json")
            assert message in response.json()["title"]

    run(steps, tmp_path)


@pytest.mark.parametrize("username", ["okafor", "timothy"])
def test_an_unknown_patient_and_an_inaccessible_one_get_the_same_page(tmp_path: Path, username: str) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow, username)
        messages = set()
        for patient in ("p-9999", "p-0001") if username == "timothy" else ("p-9999",):
            page = await flow.http.get(f"/general/ehr/patients/{patient}", headers=HTML)
            assert page.status_code == 404
            assert "you don’t have access to the record" in page.text
            messages.add(page.text.replace(patient, ""))
        assert len({text.partition("<main")[2] for text in messages}) == 1
        opened = await flow.http.get("/general/ehr/open?app=nobody", headers=HTML)
        assert opened.status_code == 404
        assert "The app wasn’t launched" in opened.text

    run(steps, tmp_path)


@pytest.mark.parametrize(("path", "field"), [("policy", "policy"), ("cards", "cards")])
def test_the_page_opens_at_an_error_further_down(tmp_path: Path, path: str, field: str) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        page = await flow.http.get(f"/developer/apps/{app['app_id']}", headers=HTML)
        assert "autofocus" not in page.text
        form = {"csrf": token(page, "csrf"), field: "{]"}
        page = await flow.http.post(f"/developer/apps/{app['app_id']}/{path}", data=form, headers=HTML)
        assert page.status_code == 422
        assert f'aria-describedby="fault-{field}" autofocus' in page.text

    run(steps, tmp_path)


def test_the_registration_form_opens_at_its_first_error(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        page = await flow.http.get("/developer/register", headers=HTML)
        form = {"csrf": token(page, "csrf"), "name": "A", "scope": "launch"}
        page = await flow.http.post("/developer/register", data=form, headers=HTML)
        assert 'aria-describedby="fault-redirect_uris" autofocus' in page.text
        assert page.text.count(" autofocus") == 1

    run(steps, tmp_path)


def test_the_start_page_says_that_there_was_no_launch_yet(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        page = (await flow.http.get("/", headers=HTML)).text
        assert "Show the last launch" not in page
        assert "Appears after your first launch." in page
        app = await flow.register()
        launch = await flow.launch(app)
        await flow.authorize(app, launch=launch["launch"])
        page = (await flow.http.get("/", headers=HTML)).text
        assert f'href="/timelines/{launch["timeline"]}"' in page if "timeline" in launch else "/timelines/" in page

    run(steps, tmp_path, patients=20)


def test_an_unknown_exchange_id_gets_a_message_and_the_newest_exchanges(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await flow.authorize(await flow.register())
        page = (await flow.http.get("/exchanges?id=<b>nothing</b>", headers=HTML)).text
        assert "No exchange has the ID <code>&lt;b&gt;nothing&lt;/b&gt;</code>" in page
        assert "These are the newest." in page

    run(steps, tmp_path)


@pytest.mark.parametrize(("username", "today"), [("okafor", True), ("timothy", False), ("abena", False)])
def test_users_get_a_link_to_authorized_apps_and_patients_get_no_schedule(tmp_path: Path, username: str, today: bool) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow, username)
        page = (await flow.http.get("/general/ehr/patients", headers=HTML)).text
        assert ('href="/general/ehr">Today' in page) is today
        assert 'href="/general/oauth/manage">Permissions' in page

    run(steps, tmp_path)


@pytest.mark.parametrize(
    ("host", "label"), [("127.0.0.1", "Listens only on its own machine"), ("0.0.0.0", "Other machines may connect")]
)
def test_the_footer_says_who_can_reach_sickbay(tmp_path: Path, host: str, label: str) -> None:
    async def steps(flow: Flow) -> None:
        assert label in (await flow.http.get("/", headers=HTML)).text

    run(steps, tmp_path, host=host, base_url="http://localhost:7425")


def test_dates_of_another_day_include_the_year(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        page = (await flow.http.get("/general/ehr?date=2020-01-01", headers=HTML)).text
        assert "<h1>Wednesday, 1 January 2020</h1>" in page

    run(steps, tmp_path)


def test_an_error_page_is_not_labelled_as_received_by_the_app(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        shown = await flow.authorize(app, redirect_uri="http://localhost:8100/elsewhere")
        page = await flow.http.get(f"/exchanges/{shown.headers['x-correlation-id']}", headers=HTML)
        assert "400 error page, no redirect" in page.text
        assert "Your app received" not in page.text
        sent = await flow.authorize(app, aud=None)
        page = await flow.http.get(f"/exchanges/{sent.headers['x-correlation-id']}", headers=HTML)
        assert "Your app received" in page.text

    run(steps, tmp_path)
