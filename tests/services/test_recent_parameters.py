"""Warnings about reused state values. Only few of them are remembered, and only as hashes."""

from __future__ import annotations

from pathlib import Path

from tests.flows.flow import STATE, Flow, run

from sickbay.protocol.parameters import parse
from sickbay.services import recent_parameters
from sickbay.services.recent_parameters import RecentParameters


def test_values_are_remembered_per_app_and_not_in_clear() -> None:
    recent = RecentParameters()
    recent.remember("a", parse("state=first&nonce=&scope=openid"))
    assert recent.find_seen_values("a", parse("state=first&nonce=first")) == {("state", "first")}
    assert not recent.find_seen_values("a", parse("state=two&nonce=&scope=openid"))
    assert not recent.find_seen_values("b", parse("state=first"))
    assert "first" not in repr(vars(recent))


def test_the_numbers_of_values_and_apps_are_limited() -> None:
    recent = RecentParameters()
    for number in range(recent_parameters.EACH + 1):
        recent.remember("a", parse(f"state={number}"))
    assert (recent.find_seen_values("a", parse("state=0")), recent.find_seen_values("a", parse("state=1"))) == (
        frozenset[object](),
        frozenset({("state", "1")}),
    )
    for number in range(recent_parameters.APPS):
        recent.remember(f"app-{number}", parse("state=s"))
    assert not recent.find_seen_values("a", parse("state=1"))
    assert recent.find_seen_values("app-0", parse("state=s"))


def test_a_value_that_was_sent_again_is_remembered_as_long_as_a_new_one() -> None:
    recent = RecentParameters()
    for number in (0, *range(1, recent_parameters.EACH), 0, recent_parameters.EACH):
        recent.remember("a", parse(f"state={number}"))
    assert recent.find_seen_values("a", parse("state=0"))
    assert not recent.find_seen_values("a", parse("state=1"))


def test_a_reused_nonce_or_code_challenge_is_noticed(tmp_path: Path) -> None:
    """RFC 9700 2.1.1."""

    async def steps(flow: Flow) -> None:
        app = await flow.register(pkce="if-sent")
        scope, warnings = "openid user/Patient.rs", {"state-reused", "nonce-reused", "pkce-challenge-reused"}
        for expected in (set(), warnings):
            response = await flow.authorize(app, scope=scope, nonce="always-the-same")
            assert set(await flow.findings(response)) & warnings == expected
        new: dict[str, str | None] = {"code_challenge": None, "code_challenge_method": None}
        fresh = await flow.authorize(app, scope=scope, nonce="another", state=STATE[::-1], **new)
        assert not set(await flow.findings(fresh)) & warnings

    run(steps, tmp_path)


def test_the_second_accepted_request_with_the_same_state_gets_a_warning(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        app, other = await flow.register(), await flow.register(name="Other")
        scope = "launch patient/Patient.rs"
        for requested_scope, warned in (("launch/nonsense!", False), (scope, False), (scope, True)):
            response = await flow.authorize(app, scope=requested_scope, launch=(await flow.launch(app))["launch"])
            assert ("state-reused" in await flow.findings(response)) is warned, requested_scope
        new_state = await flow.authorize(app, scope=scope, state=STATE[::-1], launch=(await flow.launch(app))["launch"])
        other_app = await flow.authorize(other, scope=scope, launch=(await flow.launch(other))["launch"])
        assert "state-reused" not in {**await flow.findings(new_state), **await flow.findings(other_app)}

    run(steps, tmp_path)
