"""What a sign-in and a consent end in: a code, and the grant that it will give."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.flows.flow import Flow, received, run

from sickbay.services import login
from sickbay.storage.interface import Conflict


def test_grants_of_one_second_lie_side_by_side_in_an_index(tmp_path: Path) -> None:
    """Else each commit of a busy server changes a page for each of them."""

    async def steps(flow: Flow) -> None:
        before = flow.now()
        responses = [await flow.launched() for _ in range(2)]
        found = [one.key for one in await flow.sandbox.runtime.store.find("family")]
        seconds = {int(key[: len(f"{before:x}")], 16) for key in found}
        assert len(set(found)) == len(responses) == 2
        assert before <= min(seconds) <= max(seconds) <= flow.now()

    run(steps, tmp_path)


def test_a_launch_that_another_request_uses_in_the_same_moment_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The launch was unused when the request was examined, and used when the code was to be stored."""

    async def used_meanwhile(*_: object) -> str:
        raise Conflict("launch")

    async def steps(flow: Flow) -> None:
        app = await flow.register()
        launch = (await flow.launch(app))["launch"]
        with monkeypatch.context() as patched:
            patched.setattr(login, "_give", used_meanwhile)
            answer = await flow.authorize(app, launch=launch)
        assert received(answer)["error"] == "invalid_request"
        assert (await flow.findings(answer))["launch-code-reused"] == "error"

    run(steps, tmp_path)
