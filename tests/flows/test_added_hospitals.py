"""Hospitals that are added while Sickbay runs: every worker serves them at once, and a reset and a removal leave no trace."""

from __future__ import annotations

from html import unescape
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.flows.flow import Flow
from tests.flows.test_ehr_by_http import field
from tests.flows.two_workers import run_two
from tests.flows.writing import TokenClient
from tests.postgres import ENGINES
from tests.services.hospitals.hospital_texts import RIVERSIDE, replace_text

from sickbay.services.injection import setting

TOML = {"Content-Type": "application/toml"}
BASE = "/riverside/api/fhir"


@pytest.fixture(params=ENGINES)
def data(request: pytest.FixtureRequest) -> str | None:
    """The URL of a database, or None for a file."""
    return request.getfixturevalue("postgres").address() if request.param == "postgres" else None


async def add(flow: Flow, text: str = RIVERSIDE) -> httpx2.Response:
    return await flow.http.post("/admin/hospitals", content=text, headers=TOML)


async def names(flow: Flow) -> list[str]:
    return [hospital["name"] for hospital in (await flow.http.get("/admin/hospitals")).json()]


async def token(flow: Flow, scope: str = "user/Observation.rs", user: str = "grace") -> TokenClient:
    body = {"app": "sample-riverside", "scope": scope, "user": user}
    answer = await flow.http.post("/admin/tokens", json=body)
    assert answer.status_code == 201, answer.text
    return TokenClient(flow, answer.json()["access_token"], BASE)


def test_another_worker_serves_a_new_hospital_with_its_first_request(data: str | None, tmp_path: Path) -> None:
    async def steps(first: Flow, second: Flow) -> None:
        added = await add(first)
        assert added.status_code == 201, added.text
        assert added.json()["fhir"] == {"r4": f"http://localhost:7425{BASE}"}
        assert (await second.http.get(f"{BASE}/Patient")).status_code == 401
        smart = (await second.http.get(f"{BASE}/.well-known/smart-configuration")).json()
        assert smart["token_endpoint"].endswith("/riverside/connect/token")
        assert smart["scopes_supported"][-1] == "user/Observation.rs"
        assert (await second.http.get("/riverside/ehr")).status_code == 303
        assert "riverside" in await names(second)

    run_two(steps, data, tmp_path)


def test_its_users_policy_search_rules_and_faults_are_in_force(data: str | None, tmp_path: Path) -> None:
    async def steps(first: Flow, second: Flow) -> None:
        await add(first)
        own = await token(second)
        assert (await own.ask("GET", "/Observation?patient=p-0001&category=laboratory")).status_code == 200
        without = await own.ask("GET", "/Observation?code=8867-4")
        assert without.json()["issue"][0]["details"]["coding"][0]["code"] == "fhir-search-missing-patient"
        other = await own.ask("GET", "/Observation?patient=p-0001&date=gt2020")
        assert other.json()["issue"][0]["details"]["coding"][0]["code"] == "fhir-search-param-unsupported"
        assert "patient, subject, category, code" in other.text
        assert (await own.ask("GET", "/Condition?patient=p-0001")).status_code == 503

    run_two(steps, data, tmp_path)


def test_its_metadata_lists_only_its_search_parameters(tmp_path: Path) -> None:
    async def steps(first: Flow, second: Flow) -> None:
        await add(first)
        statement = (await second.http.get(f"{BASE}/metadata")).json()
        (observation,) = [entry for entry in statement["rest"][0]["resource"] if entry["type"] == "Observation"]
        listed = {entry["name"] for entry in observation["searchParam"] if not entry["name"].startswith("_")}
        assert listed == {"patient", "subject", "category", "code"}

    run_two(steps, None, tmp_path)


def test_an_app_is_registered_only_for_scopes_that_the_hospital_supports(tmp_path: Path) -> None:
    async def steps(first: Flow, second: Flow) -> None:
        await add(first)
        settings: dict[str, Any] = {
            "name": "App",
            "type": "provider",
            "client": "public",
            "launch_uri": "http://localhost:8100/launch",
        }
        settings |= {"redirect_uris": ["http://localhost:8100/callback"], "tenant": "riverside"}
        refused = await first.http.post("/admin/apps", json=settings | {"scope": "launch user/Condition.rs"})
        assert refused.status_code == 422
        assert [finding["id"] for finding in refused.json()["findings"]][:1] == ["reg-scope-not-granted"]
        taken = await first.http.post("/admin/apps", json=settings | {"scope": "launch patient/Condition.rs"})
        assert taken.status_code == 201, taken.text

    run_two(steps, None, tmp_path)


def test_a_reset_restores_its_data_policy_and_faults_and_keeps_it(data: str | None, tmp_path: Path) -> None:
    async def steps(first: Flow, second: Flow) -> None:
        await add(first)
        before = (await first.http.get("/admin/faults")).json()
        await first.http.patch("/admin/policies/riverside", json={"token_lifetime": 77})
        await first.http.delete("/admin/faults")
        for body in ({"tenant": "riverside"}, {}):
            assert (await second.http.post("/admin/reset", json=body)).status_code == 204
            assert (await first.http.get("/admin/policies/riverside")).json()["policy"]["token_lifetime"] == 300
            assert (await first.http.get("/admin/faults")).json() == before
            assert await token(first)

    run_two(steps, data, tmp_path)


def test_after_its_removal_nothing_of_it_is_left(data: str | None, tmp_path: Path) -> None:
    async def steps(first: Flow, second: Flow) -> None:
        await add(first)
        own = await token(second)
        await own.ask("GET", "/Observation?patient=p-0001")
        assert (await first.http.delete("/admin/hospitals/riverside")).status_code == 204
        assert (await second.http.get(f"{BASE}/metadata")).status_code == 404
        assert (await second.http.get("/riverside/ehr")).status_code == 404
        assert "riverside" not in await names(second)
        store = first.sandbox.runtime.store
        for kind in ("app", "user", "token", "exchange", "hospital", "session", "launch"):
            assert not await store.find(kind, tenant="riverside", limit=10)
        assert (await first.http.get("/admin/faults")).json() == []
        await add(second, replace_text("token_lifetime = 300", "token_lifetime = 400"))
        assert (await first.http.get("/admin/policies/riverside")).json()["policy"]["token_lifetime"] == 400
        assert (await own.ask("GET", "/Observation?patient=p-0001")).status_code == 401

    run_two(steps, data, tmp_path)


def test_a_complete_reset_removes_it(data: str | None, tmp_path: Path) -> None:
    async def steps(first: Flow, second: Flow) -> None:
        await add(first)
        own = await token(first)
        await own.ask("GET", "/Observation?patient=p-0001")
        assert (await second.http.post("/admin/reset", json={"everything": True})).status_code == 204
        assert await names(first) == ["general", "cerner", "epic"]
        assert (await first.http.get(f"{BASE}/metadata")).status_code == 404
        assert (await add(first)).status_code == 201

    run_two(steps, data, tmp_path)


def test_what_cannot_be_added_changes_nothing(tmp_path: Path) -> None:
    async def steps(first: Flow, second: Flow) -> None:
        wrong = await add(first, replace_text('token = "/connect', 'tokn = "/connect'))
        assert (wrong.status_code, wrong.json()["detail"]) == (
            422,
            "Line 9: There is no key tokn in [paths]. Did you mean token?",
        )
        await add(first)
        again = await add(second)
        assert (again.status_code, again.json()["title"][:36]) == (409, "There is already a hospital riversid")
        await setting.add_faults(first.sandbox.runtime, [{"kind": "no-patient"}] * 99)
        crowded = await add(first, replace_text('name = "riverside"', 'name = "crowded"'))
        assert (crowded.status_code, crowded.json()["title"][:38]) == (409, "At most 100 faults can be active, with")
        built_in = await first.http.delete("/admin/hospitals/general")
        assert (built_in.status_code, built_in.json()["title"]) == (409, "general comes with Sickbay and can't be removed")
        assert (await first.http.delete("/admin/hospitals/nowhere")).status_code == 404
        assert len((await first.http.get("/admin/users?tenant=riverside")).json()) > 5

    run_two(steps, None, tmp_path)


def test_it_is_still_there_after_a_restart_and_its_password_is_only_a_hash(tmp_path: Path) -> None:
    async def begin(first: Flow, second: Flow) -> None:
        await add(first)

    async def go_on(first: Flow, second: Flow) -> None:
        assert "riverside" in await names(first)
        assert await token(second)
        record: Any = await first.sandbox.runtime.store.get("hospital", "riverside")
        assert b"open sesame" not in record.value
        assert b"argon2id" in record.value

    run_two(begin, None, tmp_path)
    run_two(go_on, None, tmp_path, patients=3)


def test_the_page_adds_and_removes_a_hospital_and_keeps_what_was_typed(tmp_path: Path) -> None:
    async def steps(flow: Flow, second: Flow) -> None:
        at, html = "/developer/hospitals", {"Accept": "text/html", "Origin": "http://localhost:7425"}
        form = {"csrf": field(await flow.http.get(at, headers=html), "csrf")}

        async def send(**more: str) -> httpx2.Response:
            return await flow.http.post(at, data=form | more, headers=html)

        wrong = await send(file=replace_text('token = "/connect', 'tokn = "/connect'))
        assert wrong.status_code == 422
        assert "Line 9: There is no key tokn in [paths]. Did you mean token?" in unescape(wrong.text)
        assert "tokn = &#34;/connect/token&#34;" in wrong.text
        stale = await send(file=RIVERSIDE, csrf="guess")
        assert stale.status_code == 403
        assert (await send(file=RIVERSIDE)).status_code == 303
        assert "There is already a hospital riverside." in (await send(file=RIVERSIDE)).text
        assert "Riverside Clinic" in (await second.http.get(at, headers=html)).text
        assert (await send(remove="general")).status_code == 303
        assert (await send(remove="riverside")).status_code == 303
        assert await names(second) == ["general", "cerner", "epic"]

    run_two(steps, None, tmp_path)


def test_only_the_administrator_adds_or_removes_a_hospital(tmp_path: Path) -> None:
    async def steps(flow: Flow, second: Flow) -> None:
        await add(second)
        foreign = {"Origin": "https://evil.example.org"}
        assert (await flow.http.post("/admin/hospitals", content=RIVERSIDE, headers=TOML | foreign)).status_code == 403
        assert (await flow.http.delete("/admin/hospitals/riverside", headers=foreign)).status_code == 403
        assert (await flow.http.post("/developer/hospitals", data={"remove": "riverside"}, headers=foreign)).status_code == 403
        assert "riverside" in await names(flow)

    run_two(steps, None, tmp_path)
