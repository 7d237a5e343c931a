"""Canonicals refer to resources by url: _include and _revinclude follow them, with versions; chains are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.flows.flow import Flow, run
from tests.flows.writing import TokenClient, hand, rules

FORM = "http://forms.example/form"
LINK = "QuestionnaireResponse:questionnaire"


def form(id: str, version: str | None = None, url: str = FORM) -> dict[str, Any]:
    named = {"version": version} if version else {}
    return {"resourceType": "Questionnaire", "id": id, "url": url, "status": "active", **named}


def fill(id: str, canonical: str) -> dict[str, Any]:
    return {"resourceType": "QuestionnaireResponse", "id": id, "status": "completed", "questionnaire": canonical}


HELD = [
    form("one", "1.0"),
    form("two", "2.0-RC"),
    form("other", url=f"{FORM}s"),
    fill("any", FORM),
    fill("first", f"{FORM}|1.0"),
    fill("second", f"{FORM}|2.0-RC"),
    fill("lost", f"{FORM}|3"),
    fill("else", "http://forms.example/nowhere"),
]


async def holder(flow: Flow) -> TokenClient:
    own = await hand(flow, "system/*.cruds")
    for resource in HELD:
        assert (await own.ask("PUT", f"/{resource['resourceType']}/{resource['id']}", resource)).status_code == 201
    return own


def included_ids(answer: httpx2.Response) -> set[str]:
    assert answer.status_code == 200, answer.text
    return {entry["resource"]["id"] for entry in answer.json().get("entry", []) if entry["search"]["mode"] == "include"}


def test_the_target_of_a_canonical_is_included(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await holder(flow)
        for id, expected in (
            ("any", {"one", "two"}),
            ("first", {"one"}),
            ("second", {"two"}),
            ("lost", set()),
            ("else", set()),
            ("any,first", {"one", "two"}),
            ("first,lost", {"one"}),
        ):
            for include in (LINK, f"{LINK}:Questionnaire"):
                answer = await own.ask("GET", f"/QuestionnaireResponse?_id={id}&_include={include}")
                assert included_ids(answer) == expected, id
            assert included_ids(await own.ask("GET", f"/QuestionnaireResponse?_id={id}&_include={LINK}:Patient")) == set()

    run(steps, tmp_path, patients=1)


def test_revinclude_follows_canonicals(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await holder(flow)
        for id, expected in (("one", {"any", "first"}), ("two", {"any", "second"}), ("other", set())):
            answer = await own.ask("GET", f"/Questionnaire?_id={id}&_revinclude={LINK}")
            assert included_ids(answer) == expected, id
        answer = await own.ask("GET", f"/Questionnaire?_id=one&_revinclude={LINK}&_include:iterate={LINK}")
        assert included_ids(answer) == {"any", "first", "two"}

    run(steps, tmp_path, patients=1)


def test_includes_respect_the_tokens_access(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await holder(flow)
        for id, patient in (("mine", "p-0001"), ("theirs", "p-0002")):
            resource = fill(id, FORM) | {"subject": {"reference": f"Patient/{patient}"}}
            assert (await own.ask("PUT", f"/QuestionnaireResponse/{id}", resource)).status_code == 201
        patient_hand = await hand(flow, "patient/QuestionnaireResponse.rs patient/Questionnaire.rs")
        search = f"/Questionnaire?url={FORM}&_revinclude={LINK}"
        assert included_ids(await patient_hand.ask("GET", search)) == {"mine"}
        assert included_ids(await own.ask("GET", search)) == {"any", "first", "second", "mine", "theirs"}
        questionnaire_client = await hand(flow, "system/Questionnaire.rs")
        assert (await questionnaire_client.ask("GET", search)).status_code == 403

    run(steps, tmp_path, patients=2)


@pytest.mark.parametrize(
    "search",
    [
        "/QuestionnaireResponse?questionnaire.title=x",
        "/QuestionnaireResponse?questionnaire:Questionnaire.url=x",
        "/Questionnaire?_has:QuestionnaireResponse:questionnaire:status=completed",
    ],
)
def test_a_chain_along_a_canonical_is_refused_with_an_alternative(tmp_path: Path, search: str) -> None:
    """Such a chain never had a match."""

    async def steps(flow: Flow) -> None:
        own = await hand(flow, "system/*.rs")
        answer = await own.ask("GET", search)
        assert (answer.status_code, rules(answer)) == (400, {"fhir-search-param-unsupported"})
        assert "questionnaire=<canonical URL" in answer.json()["issue"][0]["diagnostics"]

    run(steps, tmp_path, patients=1)
