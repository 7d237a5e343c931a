"""The list of exchanges, and texts of the portal."""

from __future__ import annotations

import pytest
from tests.web.exchange_pages import grant, make_refused

from sickbay.web.portal.developer import leave_out_preflights
from sickbay.web.portal.developer_views import exchange_line
from sickbay.web.portal.views import scope_boxes, scope_kinds


def test_a_line_of_the_list_shows_the_most_severe_problem() -> None:
    assert exchange_line(make_refused()).text == "The launch value is your app’s own address"
    assert exchange_line(grant()).kind == "passed"
    assert exchange_line(grant()).text == "GET /general/r4/Patient/p1"


def test_recent_activity_leaves_out_preflights_that_passed() -> None:
    passed = {**grant(), "stage": "browser"}
    refused = {**passed, "response": {"status": 403}}
    assert leave_out_preflights([passed, grant(), refused]) == [grant(), refused]


def test_scopes_are_shown_by_their_kind() -> None:
    kinds = scope_kinds(("openid", "patient/Patient.rs", "user/*.read", "system/Basic.s"))
    assert [(kind.title, [chip.scope for chip in kind.chips]) for kind in kinds] == [
        ("Standard", ["openid"]),
        ("Patient", ["patient/Patient.rs"]),
        ("User", ["user/*.read"]),
        ("System", ["system/Basic.s"]),
    ]
    assert {chip.state for kind in kinds for chip in kind.chips} == {"granted"}


def test_the_form_offers_standard_patient_user_and_system_scopes() -> None:
    assert [title for title, _ in scope_boxes()] == ["Standard scopes", "Patient scopes", "User scopes", "System scopes"]


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        ({"decided": "aud-missing", "response": {"status": 302}}, "refused"),
        ({"response": {"status": 404}}, "warning"),
        ({"response": {"status": 500}}, "warning"),
        ({"response": {"status": 302, "headers": {"Location": "http://a/cb?error=server_error"}}}, "warning"),
        ({"response": {"status": 302, "headers": {"Location": "http://a/cb?code=c&state=error"}}}, "passed"),
    ],
)
def test_a_line_has_a_check_mark_only_if_the_request_succeeded(more: dict[str, object], kind: str) -> None:
    assert exchange_line({**grant(), **more}).kind == kind
