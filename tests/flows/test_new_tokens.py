"""A new token doesn't invalidate caches of others; the end of a token is seen by each worker with the next request."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.flows.flow import BASE, Flow, run

from sickbay.sandbox.sandbox import open_sandbox
from sickbay.settings.settings import Settings
from sickbay.storage.interface import Clear, DeleteFamily
from sickbay.web.app import create

Ends = Callable[[Flow, dict[str, Any], dict[str, Any]], Awaitable[Any]]
"""Arguments: the other worker, the app and its token response."""


@asynccontextmanager
async def other_worker(settings: Settings) -> AsyncIterator[Flow]:
    sandbox = await open_sandbox(settings)
    app = create(sandbox)
    try:
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=BASE, trust_env=False) as http:
            yield Flow(sandbox, http)
    finally:
        await app.stop()
        await sandbox.close()


async def revoke(worker: Flow, app: dict[str, Any], tokens: dict[str, Any]) -> None:
    form = {"token": tokens["access_token"], "client_id": app["client_id"]}
    assert (await worker.http.post("/general/oauth/revoke", data=form)).status_code == 200


async def refresh_revoked(worker: Flow, app: dict[str, Any], tokens: dict[str, Any]) -> None:
    form = {"token": tokens["refresh_token"], "client_id": app["client_id"]}
    assert (await worker.http.post("/general/oauth/revoke", data=form)).status_code == 200


async def refresh(worker: Flow, app: dict[str, Any], text: str) -> httpx2.Response:
    form = {"grant_type": "refresh_token", "refresh_token": text, "client_id": app["client_id"]}
    return await worker.http.post("/general/oauth/token", data=form)


async def replay(worker: Flow, app: dict[str, Any], tokens: dict[str, Any]) -> None:
    """Use the first refresh token again after two rotations, which revokes the family."""
    text = tokens["refresh_token"]
    for _ in range(2):
        text = (await refresh(worker, app, text)).json()["refresh_token"]
    assert (await refresh(worker, app, tokens["refresh_token"])).status_code == 400


async def family_deleted(worker: Flow, app: dict[str, Any], tokens: dict[str, Any]) -> None:
    store = worker.sandbox.runtime.store
    (record,) = await store.find("token", owner=app["client_id"])
    await store.transaction([DeleteFamily(record.family, ("token",))])


async def app_deleted(worker: Flow, app: dict[str, Any], tokens: dict[str, Any]) -> None:
    assert (await worker.http.delete(f"/admin/apps/{app['app_id']}")).status_code == 204


async def user_deleted(worker: Flow, app: dict[str, Any], tokens: dict[str, Any]) -> None:
    store = worker.sandbox.runtime.store
    await store.transaction([Clear("user", "general")])


ENDS: tuple[Ends, ...] = (revoke, refresh_revoked, replay, family_deleted, app_deleted, user_deleted)


async def new_token(flow: Flow, service: dict[str, Any]) -> None:
    basic = httpx2.BasicAuth(service["client_id"], service["client_secret"])
    form = {"grant_type": "client_credentials", "scope": "system/Patient.rs"}
    assert (await flow.http.post("/general/oauth/token", data=form, auth=basic)).status_code == 200


@pytest.mark.parametrize("ends", ENDS, ids=lambda worker: str(worker.__name__))
def test_the_end_of_a_token_is_seen_immediately_although_new_tokens_were_issued(
    engine: Callable[[], str | None], tmp_path: Path, ends: Ends
) -> None:
    place = engine() or str(tmp_path)

    async def steps(here: Flow) -> None:
        service = await here.register(
            scope="system/*.rs", type="system", client="symmetric", redirect_uris=[], launch_uri=None, auto_approve=None
        )
        scope = "launch offline_access patient/Patient.rs"
        app = await here.register(scope=scope)
        launch = await here.launch(app)
        tokens = (await here.redeem(app, await here.code(app, launch=launch["launch"], scope=scope))).json()
        async with other_worker(here.sandbox.settings) as other:
            for worker in (here, other):
                assert await read(worker, tokens) == 200
                await new_token(here, service)
                await new_token(other, service)
                assert await read(worker, tokens) == 200
            await ends(other, app, tokens)
            assert [await read(worker, tokens) for worker in (here, other)] == [401, 401]

    run(steps, tmp_path, data=place)


async def read(flow: Flow, tokens: dict[str, Any]) -> int:
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    return (await flow.http.get("/general/r4/Patient/p-0001", headers=headers)).status_code


def test_a_refreshed_token_reads_on_every_worker(engine: Callable[[], str | None], tmp_path: Path) -> None:
    place = engine() or str(tmp_path)

    async def steps(here: Flow) -> None:
        scope = "launch offline_access patient/Patient.rs"
        app = await here.register(scope=scope)
        launch = await here.launch(app)
        tokens = (await here.redeem(app, await here.code(app, launch=launch["launch"], scope=scope))).json()
        async with other_worker(here.sandbox.settings) as second_worker:
            for worker, other in ((here, second_worker), (second_worker, here)):
                assert [await read(flow, tokens) for flow in (here, second_worker)] == [200, 200]
                tokens = (await refresh(worker, app, tokens["refresh_token"])).json()
                assert [await read(worker_task, tokens) for worker_task in (other, worker)] == [200, 200]

    run(steps, tmp_path, data=place)
