"""Sample views of the EHR pages, with minimal and maximal content."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from msgspec import structs
from msgspec.structs import replace
from tests.web import records
from tests.web.page_frames import EHR

from sickbay.web.ehr import chart, schedule
from sickbay.web.ehr import views as ehr_views
from sickbay.web.ehr.allergies import summarise_allergies as all_allergies
from sickbay.web.pages.parts import Frame, Link

TODAY = date(2026, 11, 24)
LINES = (
    ehr_views.RequestLine("10:41:09.016", "GET", "/Observation?patient=p-0017&category=vital-signs", 200, "/exchanges/1"),
    ehr_views.RequestLine("10:41:08.951", "POST", "/general/oauth/token", 400),
)
STRIP = ehr_views.RequestsView(
    requests=LINES,
    heading="2 requests",
    timeline="/l",
    problems=(
        ehr_views.CountedProblem("1 refused", "/exchanges/1", "refused"),
        ehr_views.CountedProblem("1 stalled", "/l", "stalled"),
    ),
    waits="The browser was sent to http://localhost:8100 at 10:41:02 (UTC).",
)


def _open_app() -> ehr_views.OpenApp:
    return ehr_views.OpenApp(
        name="Pressure Notes",
        src="about:blank",
        origin="localhost:8100",
        tab="/t",
        close="/c",
        timeline="/l",
        settings="/developer/apps/a1/settings",
        exchanges="/exchanges?q=app%3Aa1",
        sandbox="allow-scripts",
        allow="camera",
        strip=STRIP,
    )


def _full_chart() -> ehr_views.ChartView:
    allergies = all_allergies(records.ALLERGIES)
    labs, labs_day = chart.list_labs(records.OBSERVATIONS)
    return ehr_views.ChartView(
        banner=chart.make_banner(records.PATIENTS[0], TODAY, allergies, "10:30, Room 4", "yearly review"),
        tiles=(
            ehr_views.Tile("a1", "Pressure Notes", "?app=a1", "last launch refused", open=True),
            ehr_views.Tile("a2", "Sample app", "?app=a2", "finds patients by name", tone="g"),
        ),
        register=Link("Register an app", "/developer/register"),
        open=_open_app(),
        others=(Link("Sample app, DSTU2", "?app=a3"), Link("Another", "?app=a4")),
        suggestions=(
            ehr_views.Suggestion(
                "Two drugs interact",
                "critical",
                "Drug service",
                "Both lower potassium.",
                (
                    ehr_views.TaskLink("Open the list", "?app=a2&card=1", "Sample app", open=True),
                    ehr_views.TaskLink("Open it elsewhere", note="No app at this hospital has the launch URI x"),
                ),
            ),
            ehr_views.Suggestion("A screening is due", "warning", "Forms"),
            ehr_views.Suggestion(
                "Read more",
                "info",
                "Library",
                links=(ehr_views.TaskLink("The guideline", "https://guides.example.org", new_tab=True),),
            ),
        ),
        tasks=(
            ehr_views.TaskLink("Fill in the form", "?app=a2&task=1", "Sample app"),
            ehr_views.TaskLink("Call back", note="no such app"),
            ehr_views.TaskLink("Open an app", "https://app.example.org", "on its own", new_tab=True),
        ),
        pressure=chart.list_pressures(records.OBSERVATIONS),
        signs=chart.list_signs(records.OBSERVATIONS),
        problems=chart.list_problems(records.CONDITIONS),
        medications=chart.list_medications(records.ORDERS),
        labs=labs,
        labs_day=labs_day,
    )


def ehr_pages() -> dict[str, tuple[str, Any, Frame]]:
    patients = {patient["id"]: patient for patient in records.PATIENTS}
    rows = tuple(chart.patient_row(patient, f"/general/ehr/patients/{patient['id']}") for patient in records.PATIENTS)
    listed = ehr_views.PatientsView(search="/general/ehr/patients", rows=rows, total=50, more="/general/ehr/patients?from=4")
    no_match = ehr_views.PatientsView(search="/general/ehr/patients", rows=(), total=50, query="Petrs")
    full = schedule.day_view(
        TODAY,
        records.APPOINTMENTS,
        patients,
        listed,
        ehr="/general/ehr",
        now=datetime(2026, 11, 24, 10, 24, tzinfo=UTC),
        previous="?date=2026-11-23",
        following="?date=2026-11-25",
        today="/general/ehr",
    )
    record = _full_chart()
    least = ehr_views.ChartView(banner=chart.make_banner(records.PATIENTS[1], TODAY))
    here = replace(EHR, here="Patients")
    return {
        "day": ("day", full, replace(EHR, here="Today")),
        "day-least": ("day", schedule.day_view(TODAY, (), {}, no_match, ehr="/general/ehr"), EHR),
        "patients": ("patients", listed, here),
        "patients-least": ("patients", ehr_views.PatientsView(search="/p", rows=(), total=0), here),
        "chart": ("chart", record, here),
        "chart-closed": ("chart", structs.replace(record, open=None), here),
        "chart-least": ("chart", least, here),
        "requests": ("requests", STRIP, EHR),
        "requests-least": ("requests", ehr_views.RequestsView(), EHR),
    }
