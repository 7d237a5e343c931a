"""The page of an exchange compares the actual response with what each other dialect would have returned."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.flows.flow import VERIFIER, Flow, run
from tests.flows.test_ehr_by_http import HTML
from tests.kernel.test_compiled_checks import KINDS, NAMES, VALUES, stages
from tests.laws import examples

from sickbay.kernel import checks as kernel_checks
from sickbay.kernel.checks import UNKNOWN, Check, examine, run_checks
from sickbay.services.journal import compare as dialect_comparison
from sickbay.services.journal import read as journal_reader
from sickbay.services.journal.packing import text_of

TITLES = {"Cerner dialect": "cerner", "Epic dialect": "epic", "General Hospital": "general"}


async def others(flow: Flow, response: Any) -> dict[str, dict[str, Any]]:
    id = response.headers["x-correlation-id"]
    entry = await journal_reader.read_exchange(flow.sandbox.runtime, flow.sandbox.journal, id, full=True)
    assert entry
    return {TITLES[comparison.pop("title")]: comparison for comparison in entry["others"]}


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
def test_an_authorization_request_is_compared_with_each_dialect(
    tmp_path: Path, changed: dict[str, str | None], cerner: dict[str, Any], epic: dict[str, Any]
) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        response = await flow.authorize(app, launch=(await flow.launch(app))["launch"], **changed)
        comparisons = await others(flow, response)
        assert set(comparisons) == {"cerner", "epic"}
        assert {name: comparisons["cerner"].get(name) for name in cerner} == cerner
        assert {name: comparisons["epic"].get(name) for name in epic} == epic

    run(steps, tmp_path)


def test_a_dialect_that_requires_a_patient_refuses_a_search_without_one(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        token_response = await flow.complete_launch(scope="launch user/*.rs patient/*.rs openid fhirUser")
        headers = {"Authorization": f"Bearer {token_response['access_token']}"}
        search = "Observation?code=http://loinc.org|8867-4"
        response = await flow.http.get(f"/general/r4/{search}", headers=headers)
        assert response.status_code == 200
        comparisons = await others(flow, response)
        assert comparisons["epic"]["refusal"] == "fhir-search-missing-patient"
        assert comparisons["cerner"]["status"] == 400
        page = await flow.http.get(f"/exchanges/{response.headers['x-correlation-id']}", headers=HTML)
        assert "How other servers would respond" in page.text

    run(steps, tmp_path)


def test_scopes_that_are_ordinary_here_are_examined_by_the_policy_of_the_other_dialect(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        service = {"type": "system", "client": "symmetric", "redirect_uris": [], "scope": "system/*.rs"}
        form = {"grant_type": "client_credentials", "scope": "system/*.rs"}
        answers = {}
        for tenant in ("general", "cerner"):
            app = (await flow.http.post("/admin/apps", json=service | {"name": tenant, "tenant": tenant})).json()
            endpoint = flow.sandbox.runtime.tenants[tenant].server.token_endpoint
            answers[tenant] = await flow.http.post(endpoint, data=form, auth=(app["client_id"], app["client_secret"]))
        assert (answers["general"].status_code, answers["cerner"].status_code) == (200, 400)
        comparisons = await others(flow, answers["general"])
        assert comparisons["cerner"]["status"] == 400
        assert comparisons["cerner"]["error"] == answers["cerner"].json()["error"]

    run(steps, tmp_path)


def test_a_version_that_a_dialect_does_not_support_is_reported(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        comparisons = await others(flow, await flow.http.get("/general/stu3/Patient/p-0001"))
        assert comparisons["epic"] == {"speaks": ["r4", "dstu2"]}

    run(steps, tmp_path)


def test_a_token_request_is_compared_with_each_dialect(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        comparisons = await others(flow, await flow.redeem(app, "no-such-code"))
        for dialect in ("cerner", "epic"):
            assert (comparisons[dialect]["refusal"], comparisons[dialect]["status"]) == ("code-unknown", 400)

    run(steps, tmp_path)


def test_an_exchange_without_an_examination_has_no_comparison(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        launched = await flow.http.get("/general/ehr/launch", params={"app": "sample-app-general"})
        assert await others(flow, launched) == {}

    run(steps, tmp_path)


def test_every_exchange_of_a_crowd_is_compared(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        token_response = await flow.complete_launch()
        headers = {"Authorization": f"Bearer {token_response['access_token']}"}
        refused = await flow.http.get("/general/r4/Patient/p-0001")
        granted = [await flow.http.get("/general/r4/Patient/p-0001", headers=headers) for _ in range(40)]
        for response in (refused, *granted[::13]):
            assert set(await others(flow, response)) == {"cerner", "epic"}

    run(steps, tmp_path)


def test_the_comparison_keeps_nothing_of_a_request(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(client="symmetric", client_secret="a-secret-of-its-own-1234")
        code = await flow.code(app, launch=(await flow.launch(app))["launch"])
        redeemed = await flow.redeem(app, code, client_secret="a-secret-of-its-own-1234")
        token_response = redeemed.json()
        wrong = await flow.redeem(app, code, client_secret="a-secret-of-its-own-1234")
        headers = {"Authorization": f"Bearer {token_response['access_token']}"}
        read = await flow.http.get("/general/r4/Patient/p-0001", headers=headers)
        body = {"resourceType": "Observation", "status": "final", "code": {"text": "words-of-a-chart"}}
        written = await flow.http.post("/general/r4/Observation", json=body, headers=headers)
        for response in (redeemed, wrong, read, written):
            shown = await flow.http.get(
                f"/exchanges/{response.headers['x-correlation-id']}", headers={"Accept": "application/json"}
            )
            assert "again" not in shown.json()
        assert all("again" not in entry for entry in (await flow.http.get("/admin/exchanges")).json())
        records = await flow.sandbox.runtime.store.find("exchange", limit=100)
        text = "\n".join(text_of(record) for record in records)
        assert text.count('"others":[') >= 4
        secrets = ("a-secret-of-its-own-1234", code, token_response["access_token"], VERIFIER, "words-of-a-chart")
        assert not [secret for secret in secrets if secret in text]
        assert "argon2" not in text

    run(steps, tmp_path)


@settings(max_examples=examples(500))
@given(checks=stages(), context=st.builds(SimpleNamespace, **dict.fromkeys(NAMES, VALUES)), kind=st.sampled_from(KINDS))
def test_leaving_out_checks_that_would_be_skipped_changes_no_refusal(
    checks: tuple[Check[Any, Any], ...], context: Any, kind: str
) -> None:
    whole = run_checks(checks, kind, context)
    unknown = frozenset(name for name in NAMES if getattr(context, name) is UNKNOWN)
    part = examine(dialect_comparison._plan_checks(checks, unknown, kind), kind, context)
    assert part.refusals == whole.refusals
    assert {result for result in part.checked if result.outcome == "passed"} == {
        result for result in whole.checked if result.outcome == "passed"
    }


def test_a_granted_create_is_compared_without_the_checks_of_what_is_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They would be skipped, and every other check would run in the plain loop, which is slow."""

    def must_not_run(*arguments: Any) -> Any:
        raise AssertionError("the plain loop ran")

    async def steps(flow: Flow) -> None:
        scope = "launch patient/Observation.cruds"
        app = await flow.register(scope=scope)
        code = await flow.code(app, launch=(await flow.launch(app))["launch"], scope=scope)
        token = (await flow.redeem(app, code)).json()
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        rate = {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]}
        subject = {"reference": f"Patient/{token['patient']}"}
        observation = {"resourceType": "Observation", "status": "final", "code": rate, "subject": subject}
        await flow.sandbox.journal.flush()
        created = await flow.http.post("/general/r4/Observation", json=observation, headers=headers)
        assert created.status_code == 201
        ((waiting, _, _),) = flow.sandbox.journal._granted.items()
        arrived = waiting[0]
        monkeypatch.setattr(kernel_checks, "run_checks", must_not_run)
        assert [answer["refusal"] for answer in dialect_comparison.compare_dialects(arrived.exchange.decision, "general")] == [
            None,
            None,
        ]

    run(steps, tmp_path)
