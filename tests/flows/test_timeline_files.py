"""A launch over HTTP: the pages and faults in it, the files that it is saved as, and what strangers get of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx2
import pytest
from tests.flows.flow import FEW_PATIENTS, VERIFIER, Flow, run
from tests.flows.silent_app import HTML, JSON, SilentApp

from sickbay.doctor import har as har_reader
from sickbay.doctor.diagnose import diagnose

FILES = {"svg": "image/svg+xml", "mermaid": "text/plain; charset=utf-8", "har": "application/json"}
STRANGER = {"Origin": "https://elsewhere.example.org"}


async def save(flow: Flow, id: str, form: str, **headers: str) -> httpx2.Response:
    return await flow.http.get(f"/timelines/{id}?as={form}", headers=HTML | headers)


async def find_newest(app: SilentApp) -> str:
    return str((await app.launches())[0]["id"])


def test_a_launch_can_be_saved_without_any_of_its_secrets(tmp_path: Path, engine: Callable[[], str | None]) -> None:
    address = engine()

    async def steps(flow: Flow) -> None:
        app = SilentApp(flow)
        await app.register(scope="launch openid fhirUser offline_access patient/*.rs")
        await app.complete_launch(scope="launch openid offline_access patient/Patient.rs")
        assert (await app.read("Observation?patient=p-0001")).status_code == 403
        id = await find_newest(app)
        for form, media_type in FILES.items():
            saved = await save(flow, id, form)
            assert saved.headers["content-type"] == media_type
            assert saved.headers["content-disposition"].startswith(f'attachment; filename="launch-{id}.')
            for secret in (app.launch, app.code, app.token, app.refresh_token, VERIFIER):
                assert secret
                assert secret not in saved.text
        ElementTree.fromstring((await save(flow, id, "svg")).content)
        entries = json.loads((await save(flow, id, "har")).text)["log"]["entries"]
        assert [entry["response"]["status"] for entry in entries] == [303, 200, 302, 200, 200, 403]
        assert "code_verifier=" in entries[3]["request"]["postData"]["text"]

    run(steps, tmp_path, data=address or str(tmp_path), patients=FEW_PATIENTS)


def diagnose_all(document: dict[str, Any]) -> set[str]:
    """The errors that the doctor finds in a file."""
    evidence = [found for exchange in har_reader.read(document) for found in exchange.inputs if found["kind"] != "error_answer"]
    findings = [finding for found in evidence for finding in diagnose(found).explanation.findings]
    return {finding.id for finding in findings if finding.severity == "error"}


def test_the_doctor_finds_in_the_file_what_the_exchanges_say(tmp_path: Path) -> None:
    """It knows no registration, so it can't find everything, but a mask is never a mistake."""

    async def steps(flow: Flow) -> None:
        app = SilentApp(flow)
        await app.register()
        await app.open_launch()
        refused = await app.authorize(scope="launch,openid", redirect_uri="http://localhost:8100/callback/")
        id = await find_newest(app)
        document = json.loads((await save(flow, id, "har")).text)
        found = diagnose_all(document)
        assert "scope-comma-separated" in found
        assert found <= set(await flow.findings(refused))
        await app.complete_launch()
        await app.refresh()
        assert diagnose_all(json.loads((await save(flow, await find_newest(app), "har")).text)) == set()

    run(steps, tmp_path, patients=FEW_PATIENTS)


def test_json_is_chosen_by_the_address_too(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = SilentApp(flow)
        await app.register()
        await app.open_launch()
        id = await find_newest(app)
        assert (await save(flow, id, "json")).json() == (await flow.http.get(f"/timelines/{id}", headers=JSON)).json()
        assert (await save(flow, "nothing", "svg")).status_code == 404
        assert "<h1>" in (await save(flow, id, "pdf")).text

    run(steps, tmp_path, patients=FEW_PATIENTS)


@pytest.mark.parametrize("form", FILES)
def test_a_stranger_gets_no_more_in_a_file_than_on_the_pages(form: str, tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = SilentApp(flow)
        await app.register(name="Secret project")
        await app.complete_launch()
        id = await find_newest(app)
        saved = await save(flow, id, form, **STRANGER)
        assert saved.status_code == 200
        for private in ("Secret project", "okafor", "Okafor"):
            assert private not in saved.text
        if form == "har":
            ids = [entry["comment"].split()[1].rstrip(".") for entry in saved.json()["log"]["entries"]]
            for id in ids:
                public = (await flow.http.get(f"/exchanges/{id}", headers=JSON | STRANGER)).json()
                assert public["launch"]
            assert {entry["time"] for entry in saved.json()["log"]["entries"]} == {0}

    run(steps, tmp_path, patients=FEW_PATIENTS)


async def page_text(flow: Flow, id: str, **headers: str) -> str:
    return (await flow.http.get(f"/timelines/{id}", headers=HTML | headers)).text


def test_the_pages_that_the_user_saw_are_in_the_launch_before_and_after_the_answer(
    tmp_path: Path, engine: Callable[[], str | None]
) -> None:
    address = engine()

    async def steps(flow: Flow) -> None:
        app = SilentApp(flow)
        await app.register(auto_approve=None)
        await app.open_launch()
        request = await app.show_page(await app.authorize())
        assert "Sickbay shows the sign-in page" in await page_text(flow, await find_newest(app))
        await app.answer_page(request, account="okafor")
        await app.answer_page(request, decision="allow", scope=["launch", "openid", "fhirUser", "patient/Patient.rs"])
        text = await page_text(flow, await find_newest(app))
        places = [
            text.index(words) for words in ("shows the sign-in page", "shows the consent page", "Redirect to your app with a")
        ]
        assert places == sorted(places)
        assert "sign-in page" not in await page_text(flow, await find_newest(app), **STRANGER)

    run(steps, tmp_path, data=address or str(tmp_path), patients=FEW_PATIENTS)


def test_a_request_that_an_injected_fault_answered_is_in_its_launch(tmp_path: Path, engine: Callable[[], str | None]) -> None:
    address = engine()

    async def steps(flow: Flow) -> None:
        app = SilentApp(flow)
        await app.register()
        await app.open_launch()
        await app.authorize()
        await flow.http.post("/admin/faults", json={"kind": "status", "status": 503, "stage": "token", "times": 1})
        lost = await flow.redeem(app.app, app.code)
        assert lost.status_code == 503
        await app.redeem_code()
        await app.read()
        id = await find_newest(app)
        shown = (await flow.http.get(f"/timelines/{id}", headers=JSON)).json()
        assert [(exchange["stage"], exchange["evidence"]) for exchange in shown["probable"]] == [("token", "fault")]
        text = await page_text(flow, id)
        assert "Injected fault: answer with an error status" in text
        assert "It names the app, and an injected fault answered it." in text
        assert (await app.launches())[0]["state"] == "worked"

    run(steps, tmp_path, data=address or str(tmp_path), patients=FEW_PATIENTS)


def test_the_content_alone_is_for_pages_that_follow_the_launch(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = SilentApp(flow)
        await app.register()
        await app.open_launch()
        id = await find_newest(app)
        whole, part = await page_text(flow, id), (await flow.http.get(f"/timelines/{id}?part=body", headers=HTML)).text
        assert f'data-timeline="/timelines/{id}?part=body"' in whole
        assert "<html" not in part
        assert "hasn’t" not in part
        due = int(part.partition('data-due="')[2].partition('"')[0])
        assert 0 < due <= 20_500
        app.wait(due / 1000)
        later = (await flow.http.get(f"/timelines/{id}?part=body", headers=HTML)).text
        assert "hasn’t requested authorization." in later
        assert 'data-due="0"' in later
        assert "data-timeline" not in await page_text(flow, id, **STRANGER)

    run(steps, tmp_path, patients=FEW_PATIENTS)
