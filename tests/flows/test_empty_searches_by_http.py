"""Searches that find nothing, over HTTP: what the page says, to whom, and what stays in the response and in memory."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.flows.flow import BASE, Flow, run
from tests.flows.writing import TokenClient, hand, observation

from sickbay.services.context import LogLine
from sickbay.services.empty_searches import explain, memory

LAB = "/Observation?patient=p-0001&category=lab"


async def exchange(flow: Flow, answer: httpx2.Response, **headers: str) -> dict[str, Any]:
    sent = {"Accept": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    shown = await flow.http.get(f"/exchanges/{answer.headers['x-correlation-id']}", headers=sent)
    assert shown.status_code == 200, shown.text
    return dict(shown.json())


def ids(entry: dict[str, Any]) -> list[str]:
    return [finding["id"] for finding in entry["findings"]]


async def as_stranger(flow: Flow, answer: httpx2.Response, own: TokenClient | None = None) -> dict[str, Any]:
    """What another origin reads, with a token or without one."""
    bearer = {"Authorization": own.headers["Authorization"]} if own else {}
    return await exchange(flow, answer, Sec_Fetch_Site="cross-site", **bearer)


def test_the_administrator_reads_which_parameter_empties_a_search(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "user/*.rs")
        answer = await own.ask("GET", LAB)
        assert answer.json()["total"] == 0
        entry = await exchange(flow, answer)
        (finding,) = entry["findings"]
        assert (finding["id"], finding["severity"]) == ("fhir-search-value-absent", "warning")
        assert "`laboratory` (" in finding["why"]
        assert "`patient` finds" in finding["why"]
        assert finding["fix"].startswith("Send `category=laboratory`, which finds ")
        assert entry["corrected"]["url"] == f"{BASE}/general/r4/Observation?patient=p-0001&category=laboratory"
        page = await flow.http.get(f"/exchanges/{answer.headers['x-correlation-id']}", headers={"Accept": "text/html"})
        assert "category=laboratory" in page.text
        assert finding["facts"]["instead"] == [["category", "laboratory"]]

    run(steps, tmp_path)


def test_only_a_token_of_the_same_app_user_and_patient_reads_what_the_data_say(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "patient/*.rs")
        answer = await own.ask("GET", LAB)
        same = await own.again()
        other_app = await hand(flow, "patient/*.rs")
        for reader in (own, same):
            assert ids(await as_stranger(flow, answer, reader)) == ["fhir-search-value-absent"]
        for stranger in (None, other_app):
            entry = await as_stranger(flow, answer, stranger)
            assert ids(entry) == ["fhir-search-empty"]
            assert "laboratory" not in str(entry)
            assert entry["corrected"] is None
        other_patient = await flow.http.post("/admin/tokens", json=await token_body(flow, own, "p-0002"))
        entry = await as_stranger(flow, answer, TokenClient(flow, other_patient.json()["access_token"]))
        assert ids(entry) == ["fhir-search-empty"]

    run(steps, tmp_path)


async def token_body(flow: Flow, own: TokenClient, patient: str) -> dict[str, Any]:
    apps = (await flow.http.get("/admin/apps")).json()
    app = next(app for app in apps if app["scope"] == "patient/*.rs")
    return {"app": app["app_id"], "scope": "patient/*.rs", "user": await flow.clinician(), "patient": patient}


def test_a_revoked_token_no_longer_reads_the_explanation_and_the_page_says_that_it_changed(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        scope = "patient/*.rs patient/Observation.cruds"
        own = await hand(flow, scope)
        answer = await own.ask("GET", LAB)
        assert "changed" not in await exchange(flow, answer)
        await own.create(observation())
        assert (await exchange(flow, answer))["changed"] == ["data"]
        client = next(app["client_id"] for app in (await flow.http.get("/admin/apps")).json() if app["scope"] == scope)
        token = own.headers["Authorization"].removeprefix("Bearer ")
        await flow.http.post("/general/oauth/revoke", data={"token": token, "client_id": client})
        assert (await exchange(flow, answer))["changed"] == ["data", "token"]
        page = await flow.http.get(f"/exchanges/{answer.headers['x-correlation-id']}", headers={"Accept": "text/html"})
        assert "Since this was explained, the data have changed and the token has expired or was revoked." in page.text
        assert "changed" not in await as_stranger(flow, answer, own)
        assert ids(await as_stranger(flow, answer, own)) == ["fhir-search-empty"]

    run(steps, tmp_path)


def test_a_search_that_finds_something_by_now_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explain, "LEAST_PAUSE_SECONDS", 60)

    async def steps(flow: Flow) -> None:
        own = await hand(flow, "patient/*.cruds")
        answer = await own.ask("GET", "/Observation?code=zq-new")
        await own.create(observation() | {"code": {"coding": [{"system": "urn:x", "code": "zq-new"}]}})
        (finding,) = (await exchange(flow, answer))["findings"]
        assert (finding["id"], finding["severity"]) == ("fhir-search-empty", "info")
        assert "finds 1 now" in finding["why"]

    run(steps, tmp_path)


def test_searches_are_explained_after_their_responses_and_the_list_names_the_finding(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "user/*.rs")
        answers = [await own.ask("GET", f"/Observation?code=zq-{number}") for number in range(3)]
        task = flow.sandbox.runtime.explaining
        assert task is not None
        await asyncio.wait_for(task, 60)
        listed = (await flow.http.get("/admin/exchanges")).json()
        by_id = {entry["id"]: ids(entry) for entry in listed}
        assert [by_id[answer.headers["x-correlation-id"]] for answer in answers] == [["fhir-search-value-absent"]] * 3

    run(steps, tmp_path)


def test_the_terminal_names_a_warning_and_says_nothing_of_a_normal_empty_search(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        lines: list[LogLine] = []
        flow.sandbox.runtime.on_exchange = lines.append
        own = await hand(flow, "user/*.rs")
        for search in ("category=lab", "date=lt1900", "patient=p-0002&category=laboratory&date=lt1900"):
            await exchange(flow, await own.ask("GET", f"/Observation?{search}"))
        assert [line.finding for line in lines if line.finding] == ["found nothing: fhir-search-value-absent"]

    run(steps, tmp_path)


def test_the_oldest_searches_are_forgotten_and_so_are_all_at_a_reset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "KEPT_SEARCHES", 2)

    async def steps(flow: Flow) -> None:
        own = await hand(flow, "user/*.rs")
        answers = [await own.ask("GET", f"/Observation?code=zq-{number}") for number in range(3)]
        assert ids(await exchange(flow, answers[0])) == ["fhir-search-empty"]
        assert ids(await exchange(flow, answers[2])) == ["fhir-search-value-absent"]
        await flow.http.post("/admin/reset", json={"tenant": "general"})
        assert all(flow.sandbox.runtime.empty_searches.get(answer.headers["x-correlation-id"]) is None for answer in answers)

    run(steps, tmp_path)


@pytest.mark.parametrize(
    "search", ["/Observation?code=zq", "/Observation?code=zq&_summary=count", "/Observation?code=zq&_count=0"]
)
def test_a_policy_puts_the_explanation_into_the_bundle(tmp_path: Path, search: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explain, "RESPONSE_MILLISECONDS", 5_000)

    async def steps(flow: Flow) -> None:
        own = await hand(flow, "user/*.rs")
        assert "entry" not in (await own.ask("GET", search)).json()
        await flow.http.patch("/admin/policies/general", json={"explain_empty": True})
        bundle = (await own.ask("GET", search)).json()
        (entry,) = bundle["entry"]
        assert (bundle["total"], entry["search"]["mode"]) == (0, "outcome")
        (issue,) = entry["resource"]["issue"]
        assert issue["details"]["coding"][0]["code"] == "fhir-search-value-absent"
        assert "which finds" in issue["diagnostics"]
        full = (await own.ask("GET", "/Observation?_count=1")).json()
        assert [entry["search"]["mode"] for entry in full["entry"]] == ["match"]

    run(steps, tmp_path)


def test_without_time_the_bundle_says_that_it_is_empty_without_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explain, "RESPONSE_MILLISECONDS", 0)

    async def steps(flow: Flow) -> None:
        own = await hand(flow, "user/*.rs")
        await flow.http.patch("/admin/policies/general", json={"explain_empty": True})
        (entry,) = (await own.ask("GET", "/Observation?code=zq")).json()["entry"]
        (issue,) = entry["resource"]["issue"]
        assert issue["details"]["coding"][0]["code"] == "fhir-search-empty"
        assert "finds" not in issue["diagnostics"].replace("finds nothing", "")

    run(steps, tmp_path)


def test_an_include_that_adds_nothing_says_why(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "user/*.rs")
        answer = await own.ask("GET", "/Observation?patient=p-0001&_include=Encounter:subject")
        assert ids(await as_stranger(flow, answer)) == ["fhir-include-adds-nothing"]
        (finding,) = (await exchange(flow, answer))["findings"]
        assert "a different type" in finding["why"]
        granted = await own.ask("GET", "/Observation?patient=p-0001&_include=Observation:subject")
        assert ids(await exchange(flow, granted)) == []

    run(steps, tmp_path)


def test_an_include_is_explained_by_the_matches_of_its_page(tmp_path: Path) -> None:
    """The reference of a later match isn't one of the page."""

    async def steps(flow: Flow) -> None:
        own = await hand(flow, "patient/*.cruds")
        plain = observation() | {"code": {"coding": [{"system": "urn:x", "code": "zq"}]}}
        member = (await own.create(plain))["id"]
        await own.create(plain | {"hasMember": [{"reference": f"Observation/{member}"}]})
        answer = await own.ask("GET", "/Observation?code=zq&_sort=_lastUpdated&_count=1&_include=Observation:has-member")
        (finding,) = (await exchange(flow, answer))["findings"]
        assert finding["why"] == "None of the matches has this reference."

    run(steps, tmp_path)


def test_a_short_page_is_noted_and_a_full_one_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sickbay.storage.query.keyset.BYTES", 3_000)

    async def steps(flow: Flow) -> None:
        own = await hand(flow, "user/*.rs")
        short = await own.ask("GET", "/Observation?_count=100")
        assert len(short.json()["entry"]) < 100
        assert ids(await exchange(flow, short)) == ["fhir-page-short"]
        whole = await own.ask("GET", "/Observation?_count=1")
        assert ids(await exchange(flow, whole)) == []

    run(steps, tmp_path)


def test_a_last_page_whose_matches_were_deleted_is_noted(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "patient/*.cruds")
        made = [await own.create(observation() | {"code": {"coding": [{"system": "urn:x", "code": "zq"}]}}) for _ in range(2)]
        first = (await own.ask("GET", "/Observation?code=zq&_count=1")).json()
        shown = first["entry"][0]["resource"]["id"]
        for resource in made:
            if resource["id"] != shown:
                await own.ask("DELETE", f"/Observation/{resource['id']}")
        following = next(link["url"] for link in first["link"] if link["relation"] == "next")
        last = await own.ask("GET", following.removeprefix(f"{BASE}/general/r4"))
        assert "entry" not in last.json()
        assert ids(await exchange(flow, last)) == ["fhir-page-short"]

    run(steps, tmp_path)


def test_a_search_over_several_types_and_one_without_a_type_are_noted_only(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "user/*.rs")
        answer = await own.ask("GET", "?_type=Patient,Observation&_id=zq")
        assert ids(await exchange(flow, answer)) == ["fhir-search-empty"]
        compartment = await own.ask("GET", "/Patient/p-0001/Observation?code=zq")
        assert ids(await exchange(flow, compartment)) == ["fhir-search-value-absent"]

    run(steps, tmp_path)


def test_a_long_search_is_noted_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "SEARCH_CHARACTERS", 100)

    async def steps(flow: Flow) -> None:
        own = await hand(flow, "user/*.rs")
        answer = await own.ask("GET", f"/Observation?code={'z' * 200}")
        assert ids(await exchange(flow, answer)) == ["fhir-search-empty"]

    run(steps, tmp_path)


def test_the_journal_keeps_no_value_of_the_search_and_no_value_of_the_data(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "user/*.rs")
        answer = await own.ask("GET", "/Patient?name=Peterzzz")
        await exchange(flow, answer)
        await flow.sandbox.journal.flush()
        flow.sandbox.runtime.empty_searches._searches.clear()
        entry = await exchange(flow, answer)
        assert ids(entry) == ["fhir-search-empty"]
        assert "Peter" not in str(entry)

    run(steps, tmp_path)


@pytest.mark.parametrize("form", ["{}", "Bearer {}", "http://x.example|{}"])
def test_a_search_with_a_live_secret_in_a_value_is_not_kept(tmp_path: Path, form: str) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "user/*.rs")
        token = own.headers["Authorization"].removeprefix("Bearer ")
        answer = await own.ask("GET", f"/Patient?identifier={form.format(token)}")
        entry = await exchange(flow, answer)
        assert ids(entry) == ["fhir-search-empty"]
        assert token not in str(entry)
        assert flow.sandbox.runtime.empty_searches.get(answer.headers["x-correlation-id"]) is None

    run(steps, tmp_path)


def test_a_parameter_that_does_not_belong_to_the_search_stays_masked(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "user/*.rs")
        entry = await exchange(flow, await own.ask("GET", "/Observation?category=lab&sessionid=zq-private&patient=p-0001"))
        assert "fhir-search-value-absent" in ids(entry)
        assert "category=lab&" in entry["request"]["url"]
        assert "category=laboratory&" in entry["corrected"]["url"]
        assert "zq-private" not in str(entry)

    run(steps, tmp_path)


def test_an_explanation_that_fails_fails_no_request_and_holds_up_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "user/*.rs")
        await flow.http.patch("/admin/policies/general", json={"explain_empty": True})
        with monkeypatch.context() as patch:
            patch.setattr(explain, "examine_empty_search", lambda *arguments: 1 / 0)
            failed = await own.ask("GET", "/Patient?name=Zqxj")
            assert failed.json()["entry"][0]["resource"]["issue"][0]["details"]["coding"][0]["code"] == "fhir-search-empty"
            assert ids(await exchange(flow, failed)) == ["fhir-search-empty"]
        answer = await own.ask("GET", LAB)
        assert ids(await exchange(flow, answer)) == ["fhir-search-value-absent"]

    run(steps, tmp_path)
    assert "ZeroDivisionError" in caplog.text
    assert "Zqxj" not in caplog.text


def test_the_noted_search_has_no_header(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "user/*.rs")
        answer = await own.ask("GET", "/Observation?code=zq")
        search = flow.sandbox.runtime.empty_searches.get(answer.headers["x-correlation-id"])
        assert search is not None
        assert own.headers["Authorization"].removeprefix("Bearer ") not in repr(search)

    run(steps, tmp_path)
