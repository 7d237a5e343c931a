"""Subscriptions aren't supported: every way to write one is refused, and no CapabilityStatement lists them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.flows.flow import Flow, run
from tests.flows.writing import hand, observation

from sickbay.fhir.search.index_entries import IndexEntries
from sickbay.fhir.served import NOT_SERVED
from sickbay.fhir.versions import VERSIONS
from sickbay.storage.interface import ResourceSpace, Save

RULE = "fhir-subscription-unsupported"
HOOK = {
    "resourceType": "Subscription",
    "id": "s",
    "status": "requested",
    "reason": "x",
    "criteria": "Observation?code=x",
    "channel": {"type": "rest-hook", "endpoint": "https://app.example.com/hook"},
}


def entry(method: str, url: str, resource: dict[str, Any], **more: str) -> dict[str, Any]:
    return {"request": {"method": method, "url": url, **more}, "resource": resource}


def test_a_subscription_is_refused_however_it_is_written(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "system/*.cruds")
        ways: list[tuple[str, str, Any, dict[str, str]]] = [
            ("POST", "/Subscription", HOOK, {}),
            ("PUT", "/Subscription/s", HOOK, {}),
            ("POST", "/Subscription", HOOK, {"If_None_Exist": "criteria=x"}),
            ("PUT", "/Subscription?criteria=x", HOOK, {}),
            ("PATCH", "/Subscription/s", {"status": "active"}, {"Content_Type": "application/merge-patch+json"}),
        ]
        entries = [
            entry("POST", "Subscription", HOOK),
            entry("PUT", "Subscription/s", HOOK),
            entry("POST", "Subscription", HOOK, ifNoneExist="criteria=x"),
        ]
        created = entry("POST", "Observation", observation())
        bundles = [
            {"resourceType": "Bundle", "type": kind, "entry": [created, entry]}
            for kind in ("batch", "transaction")
            for entry in entries
        ]
        ways += [("POST", "", bundle_url, {}) for bundle_url in bundles]
        for method, path, body, headers in ways:
            answer = await own.ask(method, path, body, **headers)
            assert answer.status_code in (422, 200), answer.text
            assert RULE in answer.text, (method, path, answer.text)
        assert (await own.ask("GET", "/Subscription?_summary=count")).json()["total"] == 0

    run(steps, tmp_path)


def test_a_stored_subscription_can_be_read_and_deleted(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        own = await hand(flow, "system/*.cruds")
        await own.ask("GET", "/Patient?_count=1")
        body = b'{"resourceType":"Subscription","id":"s","status":"requested"}'
        old = Save(ResourceSpace("general", "r4"), "Subscription", "s", 1, body, IndexEntries(), 1, "create")
        await flow.sandbox.runtime.store.transaction([old])
        assert (await own.ask("GET", "/Subscription/s")).status_code == 200
        assert (await own.ask("DELETE", "/Subscription/s")).status_code == 204

    run(steps, tmp_path)


def test_no_capability_statement_lists_subscriptions(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        for version in VERSIONS:
            statement = (await flow.http.get(f"/general/{version}/metadata")).json()["rest"][0]["resource"]
            assert NOT_SERVED.isdisjoint(type["type"] for type in statement)
            assert not [name for type in statement for name in type["searchRevInclude"] if name.partition(":")[0] in NOT_SERVED]

    run(steps, tmp_path)
