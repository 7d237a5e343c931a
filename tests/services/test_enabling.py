"""An app that is enabled at another hospital by several requests at the same time is registered there once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from tests.flows.flow import REDIRECT, Flow
from tests.flows.two_workers import run_two

from sickbay.authorization.models import Client
from sickbay.services import enabling, registration

Engine = Callable[[], str | None]


def test_simultaneous_requests_from_any_hospital_register_an_app_once(engine: Engine, tmp_path: Path) -> None:
    async def steps(worker: Flow, other: Flow) -> None:
        first, second = worker.sandbox.runtime, other.sandbox.runtime
        settings = {"name": "App", "client": "symmetric", "redirect_uris": (REDIRECT,), "scope": "user/*.rs"}
        apps = [
            (await registration.register_app(first, settings | {"tenant": tenant})).client
            for tenant in ("general", "epic", "general")
        ]
        apps[2:] = [(await registration.register_app(first, settings | {"tenant": "general", "name": "Other"})).client]
        cerner = first.tenants["cerner"]
        requests = [
            enabling.enable_app(runtime, app, cerner) for app in apps if app is not None for runtime in (first, second, first)
        ]
        results = await asyncio.gather(*requests)
        stored = {client.client_id: client.name for client in await registration.list_clients(second, "cerner")}
        assert sorted(name for name in stored.values() if name in ("App", "Other")) == ["App", "Other"]
        answered = [result if isinstance(result, Client) else result.client for result in results]
        assert {client.client_id for client in answered if client} == {
            id for id, name in stored.items() if name in ("App", "Other")
        }
        assert len([result for result in results if not isinstance(result, Client)]) == 2

    run_two(steps, engine(), tmp_path, patients=0)
