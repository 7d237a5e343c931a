"""The state machine of a launch: what it waits for after each sequence of events, and when that is too long."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from tests.laws import examples

from sickbay.diagnosis.silence.causes import find_causes
from sickbay.diagnosis.silence.progress import AWAITED_SECONDS, PAGE_SECONDS, PREFLIGHT_SECONDS, find_silence, find_status
from sickbay.diagnosis.silence.trail import AppDetails, Event, Trail
from sickbay.diagnosis.silence.wording import choose_sentences

STEPS = (
    "launch",
    "discovery",
    "authorize",
    "page",
    "code",
    "preflight",
    "token",
    "refresh",
    "access",
    "export",
    "poll",
    "file",
)
PAGES = ("sign-in", "patient", "encounter", "context", "consent")
APP = AppDetails("Pressure Notes", "http://localhost:8100/launch", ("http://localhost:8100/callback",))


def make(step: str, at: float = 0, **more: Any) -> Event:
    if step not in ("token", "refresh"):
        more.pop("expires", None)
    defaults: dict[str, Any] = {"at": at, "clock": at, "probable": step in ("discovery", "preflight")}
    return Event(step, **{**defaults, **more})  # type: ignore[arg-type]


def trail(*events: Event, now: float = 0, clock: float | None = None) -> Trail:
    return Trail(events, APP, now, now if clock is None else clock, "http://localhost:7425")


def walk(*steps: str, now: float = 0) -> Trail:
    return trail(*(make(step, number) for number, step in enumerate(steps)), now=now)


@pytest.mark.parametrize(
    ("steps", "awaited"),
    [
        (("launch",), "discovery"),
        (("launch", "discovery"), "authorize"),
        (("launch", "discovery", "authorize"), "login"),
        (("authorize", "page"), "login"),
        (("authorize", "page", "code"), "token"),
        (("code", "preflight"), "token"),
        (("code", "token"), "access"),
        (("code", "token", "preflight"), "access"),
        (("token", "export"), "poll"),
        (("token", "export", "poll"), "file"),
    ],
)
def test_each_step_is_awaited_after_the_one_before(steps: tuple[str, ...], awaited: str) -> None:
    found = find_status(walk(*steps, now=len(steps)))
    assert (found.state, found.awaited) == ("running", awaited)
    found = find_status(walk(*steps, now=len(steps) + PAGE_SECONDS + 1))
    assert (found.state, found.awaited) == ("stalled", awaited)


@pytest.mark.parametrize("steps", [("launch", "authorize", "code", "token", "access"), ("token", "export", "poll", "file")])
def test_a_launch_that_worked_waits_for_nothing_however_long_ago_it_was(steps: tuple[str, ...]) -> None:
    found = find_status(walk(*steps, now=1e9))
    assert (found.state, found.awaited) == ("worked", None)


def test_a_page_that_a_person_sees_waits_ten_minutes_and_a_preflight_five_seconds() -> None:
    page = (make("authorize"), make("page", 1, page="consent"))
    assert find_status(trail(*page, now=1 + PAGE_SECONDS)).state == "running"
    assert find_status(trail(*page, now=2 + PAGE_SECONDS)).state == "stalled"
    asked = (make("code"), make("preflight", 1))
    assert find_status(trail(*asked, now=1 + PREFLIGHT_SECONDS)).state == "running"
    assert find_status(trail(*asked, now=2 + PREFLIGHT_SECONDS)).state == "stalled"


def test_the_time_that_passes_by_the_clock_of_sickbay_stalls_nothing() -> None:
    assert find_status(trail(make("code"), now=3, clock=1e6)).state == "running"


def test_a_token_for_identity_only_is_complete_without_a_fhir_request() -> None:
    assert find_status(trail(make("code"), make("token", scope="openid fhirUser"), now=1e6)).state == "worked"
    assert find_status(trail(make("code"), make("token", scope="openid patient/Patient.rs"), now=1e6)).state == "stalled"
    assert find_status(trail(make("code"), make("token", scope="launch user/Observation.read"), now=1e6)).state == "stalled"


def test_after_a_401_a_new_token_is_awaited_and_after_a_refused_refresh_a_new_launch() -> None:
    unauthorized = make("access", 2, result="refused", status=401)
    found = find_status(trail(make("token", 1), make("access", 1), unauthorized, now=100))
    assert (found.state, found.awaited, found.worked) == ("stalled", "refresh", True)
    refused = make("refresh", 3, result="refused", status=400)
    found = find_status(trail(make("token", 1), unauthorized, refused, now=100))
    assert (found.state, found.awaited) == ("stalled", "again")
    again = find_status(trail(make("token", 1), make("access", 1), unauthorized, refused, make("restart", 4), now=100))
    assert (again.state, again.awaited) == ("worked", None)


@pytest.mark.parametrize("step", ["authorize", "token", "access"])
def test_a_refused_step_is_not_a_silence(step: str) -> None:
    events = (make("launch"), make(step, 1, result="refused", status=403))
    found = find_status(trail(*events, now=1e6))
    assert (found.state, found.awaited) == ("refused", None)
    assert find_silence(trail(*events, now=1e6)) is None


def test_a_launch_that_worked_is_not_stalled_when_its_token_expires_but_says_so() -> None:
    events = (make("token", 1, expires=3600, has_refresh=True), make("access", 2))
    found = find_status(trail(*events, now=10, clock=4000))
    assert (found.state, found.awaited) == ("worked", "refresh")
    assert next(cause.id for cause in find_causes(trail(*events, now=10, clock=4000))) == "expired-token-not-refreshed"
    assert find_status(trail(*events, now=10, clock=3000)).awaited is None


def test_a_token_that_the_app_revoked_needs_no_request() -> None:
    assert find_status(trail(make("code"), make("token", 1), make("end", 2), now=1e6)).state == "worked"


def test_an_app_without_any_request_was_never_launched() -> None:
    assert [cause.id for cause in find_causes(trail())] == ["app-never-launched"]


EVENTS = st.lists(
    st.builds(
        make,
        st.sampled_from((*STEPS, "restart", "end", "other")),
        st.floats(0, 100),
        result=st.sampled_from(("granted", "granted", "refused", "failed")),
        status=st.sampled_from((200, 202, 401, 404)),
        page=st.sampled_from(PAGES),
        expires=st.sampled_from((0, 50)),
        by_script=st.booleans(),
        scope=st.sampled_from(("", "openid", "patient/Patient.rs")),
        has_refresh=st.booleans(),
    ),
    max_size=9,
)


@given(events=EVENTS, clock=st.floats(0, 200))
@settings(max_examples=examples(400), deadline=None)
def test_whatever_happened_the_silence_has_a_cause_and_words(events: list[Event], clock: float) -> None:
    """Every silence is explained, by causes that only claim to be likely; a launch that isn't late has none."""
    late = trail(*sorted(events, key=lambda event: event.at), now=1e6, clock=clock)
    found, explained = find_status(late), find_causes(late)
    assert (choose_sentences(found, "A") is None) == (found.awaited is None)
    assert bool(explained) == found.is_late
    assert {(cause.severity, cause.degree, cause.refused) for cause in explained} <= {("info", "probable", False)}
    if found.state == "running":
        assert found.awaited is None


@given(events=EVENTS)
@settings(max_examples=examples(400), deadline=None)
def test_if_the_step_comes_after_all_the_mark_goes(events: list[Event]) -> None:
    ordered = sorted(events, key=lambda event: event.at)
    answer = make("access", 1e6)
    assert find_status(trail(*ordered, answer, now=2e6)).state == "worked"


@given(events=EVENTS, early=st.floats(0, 1e4), late=st.floats(0, 1e4))
@settings(max_examples=examples(400), deadline=None)
def test_time_only_turns_a_running_launch_into_a_stalled_one(events: list[Event], early: float, late: float) -> None:
    ordered = tuple(sorted(events, key=lambda event: event.at))
    first, second = (find_status(trail(*ordered, now=100 + moment, clock=0)) for moment in sorted((early, late)))
    assert (first.state, second.state) in {(first.state, first.state), ("running", "stalled")}
    assert (first.awaited, first.since) == (second.awaited, second.since)


def test_no_step_may_take_longer_than_a_minute_except_a_page() -> None:
    assert 5 <= min(AWAITED_SECONDS.values()) <= max(AWAITED_SECONDS.values()) <= 60


def test_a_fault_that_was_injected_is_not_explained_as_the_fault_of_the_app() -> None:
    code = make("code", injected=True)
    assert find_status(trail(code, now=1e6)).state == "stalled"
    assert [cause.id for cause in find_causes(trail(code, now=1e6))] == ["fault-injected"]
    assert "fault-injected" not in {cause.id for cause in find_causes(trail(structs.replace(code, injected=False), now=1e6))}
