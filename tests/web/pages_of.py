"""Every page with minimal and maximal content, for tests and for viewing in a browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.web.class_pages import class_pages
from tests.web.developer_pages import developer_pages
from tests.web.docs_pages import docs_pages
from tests.web.ehr_pages import ehr_pages
from tests.web.exchange_pages import exchange_pages
from tests.web.explorer_pages import explorer_pages
from tests.web.page_frames import DEVELOPER, PANEL, SIGN_IN
from tests.web.portal_pages import lookup_pages, portal_pages
from tests.web.sign_in_pages import sign_in_pages, visit_pages

from sickbay.sandbox.population_progress import PopulationProgress
from sickbay.services.frame_check import FrameObstacle
from sickbay.web.ehr.frame_notice import explain_obstacle
from sickbay.web.pages import (
    notice,
)
from sickbay.web.pages.parts import Frame, Link


def notice_pages() -> dict[str, tuple[str, Any, Frame]]:
    return {
        "not-found": ("notice", notice.make_not_found("/nowhere"), DEVELOPER),
        "continue": ("notice", notice.continue_in_tab("/x", "Pressure Notes"), SIGN_IN),
        "signed-out": ("notice", notice.make_signed_out("General Hospital", "/general/ehr/sign-in"), SIGN_IN),
        "creating": (
            "notice",
            notice.show_population_progress("General Hospital", "R4", PopulationProgress(320, 5000, 221), "/x"),
            SIGN_IN,
        ),
        "creating-live": (
            "notice",
            notice.show_population_progress(
                "General Hospital", "R4", PopulationProgress(320, 5000, 221), "/x", "/general/ehr/filling/r4"
            ),
            SIGN_IN,
        ),
        "not-found-near": ("notice", notice.make_not_found("/develper", near=("/developer", "/developer/register")), DEVELOPER),
        "not-framed": (
            "notice",
            explain_obstacle(
                FrameObstacle("refuses-frame", "X-Frame-Options: DENY"),
                "Pressure Notes",
                "http://localhost:8100/launch",
                "http://localhost:7425",
                "/general/ehr/open?app=a1&framed=1",
                "/general/ehr/open?app=a1",
            ),
            PANEL,
        ),
        "no-answer": (
            "notice",
            explain_obstacle(
                FrameObstacle("no-connection", ""),
                "Notes",
                "http://localhost:8100/launch",
                "http://localhost:7425",
                "/a",
                "/t",
                "/e",
            ),
            PANEL,
        ),
        "creating-unknown": (
            "notice",
            notice.show_population_progress("General Hospital", "R4", PopulationProgress(0, 50), "/x"),
            SIGN_IN,
        ),
        "new-day": ("notice", notice.show_population_progress("General Hospital", "R4", None, "/x"), SIGN_IN),
        "notice-least": ("notice", notice.NoticeView(title="T", text="t", others=(Link("a", "b"),)), DEVELOPER),
    }


PARTS: list[Callable[[], dict[str, tuple[str, Any, Frame]]]] = [
    exchange_pages,
    sign_in_pages,
    notice_pages,
    ehr_pages,
    portal_pages,
    lookup_pages,
    developer_pages,
    explorer_pages,
    docs_pages,
    visit_pages,
    class_pages,
]


def pages() -> dict[str, tuple[str, Any, Frame]]:
    """Name of the case -> template, view, frame."""
    return {name: page for part in PARTS for name, page in part().items()}
