"""CDS Hooks cards appear on the chart; their links open the app with the card's context for this patient only."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.flows.flow import Flow, run
from tests.flows.test_chart_tasks import links, receive_launch_code, sign_in
from tests.flows.test_ehr_by_http import HTML, field
from tests.flows.test_launch_task_by_http import URL, token

TOLD = '{"patient": "{{context.patientId}}", "by": "{{context.userId}}"}'


def card(url: str = URL, **more: Any) -> dict[str, Any]:
    link = {"label": "Open the form", "url": url, "type": "smart", "appContext": TOLD}
    return {"summary": "The PHQ-9 is due", "indicator": "warning", "source": {"label": "Forms"}, "links": [link]} | more


async def record(flow: Flow, id: str = "p-0017") -> str:
    return (await flow.http.get(f"/general/ehr/patients/{id}")).text


def offer(page: str, app: dict[str, Any]) -> list[str]:
    return [link for link in links(page, "card=") if f"app={app['app_id']}&" in link]


async def launch_href(flow: Flow, link: str) -> str:
    """The URL that creates the launch, from the page behind this link."""
    [tab] = {link for link in links((await flow.http.get(link)).text, "/ehr/open?") if "framed" not in link}
    return tab


def test_a_card_appears_on_the_chart_and_opens_its_app_with_its_context(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(name="Forms", cards=[card(detail="For {{context.patientId}}.")])
        assert app["cards"] == [card(detail="For {{context.patientId}}.")]
        await sign_in(flow)
        page = await record(flow)
        assert "The PHQ-9 is due" in page
        assert "For p-0017." in page
        [link] = offer(page, app)
        tokens = await token(flow, app, await receive_launch_code(flow, await launch_href(flow, link)))
        assert tokens["patient"] == "p-0017"
        assert json.loads(tokens["appContext"]) == {"patient": "p-0017", "by": "Practitioner/pr-1"}
        assert 'class="quiet">open<' in (await flow.http.get(link)).text

    run(steps, tmp_path)


def test_a_card_may_open_another_app_and_urgent_cards_come_first(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        forms = await flow.register(name="Forms", launch_uri=f"{URL}?forms")
        far = {"label": "The guideline", "url": "https://guides.example.org/1", "type": "absolute"}
        cards = [
            card(summary="Mild", indicator="info", links=[far]),
            card(f"{URL}?forms", summary="Grave", indicator="critical"),
        ]
        await flow.register(name="Service", launch_uri="http://localhost:8200/launch", cards=cards)
        await sign_in(flow)
        page = await record(flow)
        assert page.index("Grave") < page.index("Mild")
        [link] = offer(page, forms)
        assert "appContext" in await token(flow, forms, await receive_launch_code(flow, await launch_href(flow, link)))
        assert links(page, "guides.example.org") == ["https://guides.example.org/1"]

    run(steps, tmp_path)


def test_a_changed_or_foreign_link_adds_no_context(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(name="Forms", cards=[card(), card("http://localhost:9999/launch", summary="Nobody's")])
        await sign_in(flow)
        page = await record(flow)
        assert "No app at this hospital has the launch URI http://localhost:9999/launch" in page
        [link] = offer(page, app)
        tab = await launch_href(flow, link)
        other = await flow.register(name="Other", launch_uri="http://localhost:8200/launch")
        launch = await receive_launch_code(flow, tab.replace(app["app_id"], other["app_id"]))
        assert "appContext" not in await token(flow, other, launch)
        changed = await flow.http.patch(f"/admin/apps/{app['app_id']}", json={"cards": [card(summary="Later")]})
        assert changed.json()["cards"] == [card(summary="Later")]
        assert "appContext" in await token(flow, app, await receive_launch_code(flow, tab))
        await flow.http.patch(f"/admin/apps/{app['app_id']}", json={"cards": []})
        assert "appContext" not in await token(flow, app, await receive_launch_code(flow, tab))
        assert "The PHQ-9 is due" not in await record(flow)

    run(steps, tmp_path)


def test_patients_see_no_cards(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(name="Mine", type="patient", cards=[card()])
        await sign_in(flow, "timothy")
        page = await record(flow)
        assert f"app={app['app_id']}" in page
        assert "The PHQ-9 is due" not in page
        assert "Suggestions" not in page

    run(steps, tmp_path)


@pytest.mark.parametrize(
    ("cards", "message"),
    [
        ([{}], "cards[0].summary must be a string"),
        ([card(indicator="hard-stop")], "indicator must be info, warning or critical"),
        ([card("javascript:alert(1)")], "url must be an http or https URL"),
    ],
)
def test_invalid_cards_are_refused_with_the_place_of_the_error(tmp_path: Path, cards: list[Any], message: str) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        for answer in (
            await flow.http.patch(f"/admin/apps/{app['app_id']}", json={"cards": cards}),
            await flow.http.post("/admin/apps", json=_other(cards)),
        ):
            assert (answer.status_code, message in answer.json()["title"]) == (422, True), answer.text

    run(steps, tmp_path)


def _other(cards: list[Any]) -> dict[str, Any]:
    return {
        "name": "x",
        "type": "provider",
        "client": "public",
        "scope": "launch",
        "redirect_uris": ["http://localhost:1/"],
        "cards": cards,
    }


def test_the_portal_accepts_a_cds_service_response_and_keeps_the_entered_text(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(name="Forms")
        at = f"/developer/apps/{app['app_id']}"
        form = {"csrf": field(await flow.http.get(at, headers=HTML), "csrf")}

        async def send(text: str) -> httpx2.Response:
            headers = {"Origin": "http://localhost:7425"}
            return await flow.http.post(f"{at}/cards", data=form | {"cards": text}, headers=headers)

        for text in (json.dumps({"cards": [card()]}), json.dumps([card()]), json.dumps(card())):
            assert (await send(text)).status_code == 303
            assert (await flow.http.get(f"/admin/apps/{app['app_id']}")).json()["cards"] == [card()]
        for text, message in (
            ("{", "Invalid JSON"),
            ('"x"', "cards must be a list"),
            ('[{"a": 1}]', "cards[0].summary"),
        ):
            answer = await send(text)
            assert answer.status_code == 422
            assert message in answer.text
            assert re.search(r'name="cards"[^>]*>' + re.escape(text).replace('"', "&#34;"), answer.text)
        assert (await send("")).status_code == 303
        assert (await flow.http.get(f"/admin/apps/{app['app_id']}")).json().get("cards", []) == []
        assert (await flow.http.post(f"{at}/cards", data={"cards": "[]"})).status_code == 403
        assert (await flow.http.post("/developer/apps/nobody/cards", data=form)).headers["location"] == "/developer"

    run(steps, tmp_path)
