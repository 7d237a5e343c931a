"""A state that an app sends twice is known again; what is remembered of them is little, and not the states themselves."""

from __future__ import annotations

from pathlib import Path

from tests.flows.flow import STATE, Flow, run

from sickbay.protocol.parameters import parse
from sickbay.services import recent_parameters
from sickbay.services.recent_parameters import RecentParameters


def test_each_app_has_its_own_and_none_is_kept_in_clear() -> None:
    kept = RecentParameters()
    kept.remember("a", parse("state=one&nonce=&scope=openid"))
    assert kept.seen("a", parse("state=one&nonce=one")) == {("state", "one")}
    assert not kept.seen("a", parse("state=two&nonce=&scope=openid"))
    assert not kept.seen("b", parse("state=one"))
    assert "one" not in repr(vars(kept))


def test_few_are_remembered_of_each_and_few_apps() -> None:
    kept = RecentParameters()
    for number in range(recent_parameters.EACH + 1):
        kept.remember("a", parse(f"state={number}"))
    assert (kept.seen("a", parse("state=0")), kept.seen("a", parse("state=1"))) == (frozenset(), {("state", "1")})
    for number in range(recent_parameters.APPS):
        kept.remember(f"app-{number}", parse("state=s"))
    assert not kept.seen("a", parse("state=1"))
    assert kept.seen("app-0", parse("state=s"))


def test_a_nonce_and_a_challenge_that_never_change_are_noticed(tmp_path: Path) -> None:
    """RFC 9700 2.1.1."""

    async def steps(flow: Flow) -> None:
        app = await flow.register(pkce="if-sent")
        scope, said = "openid user/Patient.rs", {"state-reused", "nonce-reused", "pkce-challenge-reused"}
        for found in (set(), said):
            answer = await flow.authorize(app, scope=scope, nonce="always-the-same")
            assert set(await flow.findings(answer)) & said == found
        new: dict[str, str | None] = {"code_challenge": None, "code_challenge_method": None}
        fresh = await flow.authorize(app, scope=scope, nonce="another", state=STATE[::-1], **new)
        assert not set(await flow.findings(fresh)) & said

    run(steps, tmp_path)


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
