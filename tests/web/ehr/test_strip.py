"""The strip below an app in the chart's frame is green only for what succeeded."""

from __future__ import annotations

from typing import Any

import pytest
from tests.web.exchanges.test_timeline_views import CODE, LAUNCH, NOW, lose, step

from sickbay.authorization.models import Client
from sickbay.services.journal.events import make_event
from sickbay.services.journal.read import Timeline
from sickbay.web.ehr.strip import requests_view
from sickbay.web.ehr.views import RequestsView

MISSING = {"id": "aud-missing", "severity": "error", "title": "`aud` is missing"}
APP = Client(
    client_id="a", name="Vitals", tenant="general", type="provider", client="public", launch_uri="http://localhost:8100/launch"
)


def strip(*exchanges: dict[str, Any], probable: list[dict[str, Any]] | None = None) -> RequestsView:
    events = tuple(make_event(exchange) for exchange in (*exchanges, *(probable or [])))
    return requests_view(Timeline([*exchanges], 0, probable or [], events), APP, "/timelines/l", NOW)


@pytest.mark.parametrize(
    "answer",
    [
        {"findings": [MISSING], "response": {"status": 302, "headers": {"location": f"{CODE}&error=invalid_request"}}},
        {"decided": "aud-missing", "response": {"status": 302}},
        {"findings": [MISSING], "response": {"status": 303}},
        {"findings": [MISSING], "response": {"status": 400}},
    ],
)
def test_a_refused_authorization_request_is_red_although_it_is_a_redirect(answer: dict[str, Any]) -> None:
    view = strip(step("launch", 3, location=LAUNCH), step("authorize", 2, **answer))
    assert [line.kind for line in view.requests] == ["passed", "refused"]
    assert [problem.text for problem in view.problems] == ["1 refused"]
    assert view.waits == ""


def test_the_strip_says_why_a_request_was_refused() -> None:
    view = strip(step("authorize", 2, findings=[MISSING]))
    assert view.requests[0].problem == "`aud` is missing"


def test_a_redirect_with_an_error_that_no_check_decided_is_no_success_either() -> None:
    failed = step("authorize", 2, location="http://localhost:8100/callback?error=server_error")
    assert [line.kind for line in strip(failed).requests] == ["warning"]
    assert [problem.text for problem in strip(failed).problems] == ["1 failed"]


def test_an_app_that_does_not_answer_is_named_with_its_address() -> None:
    view = strip(step("launch", 6, location=LAUNCH))
    assert view.waits.startswith("The browser was sent to http://localhost:8100 at 10:31:34 (UTC).")
    assert strip(step("launch", 1, location=LAUNCH)).waits == ""


def test_a_frame_whose_app_was_not_launched_has_no_launch_to_show() -> None:
    view = strip()
    assert (view.requests, view.problems, view.timeline, view.waits) == ((), (), "", "")


def test_a_user_who_reads_a_page_of_sickbay_is_not_called_late() -> None:
    waiting = step("authorize", 600, location="/general/oauth/continue?request=r")
    assert strip(step("launch", 601, location=LAUNCH), waiting).waits == ""


def test_probable_requests_are_in_their_place_and_marked() -> None:
    view = strip(step("launch", 3, location=LAUNCH), step("authorize", 0, location=CODE), probable=[lose()])
    assert [(line.status, bool(line.probably)) for line in view.requests] == [(302, False), (401, True), (302, False)]
    assert view.heading == "3 requests"
