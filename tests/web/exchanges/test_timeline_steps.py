"""The steps of a launch: what the user saw, where the browser was redirected, which fault was injected."""

from __future__ import annotations

from typing import Any

from tests.web.exchanges.test_timeline_views import CODE, LAUNCH, NOW, OWN_BASE, lose, step

from sickbay.diagnosis.silence.trail import Event
from sickbay.web.exchanges.timeline_steps import Arrow, draw_steps


def words(arrows: tuple[Arrow, ...]) -> list[tuple[str, str]]:
    return [(arrow.kind, arrow.text) for arrow in arrows]


def login(seconds: float, *pages: tuple[str, float]) -> dict[str, Any]:
    return step("login", seconds, location=CODE, pages=[{"page": name, "at": NOW - before} for name, before in pages])


def test_the_pages_that_the_user_saw_are_steps_between_the_requests() -> None:
    asked = step("authorize", 9, location=f"{OWN_BASE}/general/oauth/continue?request=r")
    drawn = draw_steps([asked, login(2, ("sign-in", 8.5), ("consent", 4))], (), "")
    assert words(drawn) == [
        ("passed", "Your app requests an authorization code"),
        ("page", "Sickbay shows the sign-in page to the user"),
        ("page", "Sickbay shows the consent page to the user"),
        ("passed", "The user signs in, chooses or consents"),
        ("redirect", "Redirect to your app with a code"),
    ]
    assert [arrow.number for arrow in drawn] == [1, 0, 0, 2, 0]


def test_a_page_that_the_user_looks_at_now_is_a_step() -> None:
    drawn = draw_steps([step("authorize", 9)], [Event("page", NOW - 8, page="patient")], "")
    assert words(drawn)[1] == ("page", "Sickbay shows the patient picker to the user")


def test_a_page_that_a_newer_sickbay_stored_is_just_a_page() -> None:
    assert words(draw_steps([login(1, ("lottery", 2))], (), ""))[0] == ("page", "Sickbay shows the page to the user")


def test_a_launch_goes_to_the_app_at_once_and_its_arrow_says_where() -> None:
    (launched,) = draw_steps([step("launch", 9, location=LAUNCH)], (), "")
    assert (launched.origin, launched.target, launched.wire) == ("browser", "app", f"GET {LAUNCH}")


def test_a_redirect_says_what_it_brings() -> None:
    refused = step("authorize", 3, location="http://localhost:8100/callback?error=invalid_scope&state=s")
    assert words(draw_steps([refused], (), ""))[1] == ("redirect", "Redirect to your app with the error invalid_scope")
    own = step("authorize", 3, location=f"{OWN_BASE}/general/oauth/continue?request=r")
    assert len(draw_steps([own], (), "")) == 1


def test_an_injected_fault_is_named_at_its_step() -> None:
    late = step("access", 3, injected={"fault": "f", "kind": "delay"}, milliseconds=1004.2)
    (arrow,) = draw_steps([late], (), "")
    assert (arrow.kind, arrow.fault, arrow.status) == ("passed", "Answer late", "200, 1.0 s")


def test_a_step_that_only_probably_belongs_to_the_launch_says_why() -> None:
    (arrow,) = draw_steps([lose()], (), "")
    assert arrow.label.endswith(" (probably)")
    assert arrow.probably == "Its Origin header matches the app’s registered URLs."


def test_a_fhir_request_shows_its_parameters_and_an_authorization_request_does_not() -> None:
    def wire(stage: str) -> str:
        request = {"method": "GET", "url": f"{OWN_BASE}/general/x?a=b"}
        return draw_steps([step(stage, 1) | {"request": request}], (), "")[0].wire

    assert wire("access") == "GET /general/x?a=b"
    assert wire("authorize") == "GET /general/x"
