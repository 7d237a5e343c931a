"""The law of resets: whatever happened before, afterwards nothing differs from a fresh server, on every worker."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.flows.flow import Flow
from tests.flows.random_use import ACTIONS, use
from tests.flows.two_workers import run_two

from sickbay.services.loading import export_lines
from sickbay.services.record_kinds import KINDS
from sickbay.services.runtime_settings import NAME
from sickbay.storage.interface import Delete, ResourceSpace
from sickbay.storage.resets import RESETS

Engine = Callable[[], str | None]
Facts = dict[str, Any]
PAGES = (
    "/",
    "/general/ehr/sign-in",
    "/admin",
    "/admin/apps",
    "/admin/users",
    "/admin/exchanges",
    "/admin/policies",
    "/general/.well-known/openid-configuration",
    "/general/r4/.well-known/smart-configuration",
    "/general/r4/metadata",
)
"""Discovery documents come last, because each is an exchange."""
OF_APPS_AND_USERS = {"/general/ehr/sign-in", "/admin", "/admin/apps", "/admin/users"}
SPACE = ResourceSpace("general", "r4")
NOT_REMEMBERED = frozenset(
    (
        "cache",
        "runtime",
        "written",
        "most",
        "most_bytes",
        "channel",
        "slots",
        "_arrival",
        "_explaining",
        "_key",
        "_looks",
        "_reported",
        "dropped",
        "_stamp",
        "current",
        "_locks",
        "_begun",
        "_writing",
    )
)
"""Members of parts of the memory that are fixed, count for the metrics, or say what runs or exists at the moment."""


async def facts(flow: Flow) -> Facts:
    """What users, apps and the administrator can find out from a worker, what is stored, and what the worker remembers."""
    await flow.sandbox.filling.ensure(SPACE)
    await flow.sandbox.journal.flush()
    await forget_discovery(flow)
    clock = (await flow.http.get("/admin/clock")).json()["now"]
    pages = {f"page {path}": await page(flow, path) for path in PAGES}
    await flow.sandbox.journal.flush()
    return {
        **pages,
        **await records(flow),
        **{f"memory of {name}": state(part) for name, part in flow.sandbox.runtime.memory.parts.items()},
        "resources": await resources(flow),
        "day": int(clock // 86_400),
    }


async def forget_discovery(flow: Flow) -> None:
    """Delete the exchanges that the last look at the discovery documents made."""
    store = flow.sandbox.runtime.store
    found = await store.find("exchange", label="discovery", limit=1_000)
    await store.transaction([Delete("exchange", record.key) for record in found])


async def page(flow: Flow, path: str) -> Any:
    """As a browser without cookies gets it, without the CSRF token."""
    sent = {"Accept": "text/html" if path == "/" or "ehr" in path else "application/json", "Cookie": ""}
    answer = await flow.http.get(path, headers=sent)
    assert answer.status_code == 200, path
    if "json" in answer.headers["content-type"]:
        return without_times(answer.json())
    before, _, after = answer.text.partition('name="csrf" value="')
    return before + after.partition('"')[2].replace(after.partition('"')[0], "")


def without_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_times(member) for name, member in value.items() if name != "created_at"}
    return [without_times(item) for item in value] if isinstance(value, list) else value


async def records(flow: Flow) -> Facts:
    """All records but the server's keys, the numbers of changes and resets, and the settings, which have pages.

    Not the exchanges of discovery documents either, because looking at the pages makes some.
    """
    found: Facts = {}
    for kind in KINDS.keys() - {"key", "changes"}:
        for record in await flow.sandbox.runtime.store.find(kind, limit=10_000):
            if kind == "exchange" and record.label == "discovery":
                continue
            if kind != "meta" or (record.key != NAME and not record.key.startswith(RESETS)):
                value = without_times(json.loads(record.value)) if record.value[:1] == b"{" else record.value
                found[f"{kind} {record.key} of {record.tenant}"] = (record.owner, record.family, record.label, value)
    return found


async def resources(flow: Flow) -> Any:
    """All bodies of some types, and how often clients have written to any hospital."""
    bodies = [[line async for line in export_lines(flow.sandbox.runtime, SPACE, type)] for type in ("Patient", "Slot", "Task")]
    return [*map(sorted, bodies), await flow.sandbox.filling.changes(None)]


def state(part: Any) -> Any:
    """What a part of the memory has from requests."""
    if not type(part).__module__.startswith("sickbay.") or not hasattr(part, "__dict__"):
        return repr(part)
    return {name: state(value) for name, value in vars(part).items() if name not in NOT_REMEMBERED}


def differences(before: Facts, after: Facts) -> Facts:
    absent = "absent"
    pairs = {name: (before.get(name, absent), after.get(name, absent)) for name in before.keys() | after.keys()}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


@pytest.mark.parametrize("seed", range(1))
def test_after_a_reset_of_everything_nothing_differs_from_a_fresh_server(seed: int, engine: Engine, tmp_path: Path) -> None:
    obey(engine(), tmp_path, seed, 12)


@pytest.mark.prove
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(1000, 1030))
def test_after_many_resets_of_everything_nothing_differs_from_a_fresh_server(seed: int, engine: Engine, tmp_path: Path) -> None:
    obey(engine(), tmp_path, seed, 40)


def obey(database: str | None, folder: Path, seed: int, count: int) -> None:
    async def steps(worker: Flow, other: Flow) -> None:
        fresh = [await facts(flow) for flow in (worker, other)]
        assert fresh[0] == fresh[1]
        for turn in range(2):
            names = await use(worker, other, seed * 2 + turn, count)
            assert differences(fresh[0], await facts(worker)), "the actions change something"
            assert (await (other, worker)[turn].http.post("/admin/reset", json={"everything": True})).status_code == 204
            for flow, before in zip((worker, other), fresh, strict=True):
                assert differences(before, await facts(flow)) == {}, names

    run_two(steps, database, folder, throttle=5)


@pytest.mark.parametrize("name", ACTIONS)
def test_each_action_changes_something_that_a_reset_undoes(name: str, tmp_path: Path) -> None:
    async def steps(worker: Flow, other: Flow) -> None:
        fresh = await facts(worker)
        await ACTIONS[name](worker, other, random.Random(1))
        assert differences(fresh, await facts(worker))
        await other.http.post("/admin/reset", json={"everything": True})
        assert differences(fresh, await facts(worker)) == {}

    run_two(steps, None, tmp_path, throttle=5)


@pytest.mark.parametrize("body", [{}, {"tenant": "general"}])
def test_a_reset_keeps_apps_and_users_and_of_one_hospital_also_the_others_and_the_clock(
    body: dict[str, Any], engine: Engine, tmp_path: Path
) -> None:
    async def steps(worker: Flow, other: Flow) -> None:
        fresh = await facts(worker)
        await use(worker, other, 7, 20)
        for name in ("change_policies", "send_refused_request", "sign_in", "guess_secrets", "move_clock"):
            await ACTIONS[name](worker, other, random.Random(2))
        await worker.http.post("/admin/clock", json={"advance": 86_400})
        before = await facts(other)
        await worker.http.post("/admin/reset", json=body)
        for flow in (worker, other):
            after = await facts(flow)
            gone = {name for name in differences(before, after) if name not in after}
            assert not [name for name in gone if name.startswith(("app ", "user "))]
            if body:
                assert all(name.endswith(" of general") for name in gone)
                assert after["day"] == before["day"] > fresh["day"]
                assert after["page /admin/policies"][2] == before["page /admin/policies"][2]
            remaining = differences(fresh, after)
            of_the_moved_clock = {"day", "resources", "meta filled/general/r4 of general"} if body else set()
            allowed = OF_APPS_AND_USERS | {"memory of used passwords"} | of_the_moved_clock
            for name in remaining:
                kind = name.partition(" ")[0]
                is_of_others = bool(body) and not name.endswith(" of general")
                assert kind in ("app", "user") or name.removeprefix("page ") in allowed or is_of_others, name

    run_two(steps, engine(), tmp_path, throttle=5)
