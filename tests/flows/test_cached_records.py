"""What is cached until the store's stamp changes depends only on records whose changes change the stamp."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.flows.flow import Flow, run

from sickbay.services import access, registration
from sickbay.services.context import Secrets
from sickbay.services.redaction import live_secrets
from sickbay.storage.interface import ResourceSpace
from sickbay.storage.kinds import UNCACHED

SOURCES = Path(access.__file__).parents[1]
DEPENDING = {
    "sandbox/population_loader.py",
    "services/access.py",
    "services/redaction/live_secrets.py",
    "services/registration.py",
}
"""The files that ask the store for its stamp. The next test fills the cache of each."""


def test_each_cache_of_records_is_known() -> None:
    asking = {path for path in SOURCES.rglob("*.py") if "store.stamp()" in path.read_text()}
    assert {str(path.relative_to(SOURCES)) for path in asking} == DEPENDING


def test_no_cache_depends_on_a_kind_of_record_that_leaves_the_stamp_unchanged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def steps(flow: Flow) -> None:
        runtime, filling = flow.sandbox.runtime, flow.sandbox.filling
        token = (await flow.complete_launch())["access_token"]
        tenant, kinds = runtime.tenants["general"], set[str]()
        for name in ("get", "find"):
            monkeypatch.setattr(runtime.store, name, recording(getattr(runtime.store, name), kinds))
        context = await access.load_context(runtime, tenant, "r4", tenant.fhir_base("r4"), f"Bearer {token}")
        assert context.token
        assert context.user
        await registration.load_origins(runtime, tenant.name)
        runtime.secrets = Secrets()
        assert (await live_secrets.read_stored_secrets(runtime)).hashes
        await filling._fill_space(ResourceSpace("general", "r4"))
        assert kinds == {"token", "app", "app-before", "user", "changes", "meta"}
        assert kinds.isdisjoint(UNCACHED)

    run(steps, tmp_path, admin_token="the-key-of-all")


def recording(read: Any, kinds: set[str]) -> Any:
    async def record(kind: str, *arguments: Any, **named: Any) -> Any:
        kinds.add(kind)
        return await read(kind, *arguments, **named)

    return record


def test_a_create_keeps_the_token_context_and_a_revocation_drops_it(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        scope = "launch patient/Observation.cruds"
        app = await flow.register(scope=scope)
        code = await flow.code(app, launch=(await flow.launch(app))["launch"], scope=scope)
        token = (await flow.redeem(app, code)).json()
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        rate = {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]}
        observation = {
            "resourceType": "Observation",
            "status": "final",
            "code": rate,
            "subject": {"reference": "Patient/p-0001"},
        }

        async def create() -> int:
            return (await flow.http.post("/general/r4/Observation", json=observation, headers=headers)).status_code

        assert await create() == 201
        contexts, stamp = flow.sandbox.runtime.token_cache.contexts, flow.sandbox.runtime.store.stamp()
        assert await create() == 201
        assert stamp is None or flow.sandbox.runtime.token_cache.contexts is contexts
        await flow.http.post("/general/oauth/revoke", data={"token": token["access_token"], "client_id": app["client_id"]})
        assert await create() == 401

    run(steps, tmp_path)
