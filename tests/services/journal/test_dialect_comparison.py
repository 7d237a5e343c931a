"""The same request under the other dialects: what each would answer, beside what was answered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.flows.flow import VERIFIER, Flow, run
from tests.flows.test_ward import HTML

from sickbay.services.journal import reader as journal_reader
from sickbay.services.journal.exchange_record import text_of

TITLES = {"Cerner dialect": "cerner", "Epic dialect": "epic", "General Hospital": "general"}


async def others(flow: Flow, answer: Any) -> dict[str, dict[str, Any]]:
    id = answer.headers["x-correlation-id"]
    entry = await journal_reader.read(flow.sandbox.runtime, flow.sandbox.journal, id, full=True)
    assert entry
    return {TITLES[one.pop("title")]: one for one in entry["others"]}


@pytest.mark.parametrize(
    ("changed", "cerner", "epic"),
    [
        ({}, {"refusal": None}, {"refusal": None}),
        ({"state": None}, {"refusal": None}, {"refusal": None}),
        (
            {"aud": None},
            {
                "refusal": "aud-missing",
                "status": 302,
                "delivered": "to your app",
                "error": "invalid_request",
                "urn": "urn:cerner:error:authorization-server:smart-v1:grant:launch:audience-required",
            },
            {"refusal": "aud-missing", "status": 200, "delivered": "an error page; your app gets no response"},
        ),
        (
            {"redirect_uri": "https://evil.example/"},
            {"refusal": "redirect-uri-mismatch", "status": 303, "delivered": "on its own error page"},
            {"refusal": "redirect-uri-mismatch", "status": 200, "delivered": "an error page; your app gets no response"},
        ),
    ],
)
def test_an_authorization_request_is_answered_as_each_dialect_has_it(
    tmp_path: Path, changed: dict[str, str | None], cerner: dict[str, Any], epic: dict[str, Any]
) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        answer = await flow.authorize(app, launch=(await flow.launch(app))["launch"], **changed)
        found = await others(flow, answer)
        assert set(found) == {"cerner", "epic"}
        assert {name: found["cerner"].get(name) for name in cerner} == cerner
        assert {name: found["epic"].get(name) for name in epic} == epic

    run(steps, tmp_path)


def test_a_search_that_the_standard_grants_is_refused_where_a_patient_must_be_named(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        given = await flow.launched(scope="launch user/*.rs patient/*.rs openid fhirUser")
        headers = {"Authorization": f"Bearer {given['access_token']}"}
        asked = "Observation?code=http://loinc.org|8867-4"
        answer = await flow.http.get(f"/general/r4/{asked}", headers=headers)
        assert answer.status_code == 200
        found = await others(flow, answer)
        assert found["epic"]["refusal"] == "fhir-search-missing-patient"
        assert found["cerner"]["status"] == 400
        page = await flow.http.get(f"/exchanges/{answer.headers['x-correlation-id']}", headers=HTML)
        assert "How other servers would respond" in page.text

    run(steps, tmp_path)


def test_a_version_that_a_dialect_does_not_speak_is_said(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        found = await others(flow, await flow.http.get("/general/stu3/Patient/p-0001"))
        assert found["epic"] == {"speaks": ["r4", "dstu2"]}

    run(steps, tmp_path)


def test_a_token_request_is_answered_in_their_words(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        found = await others(flow, await flow.redeem(app, "no-such-code"))
        for one in ("cerner", "epic"):
            assert (found[one]["refusal"], found[one]["status"]) == ("code-unknown", 400)

    run(steps, tmp_path)


def test_what_is_no_examination_has_no_others(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        launched = await flow.http.get("/general/ehr/launch", params={"app": "sample-app-general"})
        assert await others(flow, launched) == {}

    run(steps, tmp_path)


def test_of_a_crowd_everyone_is_compared(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        given = await flow.launched()
        headers = {"Authorization": f"Bearer {given['access_token']}"}
        refused = await flow.http.get("/general/r4/Patient/p-0001")
        granted = [await flow.http.get("/general/r4/Patient/p-0001", headers=headers) for _ in range(40)]
        for one in (refused, *granted[::13]):
            assert set(await others(flow, one)) == {"cerner", "epic"}

    run(steps, tmp_path)


def test_nothing_is_kept_of_a_request_for_the_comparison(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(client="symmetric", client_secret="a-secret-of-its-own-1234")
        code = await flow.code(app, launch=(await flow.launch(app))["launch"])
        answer = await flow.redeem(app, code, client_secret="a-secret-of-its-own-1234")
        given = answer.json()
        wrong = await flow.redeem(app, code, client_secret="a-secret-of-its-own-1234")
        headers = {"Authorization": f"Bearer {given['access_token']}"}
        read = await flow.http.get("/general/r4/Patient/p-0001", headers=headers)
        body = {"resourceType": "Observation", "status": "final", "code": {"text": "words-of-a-chart"}}
        written = await flow.http.post("/general/r4/Observation", json=body, headers=headers)
        for one in (answer, wrong, read, written):
            shown = await flow.http.get(f"/exchanges/{one.headers['x-correlation-id']}", headers={"Accept": "application/json"})
            assert "again" not in shown.json()
        assert all("again" not in one for one in (await flow.http.get("/admin/exchanges")).json())
        records = await flow.sandbox.runtime.store.find("exchange", limit=100)
        text = "\n".join(text_of(one) for one in records)
        assert text.count('"others":[') >= 4
        secrets = ("a-secret-of-its-own-1234", code, given["access_token"], VERIFIER, "words-of-a-chart")
        assert not [one for one in secrets if one in text]
        assert "argon2" not in text

    run(steps, tmp_path)
