"""The schedule and the chart, from resources of both versions."""

from __future__ import annotations

from datetime import UTC, date, datetime

from tests.web import records

from sickbay.kernel import english
from sickbay.web.ehr import chart, schedule
from sickbay.web.ehr.views import DayView, PatientsView
from sickbay.web.pages import svg

TODAY = date(2026, 11, 24)
NO_PATIENTS = PatientsView(search="/p", rows=(), total=0)
KNOWN = {patient["id"]: patient for patient in records.PATIENTS}


def sample_day(now: datetime | None = datetime(2026, 11, 24, 10, 24, tzinfo=UTC)) -> DayView:
    return schedule.day_view(TODAY, records.APPOINTMENTS, KNOWN, NO_PATIENTS, ehr="/general/ehr", now=now)


def test_the_schedule_is_in_order_and_has_each_state_in_words() -> None:
    view = sample_day()
    assert [(visit.start, visit.state, visit.word) for visit in view.visits] == [
        ("08:30", "done", "seen"),
        ("09:45", "off", "cancelled"),
        ("10:30", "here", "waiting now, Room 4"),
        ("11:45", "booked", "booked"),
    ]
    assert view.summary == "4 appointments, 1 seen, 1 waiting now."
    assert view.title == "Tuesday, 24 November"


def test_the_line_for_now_is_before_the_next_visit() -> None:
    assert sample_day().before == 2
    assert sample_day(None).before is None


def test_a_visit_links_to_the_chart_unless_it_was_cancelled() -> None:
    assert [bool(visit.href) for visit in sample_day().visits] == [True, False, True, True]


def test_names_are_read_from_both_versions() -> None:
    assert chart.name_of(records.PATIENTS[0]) == chart.name_of(records.OLD_PATIENT) == ("Peters", "Timothy")


def test_the_banner_shows_the_age_on_the_day() -> None:
    assert chart.make_banner(records.PATIENTS[0], date(2026, 3, 13)).age == "64 y"
    assert chart.make_banner(records.PATIENTS[0], date(2026, 3, 14)).age == "65 y"


def test_problems_are_the_active_ones_oldest_first_in_both_versions() -> None:
    assert [condition.text for condition in chart.list_problems(records.CONDITIONS)] == [
        "Essential hypertension",
        "Type 2 diabetes mellitus",
    ]


def test_stopped_medications_are_not_shown() -> None:
    assert [order.text for order in chart.list_medications(records.ORDERS)] == [
        "Atorvastatin 40 mg tablet",
        "Lisinopril 20 mg tablet",
    ]


def test_a_referenced_medication_is_shown_by_its_display() -> None:
    order = {"status": "active", "medicationReference": {"reference": "Medication/m-1", "display": "Furosemide 40 mg"}}
    assert [medication.text for medication in chart.list_medications([order])] == ["Furosemide 40 mg"]
    assert chart.describe_drug({"medicationReference": {"reference": "Medication/m-1"}}) == "Medication/m-1"
    assert chart.describe_drug({}) == ""


def test_the_latest_vital_sign_of_each_kind_is_shown() -> None:
    signs = {observation.unit: observation.value for observation in chart.list_signs(records.OBSERVATIONS)}
    assert signs == {"pulse /min": "76", "°C": "36.7", "SpO₂ %": "97", "kg": "92.4", "BMI": "29.8"}


def test_a_value_out_of_range_is_flagged_and_comes_first() -> None:
    labs, last = chart.list_labs(records.OBSERVATIONS)
    assert [(lab.name, lab.flag) for lab in labs] == [("HbA1c", "H"), ("Potassium", "")]
    assert last == "14 Jul 2026"


def test_the_plot_has_a_bar_for_each_reading_and_names_the_last() -> None:
    drawn = str(svg.draw_pressure(chart.list_pressures(records.OBSERVATIONS)))
    assert drawn.count('class="bp"') == 10
    assert "latest 148 over 88" in drawn
    assert drawn.count('class="out"') == 7


def test_a_plot_without_values_is_empty() -> None:
    assert str(svg.draw_pressure(())) == ""


def test_dates_are_as_precise_as_the_value() -> None:
    assert [english.format_fhir_date(text) for text in ("2017-02-01", "2017-02", "2017", None)] == [
        "1 Feb 2017",
        "Feb 2017",
        "2017",
        "",
    ]
