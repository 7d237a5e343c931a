"""Keys published in a repository are replaced when the data folder is opened, and their tokens are refused."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.flows.flow import BASE, Flow, run

from sickbay.sandbox import keys
from sickbay.services import id_token

PLACE = "/general/oauth"


async def state(flow: Flow) -> dict[str, Any]:
    """The keys, and the kids in the key set."""
    jwks = (await flow.http.get(f"{PLACE}/jwks")).json()
    records = {name: await flow.sandbox.runtime.store.get("key", name) for name in ("instance", "refresh")}
    values = {name: record.value.decode() for name, record in records.items() if record}
    return values | {"kids": {key["kid"] for key in jwks["keys"]}, "replaced": flow.sandbox.runtime.keys.replaced}


async def use_tokens(flow: Flow, app: dict[str, Any], tokens: dict[str, Any]) -> tuple[int, int]:
    """The status of a read with the access token and of a refresh."""
    read = await flow.http.get("/general/r4/Patient?name=a", headers={"Authorization": f"Bearer {tokens['access_token']}"})
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], "client_id": app["client_id"]}
    return read.status_code, (await flow.http.post(f"{PLACE}/token", data=form)).status_code


def test_published_keys_are_replaced_once_and_their_grants_end(
    tmp_path: Path, engine: Callable[[], str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    data: dict[str, Any] = {"data": engine() or str(tmp_path), "patients": 0}
    seen: dict[str, Any] = {}

    async def before(flow: Flow) -> None:
        scope = "openid fhirUser offline_access user/Patient.rs"
        app = await flow.register(scope=scope, launch_uri=None)
        answer = await flow.redeem(app, await flow.code(app, scope=scope, aud=f"{BASE}/general/r4"))
        seen.update(app=app, tokens=answer.json(), **await state(flow))

    async def check(flow: Flow) -> None:
        now = await state(flow)
        assert not now["replaced"]
        assert {name: now[name] for name in ("instance", "refresh", "kids")} == {
            name: seen[name] for name in ("instance", "refresh", "kids")
        }
        access, refreshed = await use_tokens(flow, seen["app"], seen["tokens"])
        assert (access, refreshed) == (200, 200)

    async def after(flow: Flow) -> None:
        now = await state(flow)
        assert now["replaced"]
        assert now["instance"] != seen["instance"]
        assert now["refresh"] != seen["refresh"]
        assert not now["kids"] & seen["kids"]
        access, refreshed = await use_tokens(flow, seen["app"], seen["tokens"])
        assert (access, refreshed) == (401, 400)
        seen["later"] = now

    async def once_more(flow: Flow) -> None:
        assert await state(flow) == seen["later"] | {"replaced": False}

    run(before, tmp_path, **data)
    run(check, tmp_path, **data)
    monkeypatch.setattr(keys, "PUBLISHED_KIDS", frozenset(seen["kids"]))
    monkeypatch.setattr(keys, "PUBLISHED_REFRESH", frozenset((hashlib.sha256(seen["refresh"].encode()).hexdigest(),)))
    monkeypatch.setattr(keys, "PUBLISHED_INSTANCES", frozenset((seen["instance"],)))
    run(after, tmp_path, **data)
    run(once_more, tmp_path, **data)


def test_only_the_published_retired_or_next_key_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kids: dict[str, Any] = {}

    async def rotate(flow: Flow) -> None:
        await flow.http.get(f"{PLACE}/jwks")
        await id_token.rotate(flow.sandbox.runtime)
        kids.update(await id_token.list_keys(flow.sandbox.runtime))

    async def after(flow: Flow) -> None:
        now = (await state(flow))["kids"]
        assert kids["active"] in now
        assert kids["next"] not in now
        assert kids["retired"][0]["kid"] not in now

    run(rotate, tmp_path, patients=0)
    monkeypatch.setattr(keys, "PUBLISHED_KIDS", frozenset((kids["next"], kids["retired"][0]["kid"])))
    run(after, tmp_path, patients=0)
