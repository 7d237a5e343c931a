"""A state that an app sends twice is known again; what is remembered of them is little, and not the states themselves."""

from __future__ import annotations

from pathlib import Path

from tests.flows.flow import STATE, Flow, run

from sickbay.operations import states
from sickbay.operations.states import States


def test_each_app_has_its_own_and_none_is_kept_in_clear() -> None:
    kept = States()
    kept.remember("a", "one")
    kept.remember("a", None)
    assert kept.seen("a", "one")
    assert not any((kept.seen("b", "one"), kept.seen("a", "two"), kept.seen("a", None), kept.seen("a", "")))
    assert "one" not in repr(vars(kept))


def test_few_are_remembered_of_each_and_few_apps() -> None:
    kept = States()
    for number in range(states.EACH + 1):
        kept.remember("a", str(number))
    assert (kept.seen("a", "0"), kept.seen("a", "1")) == (False, True)
    for number in range(states.APPS):
        kept.remember(f"app-{number}", "s")
    assert not kept.seen("a", "1")
    assert kept.seen("app-0", "s")


def test_the_second_request_with_a_state_is_warned_and_a_refused_one_does_not_count(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app, other = await flow.register(), await flow.register(name="Other")
        scope = "launch patient/Patient.rs"
        for asked, said in (("launch/nonsense!", False), (scope, False), (scope, True)):
            answer = await flow.authorize(app, scope=asked, launch=(await flow.launch(app))["launch"])
            assert ("state-reused" in await flow.findings(answer)) is said, asked
        again = await flow.authorize(app, scope=scope, state=STATE[::-1], launch=(await flow.launch(app))["launch"])
        foreign = await flow.authorize(other, scope=scope, launch=(await flow.launch(other))["launch"])
        assert "state-reused" not in {**await flow.findings(again), **await flow.findings(foreign)}

    run(steps, tmp_path)
