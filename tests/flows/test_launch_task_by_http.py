"""Launches from a Task or a CDS Hooks link: the app is found by its launch URL and receives appContext."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.flows.flow import Flow, run

URL = "http://localhost:8100/launch"
SYSTEM = "http://hl7.org/fhir/smart-app-launch/CodeSystem/smart-codes"
SCOPE = "launch openid patient/Patient.rs"


def task(code: str = "launch-app-ehr", url: str = URL, **more: Any) -> dict[str, Any]:
    def type(code: str) -> dict[str, Any]:
        return {"coding": [{"system": SYSTEM, "code": code}]}

    return {
        "resourceType": "Task",
        "status": "requested",
        "intent": "proposal",
        "code": type(code),
        "for": {"reference": "Patient/p-0017"},
        "encounter": {"reference": "Encounter/p-0017-e02"},
        "input": [
            {"type": type("smartonfhir-application"), "valueUrl": url},
            {"type": type("smartonfhir-appcontext"), "valueString": '{"form": "phq-9"}'},
        ],
    } | more


async def store_task(flow: Flow, body: dict[str, Any]) -> str:
    app = await flow.register(name="Writer", scope="user/Task.cruds")
    token_request = {"app": app["app_id"], "scope": "user/Task.cruds", "user": "okafor"}
    token = (await flow.http.post("/admin/tokens", json=token_request)).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    answer = await flow.http.post("/general/r4/Task", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.headers["location"].partition("/Task/")[2].partition("/")[0]


async def token(flow: Flow, app: dict[str, Any], launch: str) -> dict[str, Any]:
    return dict((await flow.redeem(app, await flow.code(app, launch=launch, scope=SCOPE))).json())


def test_a_task_launches_its_app_for_its_patient_with_its_context(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(launch_uri=URL + "?from=here", name="Forms")
        id = await store_task(flow, task(url=URL + "?from=here"))
        launch = await flow.http.post("/admin/launches", json={"task": id})
        assert launch.status_code == 201, launch.text
        assert launch.json()["url"].startswith(URL + "?from=here&")
        tokens = await token(flow, app, launch.json()["launch"])
        assert (tokens["patient"], tokens["encounter"]) == ("p-0017", "p-0017-e02")
        assert tokens["appContext"] == '{"form": "phq-9"}'

    run(steps, tmp_path)


def test_a_cards_link_launches_its_app_with_its_context(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        link = {"label": "Open", "type": "smart", "url": URL + "?x=1", "appContext": "opaque text"}
        launch = await flow.http.post("/admin/launches", json={"link": link, "patient": "p-0017"})
        tokens = await token(flow, app, launch.json()["launch"])
        assert (tokens["patient"], tokens["appContext"]) == ("p-0017", "opaque text")

    run(steps, tmp_path)


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({}, 422, "one of app, task and link"),
        ({"app": "x", "task": "y"}, 422, "one of app, task and link"),
        ({"task": "nobody"}, 404, "There is no Task/nobody"),
        ({"task": "nobody", "fhir": "r9"}, 422, "doesn't serve r9"),
        ({"link": {"type": "absolute", "url": URL}}, 422, "must have the type smart"),
        ({"link": {"type": "smart"}}, 422, "must have a url"),
        ({"link": {"type": "smart", "url": URL, "appContext": 5}}, 422, "must be a string"),
        ({"link": {"type": "smart", "url": "https://nobody.example/launch"}}, 404, "No app at general"),
    ],
)
def test_a_task_or_link_without_a_launch_is_refused(tmp_path: Path, body: dict[str, Any], status: int, message: str) -> None:
    async def steps(flow: Flow) -> None:
        await flow.register()
        answer = await flow.http.post("/admin/launches", json=body)
        assert (answer.status_code, message in answer.json()["title"]) == (status, True), answer.text

    run(steps, tmp_path)


@pytest.mark.parametrize(
    ("change", "status", "message"),
    [
        ({"code": {"text": "x"}}, 422, "Task.code has neither"),
        ({"input": []}, 422, "has no smartonfhir-application"),
        ({"code": {"coding": [{"system": SYSTEM, "code": "launch-app-standalone"}]}}, 409, "opens standalone"),
    ],
)
def test_a_task_without_an_ehr_launch_is_refused(tmp_path: Path, change: dict[str, Any], status: int, message: str) -> None:
    async def steps(flow: Flow) -> None:
        await flow.register()
        changed = {name: value for name, value in {**task(), **change}.items() if value}
        answer = await flow.http.post("/admin/launches", json={"task": await store_task(flow, changed)})
        assert (answer.status_code, message in answer.json()["title"]) == (status, True), answer.text

    run(steps, tmp_path)
