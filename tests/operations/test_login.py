"""What a sign-in and a consent end in: a code, and the grant that it will give."""

from __future__ import annotations

from pathlib import Path

from tests.flows.flow import Flow, run


def test_grants_of_one_second_lie_side_by_side_in_an_index(tmp_path: Path) -> None:
    """Else each commit of a busy server changes a page for each of them."""

    async def steps(flow: Flow) -> None:
        before = flow.now()
        responses = [await flow.launched() for _ in range(2)]
        found = [one.key for one in await flow.sandbox.world.store.find("family")]
        seconds = {int(key[: len(f"{before:x}")], 16) for key in found}
        assert len(set(found)) == len(responses) == 2
        assert before <= min(seconds) <= max(seconds) <= flow.now()

    run(steps, tmp_path)
