"""Which earlier exchange a request without a launch probably belongs to, and whether the request after a preflight arrived."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.services.journal import probable
from sickbay.services.journal.packing import pack
from sickbay.services.journal.probable import Guess, Trace, find_best, find_followed_preflights
from sickbay.storage.interface import Record

HOME, ELSEWHERE = "http://localhost:8100", "https://other.example.org"
START = 1_764_000_000_000_000


def trace(arrival: int = 0, app: str = "a", launch: str = "l", stage: str = "token", **more: Any) -> Trace:
    members = {"method": "GET", "path": "/general/r4/Patient", "origin": "", "agent": "node", "client": "loopback"} | more
    return Trace(START + arrival, app, launch, stage, **members)


def make_loose_trace(arrival: int = 100, **more: Any) -> Trace:
    return trace(arrival, **{"app": "", "launch": "", "stage": "access"} | more)


@pytest.mark.parametrize(
    ("request_without_launch", "earlier", "expected"),
    [
        pytest.param(
            make_loose_trace(origin=HOME), [trace(launch="new"), trace(launch="old")], ("a", "new", "origin"), id="nearest"
        ),
        pytest.param(
            make_loose_trace(origin=HOME), [trace(app="b", launch="x"), trace()], ("a", "l", "origin"), id="only its app"
        ),
        pytest.param(
            make_loose_trace(origin=HOME, client="10.0.0.9"),
            [trace(launch="other", client="10.0.0.8"), trace(launch="own", client="10.0.0.9")],
            ("a", "own", "origin"),
            id="the same origin on two machines: the same address first",
        ),
        pytest.param(
            make_loose_trace(origin=HOME, client="10.0.0.9"), [trace()], ("a", "l", "origin"), id="the origin is enough"
        ),
        pytest.param(
            make_loose_trace(origin=ELSEWHERE), [trace(agent="x"), trace(launch="m")], ("a", "m", "agent"), id="unregistered"
        ),
        pytest.param(
            make_loose_trace(), [trace(agent="chrome", launch="x"), trace()], ("a", "l", "agent"), id="the same software"
        ),
        pytest.param(
            make_loose_trace(agent="curl"), [trace(launch="n"), trace()], ("a", "n", "address"), id="only the address"
        ),
        pytest.param(make_loose_trace(), [trace(client="10.0.0.8")], None, id="another address"),
        pytest.param(make_loose_trace(client=""), [trace(client="")], None, id="an unknown address is no evidence"),
        pytest.param(make_loose_trace(), [trace(app="", launch="own")], None, id="the earlier one has no app"),
        pytest.param(make_loose_trace(), [trace(launch="")], None, id="the earlier one has no launch"),
        pytest.param(make_loose_trace(), [trace(stage="registration")], None, id="a registration isn't a step of a launch"),
        pytest.param(
            make_loose_trace(app="a", launch="own", stage="authorize"),
            [trace(stage="launch")],
            ("a", "l", "app"),
            id="a launch, unanswered",
        ),
        pytest.param(
            make_loose_trace(app="b", launch="own", stage="authorize"),
            [trace(stage="launch")],
            None,
            id="the launch of another app",
        ),
        pytest.param(
            make_loose_trace(app="a", launch="own", stage="authorize", client="10.0.0.9"),
            [trace(stage="launch")],
            None,
            id="elsewhere",
        ),
        pytest.param(
            make_loose_trace(probable.ANSWER_MICROSECONDS + 1, app="a", launch="own", stage="authorize"),
            [trace(stage="launch")],
            None,
            id="much later",
        ),
        pytest.param(
            make_loose_trace(app="a", stage="token", client="10.0.0.9", injected=True),
            [trace(app="b", launch="m"), trace(), trace(launch="old")],
            ("a", "l", "fault"),
            id="an injected fault answered: the nearest launch of the app",
        ),
        pytest.param(make_loose_trace(app="a", stage="token"), [trace()], None, id="no fault answered, so a handler saw it"),
    ],
)
def test_the_strongest_evidence_wins_and_then_the_nearest_exchange(
    request_without_launch: Trace, earlier: list[Trace], expected: tuple[str, str, str] | None
) -> None:
    owners = {"a"} if request_without_launch.origin == HOME else set()
    assert find_best(request_without_launch, earlier, owners) == (Guess(*expected) if expected else None)  # type: ignore[arg-type]


traces = st.builds(
    trace,
    st.integers(0, 10**9),
    st.sampled_from(["", "a", "b"]),
    st.sampled_from(["", "l", "m"]),
    st.sampled_from(["launch", "authorize", "token", "access", "registration"]),
    origin=st.sampled_from(["", HOME, ELSEWHERE, "null"]),
    agent=st.sampled_from(["node", "chrome"]),
    client=st.sampled_from(["", "loopback", "10.0.0.9"]),
    injected=st.booleans(),
)


@given(
    traces, st.lists(traces, max_size=8), st.dictionaries(st.sampled_from("ab"), st.sampled_from([(HOME,), (ELSEWHERE,), ()]))
)
def test_a_guess_names_an_earlier_exchange_that_shares_what_it_says(
    request: Trace, earlier: list[Trace], origins: dict[str, tuple[str, ...]]
) -> None:
    owners = {app for app, registered in origins.items() if request.origin in registered}
    found = find_best(request, earlier, owners)
    if found is None:
        return
    candidates = [other for other in earlier if (other.app, other.launch) == (found.app, found.launch)]
    assert found.app
    assert found.launch
    if found.evidence == "fault":
        assert request.injected
        assert request.app == found.app
    elif found.evidence == "origin":
        assert request.origin in origins[found.app]
    else:
        assert request.client
        assert any(other.client == request.client for other in candidates)
        assert not request.app or found.app == request.app
        assert not any(request.origin in registered for registered in origins.values()) or request.app
    if found.evidence == "agent":
        assert any((other.client, other.agent) == (request.client, request.agent) for other in candidates)


def record(arrival: int, method: str, path: str = "/general/r4/Patient", origin: str = HOME, wanted: str = "") -> Record:
    headers = {"origin": origin} | ({"access-control-request-method": wanted} if wanted else {})
    request = {"method": method, "url": f"http://localhost:7425{path}?a=b", "headers": headers}
    value = pack(msgspec.json.encode({"request": request, "checks": ""}))
    return Record("exchange", f"{method}{arrival}", value, label="browser" if wanted else "access", at=START + arrival)


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        (record(2, "GET"), True),
        (record(2, "POST"), False),
        (record(2, "GET", "/general/r4/Observation"), False),
        (record(2, "GET", origin=ELSEWHERE), False),
        (record(probable.FOLLOWING_MICROSECONDS + 2, "GET"), False),
        (record(2, "OPTIONS", wanted="GET"), False),
    ],
)
def test_a_preflight_is_followed_by_the_request_that_it_asked_for(later: Record, expected: bool) -> None:
    assert ("OPTIONS1" in find_followed_preflights([later, record(1, "OPTIONS", wanted="GET")])) is expected


def test_a_request_before_a_preflight_does_not_follow_it() -> None:
    assert find_followed_preflights([record(2, "OPTIONS", wanted="GET"), record(1, "GET")]) == set()
