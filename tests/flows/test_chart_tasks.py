"""A Task with SMART's launch profile appears on its patient's chart and opens its app with its context."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.flows.flow import Flow, run
from tests.flows.test_launch_task_by_http import URL, store_task, task, token

from sickbay.authorization.models import Launch
from sickbay.population.staff import PASSWORD
from sickbay.services import records

CHART = "/general/ehr/patients/p-0017"
ALONE = "launch-app-standalone"


async def sign_in(flow: Flow, username: str = "okafor") -> None:
    page = (await flow.http.get("/general/ehr/sign-in")).text
    csrf = re.search(r'name="csrf" value="([^"]+)"', page)
    assert csrf
    form = {"csrf": csrf[1], "username": username, "password": PASSWORD}
    answer = await flow.http.post("/general/ehr/sign-in", data=form, headers={"Origin": "http://localhost:7425"})
    assert answer.status_code == 303, answer.text


def links(page: str, word: str) -> list[str]:
    return [html.unescape(link) for link in re.findall(r'href="([^"]+)"', page) if word in link]


async def receive_launch_code(flow: Flow, address: str) -> str:
    """The launch code that the app receives."""
    answer = await flow.http.get(address)
    assert answer.status_code == 303, answer.text
    return parse_qs(urlsplit(answer.headers["location"]).query)["launch"][0]


def test_a_task_appears_and_opens_its_app_with_its_context(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(name="Forms", launch_uri=f"{URL}?forms")
        id = await store_task(flow, task(url=f"{URL}?forms", description="Fill in the PHQ-9"))
        await sign_in(flow)
        page = (await flow.http.get(CHART)).text
        assert "Fill in the PHQ-9" in page
        [link] = [link for link in links(page, "task=") if app["app_id"] in link]
        assert link == f"{CHART}?app={app['app_id']}&task={id}"
        opened = (await flow.http.get(link)).text
        [tab] = {link for link in links(opened, "/ehr/open?") if "task=" in link}
        tokens = await token(flow, app, await receive_launch_code(flow, tab))
        assert (tokens["patient"], tokens["encounter"]) == ("p-0017", "p-0017-e02")
        assert tokens["appContext"] == '{"form": "phq-9"}'
        assert tokens["fhirContext"] == [{"reference": f"Task/{id}"}]
        assert "intent" not in tokens
        assert tokens["need_patient_banner"] is True

    run(steps, tmp_path)


def test_a_task_of_another_patient_or_app_adds_no_context(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(name="Forms")
        for_another: dict[str, Any] = {"for": {"reference": "Patient/p-0001"}}
        other = await store_task(flow, task(**for_another))
        foreign = await store_task(flow, task(url="http://localhost:9999/launch"))
        await sign_in(flow)
        for id in (other, foreign, "nobody"):
            launch = await receive_launch_code(flow, f"/general/ehr/open?app={app['app_id']}&patient=p-0017&task={id}")
            assert "appContext" not in await token(flow, app, launch)

    run(steps, tmp_path)


def test_a_task_without_a_matching_app_says_so_and_a_standalone_app_is_linked(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await flow.register(name="Forms")
        await store_task(flow, task(url="http://localhost:9999/launch"))
        await store_task(flow, task(ALONE, "https://alone.example.org/"))
        await store_task(flow, task(ALONE, "javascript:alert(1)"))
        await store_task(flow, task(status="completed", description="Was done"))
        await sign_in(flow)
        page = (await flow.http.get(CHART)).text
        assert "No app at this hospital has the launch URI http://localhost:9999/launch" in page
        assert links(page, "alone.example.org") == ["https://alone.example.org/"]
        assert not links(page, "javascript:")
        assert "Was done" not in page

    run(steps, tmp_path)


@pytest.mark.parametrize("version", ["r4", "stu3", "r4b", "r5"])
def test_a_task_of_the_population_launches_the_sample_app_of_its_version(tmp_path: Path, version: str) -> None:
    async def steps(flow: Flow) -> None:
        created_launch = await flow.http.post("/admin/launches", json={"task": "p-0017-t01", "fhir": version, "user": "okafor"})
        assert created_launch.status_code == 201, created_launch.text
        assert created_launch.json()["iss"].endswith(f"/general/{version}")
        [record] = await flow.sandbox.runtime.store.find("launch", family=created_launch.json()["timeline"], limit=1)
        launch = records.parse(Launch, record.value)
        assert launch.client_id == ("sample-general" if version == "r4" else f"sample-general-{version}")
        assert (launch.patient, launch.encounter) == ("p-0017", "p-0017-e22")
        assert launch.context["intent"] == "pressure-review"
        assert [item["reference"] for item in launch.context["fhirContext"]] == [
            "Task/p-0017-t01",
            "Condition/p-0017-c01",
        ]

    run(steps, tmp_path, versions=(version,))


def test_the_schedule_shows_which_patients_have_a_task(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        await sign_in(flow)
        row = re.search(r'<a class="visit here" href="[^"]*p-0017">.*?</a>', (await flow.http.get("/general/ehr")).text, re.S)
        assert row
        assert "Review the blood pressures since the last visit" in row[0]

    run(steps, tmp_path, today="2026-11-24")


def test_a_script_can_set_the_context_of_a_launch(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        items = [{"reference": "ImagingStudy/s-1"}]
        body: dict[str, Any] = {
            "app": app["app_id"],
            "patient": "p-0001",
            "intent": "reconcile",
            "app_context": "x",
            "fhir_context": json.dumps(items),
        }
        answer = await flow.http.get("/general/ehr/launch", params=body)
        assert answer.headers["location"].startswith(URL)
        code = parse_qs(urlsplit(answer.headers["location"]).query)["launch"][0]
        tokens = await token(flow, app, code)
        assert (tokens["intent"], tokens["appContext"], tokens["fhirContext"]) == ("reconcile", "x", items)
        for wrong, message in (("{", "valid JSON"), ("{}", "must be a list"), ('[{"reference": "Patient/x"}]', "Patient")):
            answer = await flow.http.get("/general/ehr/launch", params=body | {"fhir_context": wrong})
            assert (answer.status_code, message in answer.json()["title"]) == (422, True), answer.text

    run(steps, tmp_path)
