"""A sign-in with consent results in a code and the id of its grant."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.flows.flow import Flow, receive, run

from sickbay.services import login
from sickbay.storage.interface import Conflict, UseOnce


def test_grants_of_one_second_are_adjacent_in_an_index(tmp_path: Path) -> None:
    """Otherwise each commit of a busy server would change an index page for each of them."""

    async def steps(flow: Flow) -> None:
        before = flow.now()
        responses = [await flow.complete_launch() for _ in range(2)]
        keys = [record.key for record in await flow.sandbox.runtime.store.find("family")]
        seconds = {int(key[: len(f"{before:x}")], 16) for key in keys}
        assert len(set(keys)) == len(responses) == 2
        assert before <= min(seconds) <= max(seconds) <= flow.now()

    run(steps, tmp_path)


def test_a_launch_that_another_request_used_at_the_same_moment_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The launch was unused when the request was checked, and used by the time its code was to be stored."""

    async def raise_conflict(*_: object) -> str:
        raise Conflict(UseOnce("launch", "launch", 0))

    async def steps(flow: Flow) -> None:
        app = await flow.register()
        launch = (await flow.launch(app))["launch"]
        with monkeypatch.context() as patched:
            patched.setattr(login, "_issue_code", raise_conflict)
            response = await flow.authorize(app, launch=launch)
        assert receive(response)["error"] == "invalid_request"
        assert (await flow.findings(response))["launch-code-reused"] == "error"

    run(steps, tmp_path)
