"""Sample views of home, timelines, doctor and rules, with minimal and maximal content."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from tests.web.exchange_pages import grant, make_refused
from tests.web.page_frames import BASE, DEVELOPER

from sickbay.diagnosis.case import list_paths, load
from sickbay.diagnosis.catalogue import RULES
from sickbay.doctor import causes
from sickbay.doctor.diagnose import diagnose
from sickbay.services import launch_comparison
from sickbay.web.exchanges import comparison_view, list_view, timeline_views
from sickbay.web.pages.parts import Frame
from sickbay.web.portal import developer_views, diagnosis_views, doctor_views, rule_search


def developer_pages() -> dict[str, tuple[str, Any, Frame]]:
    hospital = developer_views.Hospital(
        "General Hospital",
        "Follows the specifications. Start here.",
        (developer_views.Address("R4", f"{BASE}/general/r4"), developer_views.Address("DSTU2", f"{BASE}/general/dstu2")),
        "/general/ehr/sign-in",
        "/general/ehr/sign-in?as=patient",
    )
    first = developer_views.FirstLaunch(
        "Timothy Peters, 65", "Appointment at 10:30 with Dr. Amara Okafor.", "/chart", "Sample app", "/l", "/t"
    )
    recent = (
        developer_views.RecentEvent("refused", "The scopes are joined by commas", "Pressure Notes, 10:28", "/exchanges/1"),
        developer_views.RecentEvent("passed", "Launched for Timothy Peters", "Sample app, 10:24", "/timelines/1"),
    )
    home = developer_views.HomeView(
        hospitals=(hospital, replace(hospital, name="Another")),
        people="50 sample patients in each",
        first=first,
        recent=recent,
    )
    here = {name: replace(DEVELOPER, here=name) for name in ("Hospitals", "Exchanges", "Doctor", "Rules")}
    return {
        "home": ("home", home, here["Hospitals"]),
        "home-least": ("home", developer_views.HomeView(hospitals=(), people="none"), here["Hospitals"]),
        **exchange_list_pages(here["Exchanges"]),
        **timeline_pages(here["Exchanges"]),
        "doctor-least": ("doctor", doctor_views.DoctorView(), here["Doctor"]),
        "doctor-fault": (
            "doctor",
            doctor_views.DoctorView(input="?", fault="Not recognised. Paste a URL, a curl command or a JSON response."),
            here["Doctor"],
        ),
        **diagnosed_pages(here["Doctor"], here["Rules"]),
    }


def timeline_pages(frame: Frame) -> dict[str, tuple[str, Any, Frame]]:
    launched = {
        **grant(),
        "id": "0",
        "stage": "launch",
        "at": 1795516252.118,
        "request": {"method": "GET", "url": f"{BASE}/general/ehr/launch"},
    }
    story = timeline_views.timeline_view(
        "l-8f3e21",
        [launched, make_refused()],
        app="Pressure Notes",
        hospital="General Hospital",
        origin="localhost:8100",
        patient="Timothy Peters",
        user="Dr. Okafor",
    )
    stalled = timeline_views.timeline_view(
        "l-8f3e21", [launched], app="Pressure Notes", hospital="General Hospital", origin="localhost:8100", now=1795516300
    )
    seen = [{"page": "sign-in", "at": 1795516262}, {"page": "consent", "at": 1795516264}]
    allowed = {
        **make_refused(),
        "id": "2",
        "stage": "login",
        "findings": [],
        "pages": seen,
        "at": 1795516266,
        "arrival": 1795516266000000,
    }
    late = {**grant(), "id": "3", "at": 1795516267, "injected": {"fault": "f", "kind": "delay"}, "milliseconds": 4000}
    lost = {**grant(), "id": "4", "at": 1795516268, "evidence": "origin"}
    full = timeline_views.timeline_view(
        "l-8f3e21", [launched, *[allowed] * 21, late], app="P" * 300, hospital="H" * 300, left_out=4900, probable=[lost]
    )
    full = replace(full, live=True, due=20_500, compares=True, kind="warning")
    stalled = replace(stalled, ask="http://localhost:8100/launch", answer="no answer (refused)")
    return {
        **comparison_pages(frame, launched, allowed, late),
        "timeline": ("timeline", story, frame),
        "timeline-full": ("timeline", full, frame),
        "timeline_body": ("timeline_body", full, frame),
        "timeline-stalled": ("timeline", stalled, frame),
        "timeline-least": ("timeline", timeline_views.timeline_view("l", [], app="A", hospital="H"), frame),
    }


def comparison_pages(
    frame: Frame, launched: dict[str, Any], allowed: dict[str, Any], late: dict[str, Any]
) -> dict[str, tuple[str, Any, Frame]]:
    title = "The first difference is in the authorization request (step 2): `redirect_uri` is missing."
    head = comparison_view.LaunchHead("l-1", "24 Nov 2026, 10:30:52 UTC", "refused", "Stopped at step 2", title, "p-0017")
    asked = {**make_refused(), "scopes": [{"asked": "launch", "granted": "launch"}]}
    corrected = {
        **allowed,
        "stage": "authorize",
        "request": {"method": "GET", "url": f"{BASE}/general/oauth/authorize?scope=a&x={'y' * 300}"},
    }
    rows = comparison_view.make_rows(
        launch_comparison.compare_launches([launched, asked], [launched, corrected, late]), (False, True)
    )
    others = (comparison_view.OtherLaunch("l-2", "24 Nov 2026, 10:28:01, worked", True),)
    compared = comparison_view.LaunchComparisonView(
        app="P" * 300,
        here=head,
        there=replace(head, kind="passed", verdict="Launched"),
        title=title,
        rows=rows,
        others=others,
    )
    return {
        "compare_launches": ("compare_launches", compared, frame),
        "compare_launches-least": ("compare_launches", comparison_view.LaunchComparisonView(app="A", here=head), frame),
    }


def diagnosed_pages(doctor_frame: Frame, rules_frame: Frame) -> dict[str, tuple[str, Any, Frame]]:
    case = load(list_paths()["state-missing"])
    rule = next(rule for rule in RULES if rule.id == case.id)
    diagnosis = diagnose(case.refused)
    return {
        "doctor": ("doctor", diagnosis_views.doctor_view(case.refused["url"], case.refused, diagnosis), doctor_frame),
        "rules": ("rules", rule_search.search(), rules_frame),
        "rules-searched": ("rules", rule_search.search(text="invalid_client"), rules_frame),
        "cause": ("cause", causes.find_page("oauth-redirect-uri-not-registered"), rules_frame),
        "rule": ("rule", diagnosis_views.rule_view(rule, case, diagnosis), rules_frame),
        "rule-least": ("rule", diagnosis_views.rule_view(rule, None), rules_frame),
    }


def exchange_list_pages(frame: Frame) -> dict[str, tuple[str, Any, Frame]]:
    listed = (make_refused(), grant() | {"at": 1795516000, "milliseconds": 1300.0, "size": 1800})
    names = list_view.DisplayNames({make_refused()["app"]: "N" * 300}, {"general": "General Hospital"})
    rows = [list_view.make_row(exchange, names, list_view.day_of(listed)) for exchange in listed]
    groups = list_view.group_by_launch(listed, rows, names, (), flat=False)
    stalled_group = list_view.Group(
        "l-2", (), "P" * 300, "General Hospital", "stalled", "No request came.", "24 Nov 2026, 10:31"
    )
    exchanges = list_view.ExchangesView(
        groups=(stalled_group, *groups), filter="is:refused", counted="2,000", older="/exchanges"
    )
    wrong = list_view.ExchangesView(groups=(), filter="x:1", problems=("There is no filter x.",), flat=True, live=False)
    clear = list_view.ClearView(filter="x:1", counted="3 exchanges", action="/exchanges/clear?q=x", back="/exchanges?q=x")
    launches = [
        list_view.LaunchLine(
            f"l-{state}", "24 Nov 2026, 10:31:07", "P" * 300, "General Hospital", kind, word, "No request came.", 3
        )
        for state, (kind, word) in list_view.STATES.items()
    ]
    return {
        "exchanges": ("exchanges", exchanges, frame),
        "exchanges-wrong": ("exchanges", wrong, frame),
        "exchanges-least": ("exchanges", list_view.ExchangesView(groups=(), missing="nope"), frame),
        "exchange_list": ("exchange_list", exchanges, frame),
        "clear-exchanges": ("clear_exchanges", clear, frame),
        "clear-exchanges-wrong": ("clear_exchanges", replace(clear, problems=("There is no filter x.",)), frame),
        "launches": ("launches", list_view.LaunchesView(launches=tuple(launches)), frame),
        "launches-least": ("launches", list_view.LaunchesView(launches=()), frame),
    }
