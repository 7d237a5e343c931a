"""The timeline, the list of exchanges, and texts of the portal."""

from __future__ import annotations

from tests.web.exchange_pages import granted, refused

from sickbay.web.pages import svg
from sickbay.web.portal.developer_views import exchange_line, timeline_view
from sickbay.web.portal.views import scope_boxes, scope_kinds


def token() -> dict[str, object]:
    return {**granted(), "id": "2", "stage": "token"}


def test_the_title_of_a_stopped_launch_says_where_and_why() -> None:
    view = timeline_view("l", [refused()], app="A", hospital="H")
    assert view.title == "The launch stopped at step 1: the launch value is your app’s own address."
    assert [arrow.kind for arrow in view.arrows] == ["refused", "waits", "waits"]


def test_a_refusal_before_a_granted_step_does_not_stop_the_launch() -> None:
    again = {**refused(), "id": "2", "findings": [], "at": 1795516300.0}
    view = timeline_view("l", [refused(), again, token(), granted()], app="A", hospital="H")
    assert (view.title, view.kind) == ("The launch worked.", "passed")
    assert view.refused != ""


def test_future_steps_are_dashed() -> None:
    drawn = str(svg.sequence(timeline_view("l", [refused()], app="A", hospital="H")))
    assert drawn.count('<g class="waits">') == 2
    assert drawn.count('class="life dash"') == 4
    svg_text = str(svg.sequence(timeline_view("l", [refused(), token(), granted()], app="A", hospital="H")))
    assert "dash" not in svg_text


def test_names_in_the_diagram_are_not_markup() -> None:
    drawn = str(svg.sequence(timeline_view("l", [], app="<b>", hospital="H")))
    assert "<b>" not in drawn


def test_an_unregistered_app_has_a_name_in_the_diagram() -> None:
    assert timeline_view("l", [refused()], app="", hospital="H").names[0][0] == "Your app"


def test_a_line_of_the_list_shows_the_most_severe_problem() -> None:
    assert exchange_line(refused()).text == "The launch value is your app’s own address"
    assert exchange_line(granted()).kind == "passed"
    assert exchange_line(granted()).text == "GET /general/r4/Patient/p1"


def test_scopes_are_shown_by_their_kind() -> None:
    kinds = scope_kinds(("openid", "patient/Patient.rs", "user/*.read", "system/Basic.s"), {"openid": "never"})
    assert [(kind.title, [chip.scope for chip in kind.chips]) for kind in kinds] == [
        ("Standard", ["openid"]),
        ("Patient", ["patient/Patient.rs"]),
        ("User", ["user/*.read"]),
        ("System", ["system/Basic.s"]),
    ]
    assert kinds[0].chips[0].state == "unused"


def test_the_form_offers_standard_patient_and_user_scopes() -> None:
    assert [title for title, _ in scope_boxes()] == ["Standard scopes", "Patient scopes", "User scopes"]


def test_after_the_token_the_launch_waits_only_for_the_app() -> None:
    def waiting(*done: dict[str, object]) -> list[str]:
        return [arrow.status for arrow in timeline_view("l", done, app="A", hospital="H").arrows if arrow.kind == "waits"]

    assert waiting() == ["needs an authorization request", "needs an authorization code", "needs an access token"]
    assert waiting({**granted(), "stage": "authorize"}, token()) == ["needs your app"]
    assert waiting({**granted(), "stage": "authorize"}) == ["needs an authorization code", "needs an access token"]


def expired(stage: str = "access") -> dict[str, object]:
    finding = {"id": "fhir-token-expired", "severity": "error", "title": "The access token had expired"}
    return {**granted(), "id": "9", "stage": stage, "findings": [finding], "response": {"status": 401}}


def test_a_launch_that_worked_and_expired_later_has_not_stopped() -> None:
    authorized = {**granted(), "stage": "authorize"}
    view = timeline_view("l", [authorized, token(), granted(), expired()], app="A", hospital="H")
    assert (view.title, view.kind, view.verdict) == ("The launch worked.", "passed", "Launched")
    assert view.lede == "Later, step 4 was refused: the access token had expired."
    assert view.refused == "The access token had expired."
    assert timeline_view("l", [authorized, token(), expired()], app="A", hospital="H").verdict == "Launched"


def test_a_request_that_is_refused_before_any_data_was_read_stops_the_launch() -> None:
    forbidden = {**expired(), "findings": [{"id": "fhir-insufficient-scope", "severity": "error", "title": "Not covered"}]}
    view = timeline_view("l", [{**granted(), "stage": "authorize"}, token(), forbidden], app="A", hospital="H")
    assert (view.kind, view.verdict) == ("refused", "Stopped at step 3")
    later = timeline_view("l", [{**granted(), "stage": "authorize"}, token(), granted(), forbidden], app="A", hospital="H")
    assert later.title == "The launch worked."


def test_a_timeline_names_its_day_and_counts_what_it_leaves_out() -> None:
    view = timeline_view("l", [refused()], app="A", hospital="H", left_out=1)
    assert view.facts[-1] == "24 Nov 2026 (UTC)"
    assert view.left_out == "1 exchange between the first and the newest is not shown."
    assert timeline_view("l", [refused()], app="A", hospital="H", left_out=2).left_out.startswith("2 exchanges between")
