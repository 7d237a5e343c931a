"""Standalone launch with launch/ scopes of other types: the user chooses, and the app gets reference and role (SMART 2.2)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.flows.flow import Flow, receive, run
from tests.flows.test_contexts_by_http import submit
from tests.flows.test_ehr_by_http import HTML, field, sign_in

ROLE = "https://example.org/roles/reason"
SCOPE = f"launch/patient launch/condition?role={ROLE} launch/practitioner patient/Patient.rs"
REGISTERED = "launch launch/patient launch/condition launch/practitioner launch/slotty patient/*.rs"


async def start_app(flow: Flow, scope: str = SCOPE, **more: Any) -> tuple[dict[str, Any], str]:
    """Register an app and start it; returns the app and the URL of the next page."""
    await sign_in(flow)
    app = await flow.register(**{"auto_approve": None, "scope": REGISTERED} | more)
    answer = await flow.authorize(app, scope=scope)
    return app, answer.headers["location"]


async def answer_page(flow: Flow, address: str, **form: str) -> Any:
    """Answer the current page; returns the next page, or the redirect to the app."""
    page = await flow.http.get(address, headers=HTML)
    answer = await submit(flow, page, **form)
    return answer if "code=" in answer.headers["location"] else await flow.http.get(answer.headers["location"], headers=HTML)


async def token_response(flow: Flow, app: dict[str, Any], address: str, scope: str = SCOPE) -> dict[str, Any]:
    page = await flow.http.get(address, headers=HTML)
    answer = await submit(flow, page, scope=scope.split(), decision="allow")
    return dict((await flow.redeem(app, receive(answer)["code"])).json())


def test_each_resource_is_picked_in_turn_and_sent_with_its_role(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app, address = await start_app(flow)
        page = await answer_page(flow, address, patient="p-0017", decision="open")
        assert "Which Condition should Provider app open?" in page.text
        assert ROLE in page.text
        assert "Condition/p-0017-c01" in page.text
        assert "p-0001-c" not in page.text
        page = await answer_page(flow, address, reference="Condition/p-0017-c01", decision="open")
        assert "Which Practitioner should Provider app open?" in page.text
        assert "Okafor" in page.text
        await answer_page(flow, address, reference="Practitioner/pr-2", decision="open")
        token = await token_response(flow, app, address)
        assert token["patient"] == "p-0017"
        assert token["fhirContext"] == [{"reference": "Condition/p-0017-c01", "role": ROLE}, {"reference": "Practitioner/pr-2"}]

    run(steps, tmp_path)


@pytest.mark.parametrize(
    "choice", [{"decision": "without"}, {"decision": "open", "reference": "Condition/p-0001-c01"}, {"decision": "open"}]
)
def test_the_user_may_choose_none_but_not_an_unoffered_resource(tmp_path: Path, choice: dict[str, str]) -> None:
    async def steps(flow: Flow) -> None:
        scope = "launch/patient launch/condition patient/Patient.rs"
        app, address = await start_app(flow, scope)
        await answer_page(flow, address, patient="p-0017", decision="open")
        page = await answer_page(flow, address, **choice)
        assert field(page, "request")
        token = await token_response(flow, app, address, scope)
        assert "fhirContext" not in token
        assert token["scope"] == scope

    run(steps, tmp_path)


def test_an_ehr_launch_shows_no_picker_and_an_older_app_gets_strings(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app, address = await start_app(flow, smart_release="2.0")
        await answer_page(flow, address, patient="p-0017", decision="open")
        await answer_page(flow, address, reference="Condition/p-0017-c01", decision="open")
        await answer_page(flow, address, decision="without")
        assert (await token_response(flow, app, address))["fhirContext"] == ["Condition/p-0017-c01"]
        launch = await flow.launch(app, patient="p-0017", user=await flow.clinician())
        scope = "launch launch/practitioner patient/Patient.rs"
        answer = await flow.authorize(app, launch=launch["launch"], scope=scope)
        page = await flow.http.get(answer.headers["location"], headers=HTML)
        assert "Which Practitioner" not in page.text

    run(steps, tmp_path)


def test_an_unknown_type_is_dropped_with_a_reason(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(scope=REGISTERED, auto_approve={"user": "okafor", "patient": "p-0017"})
        code = await flow.code(app, scope="launch/patient launch/slotty patient/Patient.rs")
        answer = await flow.redeem(app, code)
        assert answer.json()["scope"] == "launch/patient patient/Patient.rs"
        exchange = await flow.http.get(
            f"/exchanges/{answer.headers['x-correlation-id']}", headers={"Accept": "application/json"}
        )
        row = next(scope for scope in exchange.json()["scopes"] if scope["asked"] == "launch/slotty")
        assert row["reason"] == "names a resource type that doesn't exist in this FHIR version"

    run(steps, tmp_path)
