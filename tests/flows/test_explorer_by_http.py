"""The FHIR explorer over HTTP: for a token it shows what HTTP returns, it writes nothing, and no token is on its pages."""

from __future__ import annotations

import json
import re
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from tests.flows.explorer import HOME, HTML, open_page, raw_json, result_paths, rule_ids, token_path
from tests.flows.flow import BASE, Flow, run
from tests.flows.shared_app import open_shared_app
from tests.flows.writing import TokenClient, hand, observation
from tests.laws import cases
from tests.postgres import Server

from sickbay.services import records
from sickbay.storage.interface import ResourceSpace
from sickbay.web.explorer import types_page

SCOPES = (
    "patient/Observation.rs",
    "patient/*.rs",
    "patient/Patient.r patient/Condition.s",
    "patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|laboratory",
    "user/*.rs",
    "user/Patient.rs user/Observation.r",
    "system/*.rs",
    "openid fhirUser",
)
PATHS = (
    "Patient/p-0001",
    "Patient/p-0002",
    "Patient/p-9999",
    "Patient/p-0001/_history",
    "Patient/p-0001/_history/1",
    "Patient/p-0002/_history/1",
    "Patient?_count=3",
    "Patient?name=a&_count=3",
    "Patient?_id=p-0001,p-0002",
    "Patient?nonsense=1",
    "Patient?birthdate=yesterday",
    "Observation?_count=3&_sort=_id",
    "Observation?patient=p-0001&_count=3&_sort=_id",
    "Observation?patient=p-0002&_count=3&_sort=_id",
    "Observation?category=laboratory&_count=3&_sort=_id",
    "Observation?category=lab&patient=p-0001",
    "Observation?subject:Patient.name=a&_sort=_id&_count=3",
    "Observation?patient=p-0001&_include=Observation:subject&_count=2&_sort=_id",
    "Observation?_summary=count",
    "Patient?_has:Observation:patient:code=8867-4&_count=3&_sort=_id",
    "Condition?_count=3&_sort=_id",
    "Practitioner?_count=3&_sort=_id",
    "Patient/p-0001/Observation?_count=2&_sort=_id",
    "Observation/_history?_count=2",
    "_history?_count=2",
    "Nonsense/1",
    "Patient/p-0001/",
    "Medication?_revinclude=MedicationRequest:medication&_count=2&_sort=_id",
    "MedicationRequest?patient=p-0001&_sort=-authoredon&_count=2",
)
assert len(PATHS) % 7  # so that `make test`, which takes every seventh pair, tries other paths with each scope


def _as_sent(resource: dict[str, Any]) -> str:
    """A response without the values that differ each time."""
    text = json.dumps(resource, sort_keys=True)
    text = re.sub(r'_cursor=[^&"]*', "", text)
    text = re.sub(r'"id": "[0-9a-f-]{36}"', "", text)
    return re.sub(r'"lastUpdated": "[^"]*"', "", text) if resource.get("resourceType") == "Bundle" else text


async def _compare(flow: Flow, client: TokenClient, path: str) -> None:
    """Compare one request over HTTP with the same one in the explorer."""
    answer = await client.ask("GET", f"/{path}")
    token = client.headers["Authorization"].removeprefix("Bearer ")
    raw = await open_page(flow, f"{token_path(token)}/{path}{'&' if '?' in path else '?'}_format=json")
    assert raw.status_code == answer.status_code, (path, raw.status_code, answer.text)
    body = answer.json()
    if answer.status_code == 200:
        assert _as_sent(raw_json(raw)) == _as_sent(body), path
        page = await open_page(flow, f"{token_path(token)}/{path}")
        entries = [
            entry for entry in body.get("entry", []) if entry.get("resource", {}).get("resourceType") != "OperationOutcome"
        ]
        if body["resourceType"] == "Bundle" and body["type"] == "searchset":
            shown = [f"{entry['resource']['resourceType']}/{entry['resource']['id']}" for entry in entries]
            assert result_paths(page) == shown, path
        assert page.status_code == 200
    else:
        coded = {code["code"] for issue in body["issue"] for code in issue.get("details", {}).get("coding", [])}
        assert coded <= rule_ids(raw), (path, coded, raw.text)
    for text in (raw.text, str(raw.headers), raw.url.path):
        assert token not in text
        assert records.digest(token) not in text


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_the_explorer_shows_what_http_returns_for_the_same_token(engine: str, postgres: Server, tmp_path: Path) -> None:
    address = postgres.address() if engine == "postgres" else None
    with open_shared_app(tmp_path, address, patients=3, today="2026-03-31") as shared:

        async def steps(flow: Flow) -> None:
            clients: dict[str, TokenClient] = {}
            for scope, path in cases(product(SCOPES, PATHS)):
                clients[scope] = clients.get(scope) or await hand(flow, scope)
                await _compare(flow, clients[scope], path)

        shared.do(steps)


def test_a_user_sees_what_an_app_with_all_scopes_of_that_user_gets(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        users = (await flow.http.get("/admin/users?tenant=general")).json()
        for user in (user for user in users if user["username"] in ("okafor", "peters", "reyes")):
            app = await flow.register(scope="user/*.rs")
            body = {"app": app["app_id"], "scope": "user/*.rs", "user": user["username"]}
            client = TokenClient(flow, (await flow.http.post("/admin/tokens", json=body)).json()["access_token"])
            for path in (
                "Patient?_id=p-0001,p-0002,p-0017",
                "Observation?_summary=count",
                "Patient/p-0001",
                "Slot?_summary=count",
            ):
                answer = await client.ask("GET", f"/{path}")
                form = f"{'&' if '?' in path else '?'}_format=json"
                page = await open_page(flow, f"{HOME}/user:{user['username']}/{path}{form}")
                assert page.status_code == answer.status_code, (user["username"], path)
                if answer.status_code == 200:
                    assert _as_sent(raw_json(page)) == _as_sent(answer.json())

    run(steps, tmp_path)


def test_a_token_that_is_no_longer_valid_is_refused_as_over_http(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        client = await hand(flow, "patient/*.rs", token_lifetime=60)
        token = client.headers["Authorization"].removeprefix("Bearer ")
        assert (await open_page(flow, f"{token_path(token)}/Patient/p-0001")).status_code == 200
        elsewhere = await open_page(flow, f"{token_path(token, '/developer/explorer/general/r5')}/Patient/p-0001")
        assert (elsewhere.status_code, rule_ids(elsewhere)) == (401, {"fhir-token-wrong-audience"})
        other_hospital = await open_page(flow, f"{token_path(token, '/developer/explorer/epic/r4')}/Patient/p-0001")
        assert other_hospital.status_code == 404
        await flow.http.post("/admin/clock", json={"advance": 120})
        expired = await open_page(flow, f"{token_path(token)}/Patient/p-0001")
        assert (expired.status_code, rule_ids(expired)) == (401, {"fhir-token-expired"})
        home = await open_page(flow, f"{token_path(token)}/")
        assert (home.status_code, rule_ids(home)) == (401, {"fhir-token-expired"})
        assert "Resource types" not in home.text

    run(steps, tmp_path, versions=("r4", "r5"))


def test_a_revoked_token_shows_nothing(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register()
        launch = await flow.launch(app)
        token = (await flow.redeem(app, await flow.code(app, launch=launch["launch"]))).json()["access_token"]
        address = f"{token_path(token)}/Patient/p-0001"
        assert (await open_page(flow, address)).status_code == 200
        await flow.http.post("/general/oauth/revoke", data={"token": token, "client_id": app["client_id"]})
        page = await open_page(flow, address)
        assert (page.status_code, rule_ids(page)) == (401, {"fhir-token-unknown"})
        assert "Birth date" not in page.text

    run(steps, tmp_path)


def test_the_explorer_sends_nothing_that_writes(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        client = await hand(flow, "user/*.cruds")
        root = token_path(client.headers["Authorization"].removeprefix("Bearer "))
        space = ResourceSpace("general", "r4")
        before = await flow.sandbox.runtime.store.position(space)
        for path in (
            *PATHS,
            "$export",
            "Patient/$export",
            "Patient/p-0001/$everything",
            "Group/x/$export",
            "metadata",
            "Patient/_form",
        ):
            page = await open_page(flow, f"{root}/{path}")
            assert page.status_code < 500, path
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            answer = await flow.http.request(method, f"{root}/Patient/p-0001", headers=HTML, json=observation())
            assert answer.status_code == 405
        assert await flow.sandbox.runtime.store.position(space) == before
        assert not await flow.sandbox.runtime.store.find("export")

    run(steps, tmp_path)


def test_strangers_see_nothing_of_the_explorer(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        for address in (
            "/developer/explorer",
            f"{HOME}/user:okafor/",
            f"{HOME}/user:okafor/Patient/p-0001",
            f"{HOME}/user:none/",
        ):
            page = await flow.http.get(address, headers=HTML)
            assert page.status_code in (401, 403), address
            assert "Timothy" not in page.text
            assert "okafor" not in page.text.replace(address, "").lower().replace("next=", "").replace("%3aokafor", "").replace(
                "okafor%2f", ""
            )

    run(steps, tmp_path, require_admin_token=True)


def test_a_page_of_another_origin_reads_nothing(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        foreign = HTML | {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors"}
        page = await flow.http.get(f"{HOME}/user:okafor/Patient/p-0017", headers=foreign)
        assert page.status_code == 403
        assert "Timothy" not in page.text
        own = await open_page(flow, f"{HOME}/user:okafor/Patient/p-0017")
        assert "Timothy" in own.text
        assert "frame-ancestors 'none'" in own.headers["content-security-policy"]

    run(steps, tmp_path)


def test_a_refusal_is_recorded_without_the_token_and_without_the_app(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        client = await hand(flow, "patient/Patient.rs")
        token = client.headers["Authorization"].removeprefix("Bearer ")
        page = await open_page(flow, f"{token_path(token)}/Observation?patient=p-0001")
        assert page.status_code == 403
        match = re.search(r'href="/exchanges/([\w-]+)"', page.text)
        assert match
        entry = (await flow.http.get(f"/exchanges/{match[1]}", headers={"Accept": "application/json"})).json()
        assert entry["app"] in (None, "")
        assert entry["launch"] is None
        assert [finding["id"] for finding in entry["findings"]] == ["fhir-insufficient-scope"]
        assert token not in str(entry)
        assert records.digest(token) not in str(entry)
        assert entry["request"]["headers"]["user-agent"].startswith("sickbay-explorer/")

    run(steps, tmp_path)


def test_an_empty_search_is_explained_and_a_full_one_leaves_no_exchange(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        root = f"{HOME}/user:okafor"
        await open_page(flow, f"{root}/Observation?patient=p-0001&category=laboratory")
        assert (await flow.http.get("/admin/exchanges")).json() == []
        page = await open_page(flow, f"{root}/Observation?patient=p-0001&category=lab")
        assert "The search found nothing" in page.text
        (entry,) = (await flow.http.get("/admin/exchanges")).json()
        full = (await flow.http.get(f"/exchanges/{entry['id']}", headers={"Accept": "application/json"})).json()
        assert [finding["id"] for finding in full["findings"]] == ["fhir-search-value-absent"]
        assert "changed" not in full

    run(steps, tmp_path)


def test_an_exchange_opens_in_the_explorer_with_a_token_of_its_app_and_without_masked_values(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        client = await hand(flow, "user/*.rs")
        answer = await client.ask("GET", "/Patient?name=Peters&_count=3")
        id = answer.headers["x-correlation-id"]
        page = await open_page(flow, f"/exchanges/{id}")
        assert f"/developer/explorer?exchange={id}" in page.text
        redirect = await open_page(flow, f"/developer/explorer?exchange={id}")
        root = token_path(client.headers["Authorization"].removeprefix("Bearer "))
        assert redirect.status_code == 303
        assert redirect.headers["location"] == f"{root}/Patient?_count=3"
        other = await flow.http.post("/general/oauth/token", data={"grant_type": "x"})
        missing = await open_page(flow, f"/developer/explorer?exchange={other.headers['x-correlation-id']}")
        assert missing.status_code == 404

    run(steps, tmp_path)


def test_a_fhir_address_in_a_browser_names_the_explorer_and_shows_nothing(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        browser = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
        answer = await flow.http.get("/general/r4/Patient/p-0017", headers=browser)
        assert answer.status_code == 401
        hint = answer.json()["issue"][-1]["diagnostics"]
        address = hint.removeprefix("To see this data in a browser, open ")
        assert address == f"{BASE}/developer/explorer?hospital=general&fhir=r4&path=Patient%2Fp-0017"
        opened = await open_page(flow, address)
        assert opened.headers["location"].endswith("/Patient/p-0017")
        assert "explorer" not in (await flow.http.get("/general/r4/Patient/p-0017", headers={"Accept": "*/*"})).text
        with_token = await flow.http.get("/general/r4/Patient/p-0017", headers=browser | {"Authorization": "Bearer x"})
        assert "explorer" not in with_token.text

    run(steps, tmp_path)


def test_the_bar_leads_to_the_chosen_view_and_keeps_the_page(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        async def go(**chosen: str) -> str:
            answer = await flow.http.get("/developer/explorer", params=chosen, headers=HTML)
            assert answer.status_code == 303
            return str(answer.headers["location"])

        assert (await go()).startswith(f"{HOME}/user:")
        assert await go(hospital="general", fhir="r5", viewer="user:okafor", path="Patient/p-0001?_format=json") == (
            "/developer/explorer/general/r5/user:okafor/Patient/p-0001?_format=json"
        )
        client = await hand(flow, "patient/*.rs")
        root = token_path(client.headers["Authorization"].removeprefix("Bearer "))
        assert await go(hospital="general", fhir="r5", viewer=root.rpartition("/")[2]) == f"{root}/"
        assert (await go(hospital="general", patient="p-0017", viewer="user:okafor")).endswith("/r4/user:okafor/Patient/p-0017")
        assert (await go(hospital="nowhere", fhir="r9", viewer="user:unknown", path="//evil.example")).startswith(
            f"{HOME}/user:"
        )

    run(steps, tmp_path)


def test_the_first_page_counts_what_a_search_counts_and_names_what_the_scopes_leave_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(types_page, "COUNTING_SECONDS", 600)  # however slow the machine is

    async def steps(flow: Flow) -> None:
        client = await hand(flow, "patient/Observation.rs patient/Condition.rs patient/Encounter.r")
        root = token_path(client.headers["Authorization"].removeprefix("Bearer "))
        page = await open_page(flow, f"{root}/")
        assert (await flow.http.get("/admin/exchanges")).json() == []
        listed = re.findall(
            r'<li><a href="[^"]*/([A-Za-z]+)(?:\?[^"]*|/_form)?">\1</a>(?: <span class="num faint">([\d,]+)</span>)?', page.text
        )
        counts = {type: int(number.replace(",", "")) for type, number in listed if number}
        for type, number in counts.items():
            answer = await client.ask("GET", f"/{type}?_summary=count")
            assert answer.json()["total"] == number
        assert set(counts) == {"Observation", "Condition"}
        uncovered = page.text.partition("not covered by the scopes")[2]
        assert "/Encounter?_count=20" in uncovered
        assert "/Observation?_count=20" not in uncovered

    run(steps, tmp_path)


def test_the_form_leads_to_the_search_that_it_means(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        root = f"{HOME}/user:okafor"
        sent = {
            "how.name": ":exact",
            "value.name": "Peters",
            "how.birthdate": "ge",
            "value.birthdate": " 1960 ",
            "value.gender": "",
            "_sort": "-birthdate",
            "_count": "5",
            "more": "general-practitioner:Practitioner.name=okafor\n\n",
        }
        answer = await flow.http.get(f"{root}/Patient/_form", params=sent, headers=HTML)
        query = "birthdate=ge1960&name:exact=Peters&_sort=-birthdate&_count=5&general-practitioner:Practitioner.name=okafor"
        assert sorted(unquote(answer.headers["location"]).partition("?")[2].split("&")) == sorted(query.split("&"))
        pick = await flow.http.get(
            f"{root}/Observation/_form", params={"value.code": "8867-4", "pick": "patient:Patient"}, headers=HTML
        )
        page = await open_page(flow, pick.headers["location"])
        assert page.status_code in (200, 400)
        found = await open_page(flow, f"{pick.headers['location']}&find=Peters")
        assert f"{root}/Observation?code=8867-4&amp;patient=Patient/p-0017" in found.text
        empty = await open_page(flow, f"{root}/Patient/_form")
        assert "Nothing was searched yet" in empty.text

    run(steps, tmp_path)


def test_two_versions_are_compared(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        client = await hand(flow, "user/*.cruds")
        created = await client.create(observation() | {"status": "preliminary"})
        changed = created | {"status": "final", "valueString": "<b>high</b>"}
        await client.ask("PUT", f"/Observation/{created['id']}", changed)
        root = token_path(client.headers["Authorization"].removeprefix("Bearer "))
        history = await open_page(flow, f"{root}/Observation/{created['id']}/_history")
        assert f"{root}/Observation/{created['id']}/_compare" in history.text
        page = await open_page(flow, f"{root}/Observation/{created['id']}/_compare?a=2&b=1")
        assert "<del>preliminary</del></td><td><ins>final</ins>" in page.text
        assert "&lt;b&gt;high" in page.text
        for query, status in (("?a=1&b=1", 422), ("?a=1&b=7", 404), ("", 404), ("?a=../../x&b=1", 404)):
            assert (await open_page(flow, f"{root}/Observation/{created['id']}/_compare{query}")).status_code == status, query

    run(steps, tmp_path)
