"""A change of an app never brings it back after it was removed, in whatever order."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec import structs
from tests.flows.flow import REDIRECT, Flow, run
from tests.flows.test_ehr_by_http import HTML, field
from tests.flows.two_workers import run_two

from sickbay.authorization.models import Client
from sickbay.services import app_removal, registration, secret_rotation
from sickbay.services.context import Runtime

Engine = Callable[[], str | None]
CHANGES: dict[str, Callable[[Runtime, Client], object]] = {
    "settings": lambda runtime, app: registration.register_app(runtime, {"name": "Other"}, app),
    "secret": secret_rotation.rotate_secret,
    "policy": lambda runtime, app: registration.save_app(runtime, structs.replace(app, policy={"pkce": "required"}), app),
}


@pytest.mark.parametrize("delay", [0, 60])
def test_an_app_that_is_changed_and_removed_at_once_is_removed(engine: Engine, tmp_path: Path, delay: int) -> None:
    async def steps(worker: Flow, other: Flow) -> None:
        first, second = worker.sandbox.runtime, other.sandbox.runtime
        settings = {
            "tenant": "general",
            "name": "App",
            "client": "symmetric",
            "redirect_uris": (REDIRECT,),
            "scope": "user/*.rs",
        }
        for _ in range(3):
            app = (await registration.register_app(first, settings)).client
            assert app is not None
            changes = [change(runtime, app) for change in CHANGES.values() for runtime in (first, second)]
            tasks = [*changes[:3], app_removal.remove_app(second, app), *changes[3:]]
            results = await asyncio.gather(*tasks, return_exceptions=True)  # type: ignore[call-overload]
            failed = [result for result in results if isinstance(result, BaseException)]
            assert all(isinstance(failure, registration.AppRemoved) for failure in failed), failed
            assert await registration.find_by_id(first, app.client_id) is None

    run_two(steps, engine(), tmp_path, patients=0, policies={"general": {"propagation_delay": delay}})


def test_a_page_says_that_the_app_was_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def steps(flow: Flow) -> None:
        app = await flow.register(client="symmetric")
        page = await flow.http.get(f"/developer/apps/{app['app_id']}", headers=HTML)
        rotate = secret_rotation.rotate_once

        async def rotate_after_removal(runtime: Runtime, client: Client, *form: str) -> tuple[Client, str] | None:
            await app_removal.remove_app(runtime, client)
            return await rotate(runtime, client, *form)

        monkeypatch.setattr(secret_rotation, "rotate_once", rotate_after_removal)
        form = {"csrf": field(page, "csrf"), "stamp": field(page, "stamp")}
        answer = await flow.http.post(f"/developer/apps/{app['app_id']}/secret", data=form, headers=HTML)
        assert (answer.status_code, "This app was removed" in answer.text) == (404, True)

    run(steps, tmp_path, patients=0)
