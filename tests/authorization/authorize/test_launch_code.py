"""A launch code starts one launch of one app, once and for a short time."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import structs
from tests.authorization import samples
from tests.authorization.samples import refusals, sample_context, sample_request

from sickbay.authorization.models import Launch
from sickbay.kernel.checks import UNKNOWN, Refusal


@pytest.mark.parametrize(
    ("launch", "name"),
    [
        (None, "launch-code-unknown"),
        (structs.replace(samples.LAUNCH, client_id="other"), "launch-code-other-client"),
        (structs.replace(samples.LAUNCH, expires_at=samples.NOW - 1), "launch-code-expired"),
        (structs.replace(samples.LAUNCH, used_at=samples.NOW - 4), "launch-code-reused"),
    ],
)
def test_each_invalid_launch_code_has_its_own_refusal(launch: Launch | None, name: str) -> None:
    assert refusals(sample_request(), sample_context(launch=launch)) == [name]


def test_a_launch_code_is_valid_up_to_its_last_second() -> None:
    assert not refusals(sample_request(), sample_context(launch=structs.replace(samples.LAUNCH, expires_at=samples.NOW)))


@pytest.mark.parametrize("value", ["http://localhost:8100/launch", samples.BASE, samples.BASE + "/"])
def test_a_url_is_not_a_launch_code(value: str) -> None:
    assert refusals(sample_request(launch=value), sample_context(launch=None)) == ["launch-param-is-url"]


def test_launch_scope_and_launch_code_require_each_other() -> None:
    assert refusals(sample_request(launch=None, scope="launch openid user/Patient.rs"), sample_context(launch=None)) == [
        "launch-scope-without-launch-param"
    ]
    assert refusals(sample_request(scope="openid user/Patient.rs")) == ["launch-param-without-launch-scope"]


def test_an_expired_and_used_launch_code_gets_two_refusals() -> None:
    spoilt = structs.replace(samples.LAUNCH, expires_at=samples.NOW - 1, used_at=samples.NOW - 10)
    assert refusals(sample_request(), sample_context(launch=spoilt)) == ["launch-code-expired", "launch-code-reused"]


def facts(**changed: Any) -> dict[str, object]:
    (refusal,) = samples.examination(sample_request(), sample_context(**changed)).refusals
    return dict(refusal.facts)


@pytest.mark.parametrize(("used", "ago"), [(4, "4 seconds ago"), (1, "1 second ago"), (0, "0 seconds ago")])
def test_the_refusal_says_how_long_ago_the_code_was_used(used: int, ago: str) -> None:
    refusal_facts = facts(launch=structs.replace(samples.LAUNCH, used_at=samples.NOW - used))
    assert (refusal_facts["received"], refusal_facts["seconds"], refusal_facts["ago"]) == ("a-launch-code", used, ago)
    assert refusal_facts["note"] == "the launch value of the launch URL"


def test_offline_the_time_since_use_is_unknown() -> None:
    refusal_facts = facts(launch=structs.replace(samples.LAUNCH, used_at=0))
    assert (refusal_facts["seconds"], refusal_facts["ago"]) == (None, "before")
    refusal_facts = facts(launch=structs.replace(samples.LAUNCH, used_at=5), now=UNKNOWN)
    assert (refusal_facts["seconds"], refusal_facts["ago"]) == (None, "before")


def test_the_live_launch_is_suggested_instead() -> None:
    live = structs.replace(samples.LAUNCH, created_at=samples.NOW - 30)
    refusal_facts = facts(launch=None, live_launch="fresh", live=live)
    assert (refusal_facts["expected"], refusal_facts["note"]) == (
        "fresh",
        "given to your app 30 seconds earlier, in its launch URL",
    )
    for changed in ({"live": structs.replace(live, created_at=0)}, {"live": live, "now": UNKNOWN}):
        refusal_facts = facts(launch=None, live_launch="fresh", **changed)
        assert (refusal_facts["expected"], refusal_facts["note"]) == ("fresh", "given to your app in its launch URL")


@pytest.mark.parametrize(
    ("iss", "aud", "refused"),
    [
        (samples.BASE, samples.BASE, False),
        (samples.BASE, samples.BASE + "/", False),
        (samples.BASE, samples.OLD, True),
        (samples.OLD, samples.BASE, True),
        (samples.OLD, samples.OLD, False),
        ("", samples.OLD, False),
        ("https://gone.example/r4", samples.OLD, False),
    ],
)
def test_in_a_launch_aud_must_be_the_iss_of_the_launch(iss: str, aud: str, refused: bool) -> None:
    """Only if the iss is known and still a base of the server."""
    refusals_found = samples.examination(
        sample_request(aud=aud), sample_context(launch=structs.replace(samples.LAUNCH, iss=iss))
    ).refusals
    expected_facts = {"received": aud, "expected": iss, "note": "the iss of the launch"}
    assert refusals_found == ((Refusal("aud-not-iss-of-launch", "invalid_request", expected_facts),) if refused else ())


def test_without_a_launch_aud_may_be_any_base() -> None:
    assert not refusals(sample_request(**samples.STANDALONE, aud=samples.OLD), sample_context(launch=None))


def test_aud_is_not_compared_with_an_invalid_launch() -> None:
    launch = structs.replace(samples.LAUNCH, iss=samples.BASE)
    assert refusals(sample_request(aud="https://elsewhere.example"), sample_context(launch=launch)) == ["aud-mismatch"]


@pytest.mark.parametrize(
    ("launches", "code", "refused"),
    [
        (("ehr",), "a-launch-code", None),
        (("standalone",), "a-launch-code", "ehr"),
        (("standalone",), None, None),
        (("ehr",), None, "standalone"),
    ],
)
def test_a_tenant_may_allow_only_ehr_or_only_standalone_launches(
    launches: tuple[str, ...], code: str | None, refused: str | None
) -> None:
    scope = "launch openid" if code else "launch/patient openid"
    context = sample_context(server=samples.server(launches=launches), launch=samples.LAUNCH if code else None)
    refused_ = samples.examination(sample_request(launch=code, scope=scope), context).refusals
    expected_facts = {"received": refused, "expected": list(launches)}
    assert refused_ == (() if refused is None else (Refusal("launch-type-not-allowed", "unauthorized_client", expected_facts),))


def test_the_refusal_says_that_launch_is_a_base_whatever_aud_is() -> None:
    (refusal,) = samples.examination(sample_request(launch=samples.OLD), sample_context(launch=None)).refusals
    assert (refusal.name, refusal.facts["is_base"]) == ("launch-param-is-url", True)
    (refusal,) = samples.examination(
        sample_request(launch="http://localhost:8100/launch"), sample_context(launch=None)
    ).refusals
    assert refusal.facts["is_base"] is False


def test_a_live_code_without_a_known_launch_is_not_suggested() -> None:
    assert facts(launch=None, live_launch="fresh")["note"] == "the launch value of the launch URL"


def test_a_used_launch_code_is_an_invalid_request() -> None:
    used = samples.examination(
        sample_request(), sample_context(launch=structs.replace(samples.LAUNCH, used_at=samples.NOW))
    ).refusals
    assert [(refusal.name, refusal.error) for refusal in used] == [("launch-code-reused", "invalid_request")]
