"""The timeline, the list of exchanges and the portal's small words."""

from __future__ import annotations

from tests.web.exchange_pages import granted, refused

from sickbay.web import charts
from sickbay.web.pages.portal import scope_boxes, scope_kinds
from sickbay.web.pages.workshop import exchange_line, timeline_view


def token() -> dict[str, object]:
    return {**granted(), "id": "2", "stage": "token"}


def test_a_launch_that_stopped_says_where_and_why_in_its_title() -> None:
    view = timeline_view("l", [refused()], app="A", hospital="H")
    assert view.title == "The launch stopped at step 1: the launch value is your app’s own address."
    assert [arrow.kind for arrow in view.arrows] == ["refused", "waits", "waits"]


def test_a_refusal_that_was_overcome_does_not_stop_the_launch() -> None:
    again = {**refused(), "id": "2", "findings": [], "at": 1795516300.0}
    view = timeline_view("l", [refused(), again, token(), granted()], app="A", hospital="H")
    assert (view.title, view.kind) == ("The launch went through.", "passed")
    assert view.refused != ""


def test_what_has_not_happened_is_drawn_dashed() -> None:
    drawn = str(charts.sequence(timeline_view("l", [refused()], app="A", hospital="H")))
    assert drawn.count('<g class="waits">') == 2
    assert drawn.count('class="life dash"') == 4
    whole = str(charts.sequence(timeline_view("l", [refused(), token(), granted()], app="A", hospital="H")))
    assert "dash" not in whole


def test_names_in_the_picture_are_not_markup() -> None:
    drawn = str(charts.sequence(timeline_view("l", [], app="<b>", hospital="H")))
    assert "<b>" not in drawn


def test_an_app_that_nobody_registered_has_a_name_in_the_picture_all_the_same() -> None:
    assert timeline_view("l", [refused()], app="", hospital="H").names[0][0] == "Your app"


def test_a_line_of_the_list_tells_the_worst_fault() -> None:
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


def test_a_token_that_was_given_waits_for_the_app_alone() -> None:
    def waiting(*done: dict[str, object]) -> list[str]:
        return [one.status for one in timeline_view("l", done, app="A", hospital="H").arrows if one.kind == "waits"]

    assert waiting() == ["waits for an authorize request", "waits for a code", "waits for a token"]
    assert waiting({**granted(), "stage": "authorize"}, token()) == ["waits for your app"]
    assert waiting({**granted(), "stage": "authorize"}) == ["waits for a code", "waits for a token"]
