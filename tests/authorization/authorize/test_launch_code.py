"""A launch code opens one launch, of this app, soon, once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.authorization import samples
from tests.authorization.samples import asking, known, refusals

from sickbay.kernel.checks import UNKNOWN, Refusal


@pytest.mark.parametrize(
    ("launch", "name"),
    [
        (None, "launch-code-unknown"),
        (replace(samples.LAUNCH, client_id="other"), "launch-code-other-client"),
        (replace(samples.LAUNCH, expires_at=samples.NOW - 1), "launch-code-expired"),
        (replace(samples.LAUNCH, used_at=samples.NOW - 4), "launch-code-reused"),
    ],
)
def test_a_code_that_is_not_good_is_refused_by_its_own_name(launch, name: str) -> None:
    assert refusals(asking(), known(launch=launch)) == [name]


def test_a_code_is_good_up_to_its_last_second() -> None:
    assert not refusals(asking(), known(launch=replace(samples.LAUNCH, expires_at=samples.NOW)))


@pytest.mark.parametrize("value", ["http://localhost:8100/launch", samples.BASE, samples.BASE + "/"])
def test_an_address_is_no_launch_code(value: str) -> None:
    assert refusals(asking(launch=value), known(launch=None)) == ["launch-param-is-url"]


def test_scope_and_code_need_each_other() -> None:
    assert refusals(asking(launch=None, scope="launch openid user/Patient.rs"), known(launch=None)) == [
        "launch-scope-without-launch-param"
    ]
    assert refusals(asking(scope="openid user/Patient.rs")) == ["launch-param-without-launch-scope"]


def test_a_code_that_is_spoilt_twice_is_refused_twice() -> None:
    spoilt = replace(samples.LAUNCH, expires_at=samples.NOW - 1, used_at=samples.NOW - 10)
    assert refusals(asking(), known(launch=spoilt)) == ["launch-code-expired", "launch-code-reused"]


def facts(**changed) -> dict[str, object]:
    (refusal,) = samples.examination(asking(), known(**changed)).refusals
    return dict(refusal.facts)


@pytest.mark.parametrize(("used", "ago"), [(4, "4 seconds ago"), (1, "1 second ago"), (0, "0 seconds ago")])
def test_it_is_told_how_long_ago_it_was_used(used: int, ago: str) -> None:
    told = facts(launch=replace(samples.LAUNCH, used_at=samples.NOW - used))
    assert (told["received"], told["seconds"], told["ago"]) == ("a-launch-code", used, ago)
    assert told["note"] == "the launch value of the launch URL"


def test_offline_it_is_not_known_how_long_ago() -> None:
    told = facts(launch=replace(samples.LAUNCH, used_at=0))
    assert (told["seconds"], told["ago"]) == (None, "before")
    told = facts(launch=replace(samples.LAUNCH, used_at=5), now=UNKNOWN)
    assert (told["seconds"], told["ago"]) == (None, "before")


def test_the_launch_that_still_lives_is_offered_instead() -> None:
    live = replace(samples.LAUNCH, created_at=samples.NOW - 30)
    told = facts(launch=None, live_launch="fresh", live=live)
    assert (told["expected"], told["note"]) == ("fresh", "given to your app 30 seconds earlier, in its launch URL")
    for changed in ({"live": replace(live, created_at=0)}, {"live": live, "now": UNKNOWN}):
        told = facts(launch=None, live_launch="fresh", **changed)
        assert (told["expected"], told["note"]) == ("fresh", "given to your app in its launch URL")


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
def test_in_a_launch_aud_is_the_server_that_the_app_was_opened_with(iss: str, aud: str, refused: bool) -> None:
    """Where that is known, and still there."""
    found = samples.examination(asking(aud=aud), known(launch=replace(samples.LAUNCH, iss=iss))).refusals
    told = {"received": aud, "expected": iss, "note": "the iss of the launch"}
    assert found == ((Refusal("aud-not-iss-of-launch", "invalid_request", told),) if refused else ())


def test_without_a_launch_any_base_may_be_asked_for() -> None:
    assert not refusals(asking(**samples.ALONE, aud=samples.OLD), known(launch=None))


def test_of_a_launch_that_is_not_good_aud_is_not_compared() -> None:
    launch = replace(samples.LAUNCH, iss=samples.BASE)
    assert refusals(asking(aud="https://elsewhere.example"), known(launch=launch)) == ["aud-mismatch"]


@pytest.mark.parametrize(
    ("launches", "code", "refused"),
    [
        (("ehr",), "a-launch-code", None),
        (("standalone",), "a-launch-code", "ehr"),
        (("standalone",), None, None),
        (("ehr",), None, "standalone"),
    ],
)
def test_a_hospital_may_be_opened_from_the_chart_alone_or_not_at_all(launches, code, refused: str | None) -> None:
    scope = "launch openid" if code else "launch/patient openid"
    knowing = known(server=samples.server(launches=launches), launch=samples.LAUNCH if code else None)
    refused_ = samples.examination(asking(launch=code, scope=scope), knowing).refusals
    told = {"received": refused, "expected": list(launches)}
    assert refused_ == (() if refused is None else (Refusal("launch-type-not-allowed", "unauthorized_client", told),))


def test_that_a_base_of_this_server_was_sent_is_told_whatever_aud_is() -> None:
    (refusal,) = samples.examination(asking(launch=samples.OLD), known(launch=None)).refusals
    assert (refusal.name, refusal.facts["is_base"]) == ("launch-param-is-url", True)
    (refusal,) = samples.examination(asking(launch="http://localhost:8100/launch"), known(launch=None)).refusals
    assert refusal.facts["is_base"] is False


def test_a_live_code_of_which_nothing_is_known_is_not_offered() -> None:
    assert facts(launch=None, live_launch="fresh")["note"] == "the launch value of the launch URL"


def test_a_code_that_was_used_is_an_invalid_request() -> None:
    used = samples.examination(asking(), known(launch=replace(samples.LAUNCH, used_at=samples.NOW))).refusals
    assert [(one.name, one.error) for one in used] == [("launch-code-reused", "invalid_request")]
