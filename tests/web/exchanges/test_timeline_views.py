"""The timeline of a launch: what worked, what was refused, and what it waits for."""

from __future__ import annotations

from typing import Any

import pytest
from tests.web.exchange_pages import grant, make_refused

from sickbay.web.exchanges.timeline_views import timeline_view
from sickbay.web.pages import svg


def token() -> dict[str, object]:
    return {**grant(), "id": "2", "stage": "token"}


def test_the_title_of_a_stopped_launch_says_where_and_why() -> None:
    view = timeline_view("l", [make_refused()], app="A", hospital="H")
    assert view.title == "The launch stopped at step 1: the launch value is your app’s own address."
    assert [arrow.kind for arrow in view.arrows] == ["refused", "redirect", "waits", "waits"]
    assert view.arrows[1].text.startswith("Redirect to your app with the error ")


def test_a_refusal_before_a_granted_step_does_not_stop_the_launch() -> None:
    again = {**make_refused(), "id": "2", "findings": [], "at": 1795516300.0}
    view = timeline_view("l", [make_refused(), again, token(), grant()], app="A", hospital="H")
    assert (view.title, view.kind) == ("The launch worked.", "passed")
    assert view.refused != ""


def test_future_steps_are_dashed() -> None:
    drawn = str(svg.draw_sequence(timeline_view("l", [make_refused()], app="A", hospital="H")))
    assert drawn.count('<g class="waits"') == 2
    assert drawn.count('class="life dash"') == 4
    svg_text = str(svg.draw_sequence(timeline_view("l", [make_refused(), token(), grant()], app="A", hospital="H")))
    assert "dash" not in svg_text


def test_names_in_the_diagram_are_not_markup() -> None:
    drawn = str(svg.draw_sequence(timeline_view("l", [], app="<b>", hospital="H")))
    assert "<b>" not in drawn


def test_an_unregistered_app_has_a_name_in_the_diagram() -> None:
    assert timeline_view("l", [make_refused()], app="", hospital="H").names[0][0] == "Your app"


def test_after_the_token_the_launch_waits_only_for_the_app() -> None:
    def waiting(*done: dict[str, object]) -> list[str]:
        return [arrow.status for arrow in timeline_view("l", done, app="A", hospital="H").arrows if arrow.kind == "waits"]

    assert waiting() == ["needs an authorization request", "needs an authorization code", "needs an access token"]
    assert waiting({**grant(), "stage": "authorize"}, token()) == ["needs your app"]
    assert waiting({**grant(), "stage": "authorize"}) == ["needs an authorization code", "needs an access token"]


def expire(stage: str = "access") -> dict[str, object]:
    finding = {"id": "fhir-token-expired", "severity": "error", "title": "The access token had expired"}
    return {**grant(), "id": "9", "stage": stage, "findings": [finding], "response": {"status": 401}}


def test_a_launch_that_worked_and_expired_later_has_not_stopped() -> None:
    authorized = {**grant(), "stage": "authorize"}
    view = timeline_view("l", [authorized, token(), grant(), expire()], app="A", hospital="H")
    assert (view.title, view.kind, view.verdict) == ("The launch worked.", "passed", "Launched")
    assert view.lede == "Later, step 4 was refused: the access token had expired."
    assert view.refused == "The access token had expired."
    assert timeline_view("l", [authorized, token(), expire()], app="A", hospital="H").verdict == "Launched"


def test_a_request_that_is_refused_before_any_data_was_read_stops_the_launch() -> None:
    forbidden = {**expire(), "findings": [{"id": "fhir-insufficient-scope", "severity": "error", "title": "Not covered"}]}
    view = timeline_view("l", [{**grant(), "stage": "authorize"}, token(), forbidden], app="A", hospital="H")
    assert (view.kind, view.verdict) == ("refused", "Stopped at step 3")
    later = timeline_view("l", [{**grant(), "stage": "authorize"}, token(), grant(), forbidden], app="A", hospital="H")
    assert later.title == "The launch worked."


def test_a_timeline_names_its_day_and_how_long_it_took() -> None:
    assert timeline_view("l", [make_refused()], app="A", hospital="H").facts[-1] == "24 Nov 2026 (UTC)"
    took = timeline_view("l", [step("launch", 9), step("authorize", 5.7)], app="A", hospital="H")
    assert took.facts[-1] == "Took 3.3 s"


def test_a_refused_step_after_a_gap_has_its_own_number() -> None:
    """A launch of thousands of requests shows the first 20 and the newest 80."""
    done = [{**step("access", 3600 - place), "id": str(place), "launch": "l"} for place in range(99)]
    lost = {**done[-1], "id": "last", "findings": expire()["findings"], "response": {"status": 401}, "arrival": int(NOW * 1e6)}
    view = timeline_view("l", [*done, lost], app="A", hospital="H", left_out=4900)
    assert view.arrows[20].text == "4900 more requests of this launch"
    assert view.arrows[20].href == "/exchanges?q=launch%3Al"
    assert [view.arrows[19].number, view.arrows[21].number] == [20, 4921]
    assert "step 5000 was refused" in view.lede


OWN_BASE, APP = "http://localhost:7425", "http://localhost:8100"
NOW = 1_795_516_300.0


def step(stage: str, seconds: float, **more: Any) -> dict[str, Any]:
    """A granted step of a launch, some seconds before NOW. location: where it redirected to."""
    location = more.pop("location", "")
    headers = {"headers": {"location": location}} if location else {}
    request = {"method": "GET", "url": f"{OWN_BASE}/general/{stage}"}
    made = {"id": stage, "stage": stage, "at": NOW - seconds, "arrival": int((NOW - seconds) * 1e6), "request": request}
    return made | {"response": {"status": 302 if location else 200} | headers, "findings": []} | more


LAUNCH, CODE = f"{APP}/launch?iss=x&launch=y", f"{APP}/callback?code=c&state=s"


@pytest.mark.parametrize(
    ("steps", "title", "says"),
    [
        ([("launch", LAUNCH)], "A hasn’t requested authorization.", "sent to localhost:8100 at 10:30:55 (UTC)"),
        (
            [("launch", LAUNCH), ("authorize", f"{OWN_BASE}/general/oauth/continue?request=r")],
            "The user hasn’t finished signing in or allowing access.",
            "accepted at 10:30:55",
        ),
        ([("launch", LAUNCH), ("authorize", CODE)], "A hasn’t exchanged its authorization code.", "No token request with it"),
        (
            [("authorize", f"{OWN_BASE}/general/oauth/continue?request=r"), ("login", CODE)],
            "A hasn’t exchanged its authorization code.",
            "with a code at 10:30:55",
        ),
        ([("authorize", CODE), ("token", "")], "A hasn’t used its access token.", "No FHIR request with it"),
        ([("token", "")], "A hasn’t used its access token.", "issued at 10:30:55"),
    ],
)
def test_a_quiet_launch_says_what_it_waits_for_and_since_when(steps: list[tuple[str, str]], title: str, says: str) -> None:
    """A dead app or a lost state leaves no request behind, so the page may not call the launch a success so far."""
    quiet = [step(stage, 45, location=location) for stage, location in steps]
    view = timeline_view("l", quiet, app="A", hospital="H", origin="localhost:8100", now=NOW)
    assert (view.title, view.verdict, view.kind) == (title, "Stalled", "warning")
    assert says in view.lede
    assert view.causes
    assert [arrow.kind for arrow in view.arrows if arrow.kind not in ("passed", "redirect", "waits")] == ["stalled"]
    recent = [step(stage, 5, location=location) for stage, location in steps]
    view = timeline_view("l", recent, app="A", hospital="H", now=NOW)
    assert (view.verdict, view.kind) == ("Waiting", "waits")
    assert view.title.startswith("Waiting for ")
    assert "succeeded" not in view.lede


def test_a_launch_that_worked_is_not_waiting_for_anything() -> None:
    done = [step("authorize", 3600, location=CODE), step("token", 3600), step("access", 3600)]
    view = timeline_view("l", done, app="A", hospital="H", now=NOW)
    assert (view.title, view.kind, view.missing) == ("The launch worked.", "passed", "Nothing is missing.")


def lose(evidence: str = "origin", **more: Any) -> dict[str, Any]:
    error = {"id": "token-unknown", "severity": "error", "title": "The token is unknown"}
    return step("access", 1, **{"evidence": evidence, "response": {"status": 401}, "findings": [error]} | more)


def test_a_refused_request_that_names_no_launch_probably_stopped_it() -> None:
    launched = [step("launch", 3, location=LAUNCH), step("authorize", 2, location=CODE)]
    view = timeline_view("l", launched, app="A", hospital="H", probable=[lose()], now=NOW)
    assert view.title == "The launch probably stopped at step 3: the token is unknown."
    assert (view.kind, view.verdict) == ("refused", "Probably stopped at step 3")
    assert view.lede == "The request doesn’t name the launch. Its Origin header matches the app’s registered URLs."
    assert next(arrow.text for arrow in view.arrows if arrow.kind == "waits") == "Next: exchange the code for a token"
    assert "(probably)" in next(arrow.label for arrow in view.arrows if arrow.number == 3)
    assert view.guesses == (("Step 3", "Its Origin header matches the app’s registered URLs."),)


def test_a_probable_request_is_never_a_proof_that_something_worked() -> None:
    launched = [step("launch", 3, location=LAUNCH)]
    passed = lose(response={"status": 200}, findings=[])
    view = timeline_view("l", launched, app="A", hospital="H", probable=[passed], now=NOW)
    assert view.verdict == "Waiting"


def test_a_preflight_alone_is_a_failure_but_a_refusal_says_more() -> None:
    launched = [step("launch", 9, location=LAUNCH), step("authorize", 8, location=CODE)]
    preflight = step("browser", 0, evidence="origin", response={"status": 204})
    view = timeline_view("l", launched, app="A", hospital="H", probable=[preflight], now=NOW)
    assert view.kind == "warning"
    assert "the request itself isn’t recorded" in view.title
    view = timeline_view("l", launched, app="A", hospital="H", probable=[lose(), preflight], now=NOW)
    assert view.title.endswith("the token is unknown.")


def test_a_request_that_failed_without_a_refusal_is_no_success() -> None:
    missing = step("access", 1, response={"status": 404})
    view = timeline_view("l", [step("authorize", 3, location=CODE), step("token", 2), missing], app="A", hospital="H")
    assert view.title == "The launch stopped at step 3: status 404."


@pytest.mark.parametrize(("method", "verb"), [("GET", "reads"), ("HEAD", "reads"), ("POST", "sends"), ("DELETE", "deletes")])
def test_an_arrow_says_what_the_method_does(method: str, verb: str) -> None:
    request = {"method": method, "url": f"{OWN_BASE}/general/r4/Observation"}
    view = timeline_view("l", [step("access", 1, request=request)], app="A", hospital="H")
    assert view.arrows[0].text == f"Your app {verb} data"


def test_a_service_is_not_told_to_request_an_authorization_code() -> None:
    view = timeline_view("l", [step("backend", 1)], app="", hospital="H")
    assert [arrow.text for arrow in view.arrows if arrow.kind == "waits"] == ["Then: request data"]
    assert view.title == "Waiting for the first FHIR request."
