"""Appointments and slots: today's states, and what stays the same when the day changes."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from sickbay import population
from sickbay.population import Version

TODAY = datetime.date(2026, 11, 24)


def appointments(day: datetime.date, patients: int = 50, version: Version = "r4") -> dict[str, dict[str, Any]]:
    resources = population.schedule(seed=1, patients=patients, today=day, version=version)
    return {resource["id"]: resource for resource in resources if resource["resourceType"] == "Appointment"}


def of_day(by_id: dict[str, dict[str, Any]], day: datetime.date) -> list[dict[str, Any]]:
    return [appointment for appointment in by_id.values() if appointment["start"].startswith(day.isoformat())]


def test_today_has_twelve_to_twenty_appointments_between_eight_and_five() -> None:
    today = of_day(appointments(TODAY), TODAY)
    assert 12 <= len(today) <= 20
    assert all(appointment["start"][11:16] >= "08:00" and appointment["end"][11:16] <= "17:00" for appointment in today)


def test_timothy_peters_has_arrived_for_his_appointment_at_half_past_ten() -> None:
    appointment = next(candidate for candidate in of_day(appointments(TODAY), TODAY) if candidate["start"][11:16] == "10:30")
    assert [participant["actor"]["display"] for participant in appointment["participant"]] == [
        "Timothy Peters",
        "Dr. Amara Okafor",
        "Room 4",
    ]
    assert appointment["status"] == "arrived"


def test_today_has_appointments_in_every_state() -> None:
    states = {appointment["status"] for appointment in of_day(appointments(TODAY), TODAY)}
    assert states == {"fulfilled", "cancelled", "arrived", "checked-in", "booked"}


def test_dstu2_does_not_use_the_status_checked_in() -> None:
    states = {appointment["status"] for appointment in appointments(TODAY, version="dstu2").values()}
    assert states <= {"fulfilled", "cancelled", "arrived", "booked", "noshow"}


@pytest.mark.parametrize("patients", [12, 50])
@pytest.mark.parametrize("days", [1, 2, 3])
def test_an_appointment_keeps_patient_and_time_on_later_days(days: int, patients: int) -> None:
    before, after = appointments(TODAY, patients), appointments(TODAY + datetime.timedelta(days=days), patients)
    both = before.keys() & after.keys()
    assert len(both) > patients / 3
    for id in both:
        assert {**before[id], "status": "", "participant": []} == {**after[id], "status": "", "participant": []}
        assert before[id]["participant"][0]["actor"] == after[id]["participant"][0]["actor"]


def test_a_patient_has_at_most_one_appointment_a_day() -> None:
    patients = [appointment["participant"][0]["actor"]["reference"] for appointment in of_day(appointments(TODAY), TODAY)]
    assert len(patients) == len(set(patients))


def test_a_slot_is_busy_if_its_appointment_is_not_cancelled() -> None:
    resources = list(population.schedule(seed=1, patients=50, today=TODAY, version="r4"))
    busy = {
        f"Slot/{resource['id']}"
        for resource in resources
        if resource["resourceType"] == "Slot" and resource["status"] == "busy"
    }
    not_cancelled = {
        resource["slot"][0]["reference"]
        for resource in resources
        if resource["resourceType"] == "Appointment" and resource["status"] != "cancelled"
    }
    assert busy == not_cancelled


def test_no_appointment_is_before_the_birth_of_its_patient() -> None:
    day = datetime.date(1990, 5, 5)
    born = {
        f"Patient/{resource['id']}": resource["birthDate"]
        for resource in population.generate(seed=1, patients=50, today=day, version="r4")
        if resource["resourceType"] == "Patient"
    }
    old_appointments = appointments(day)
    assert old_appointments
    assert all(
        born[appointment["participant"][0]["actor"]["reference"]] <= appointment["start"][:10]
        for appointment in old_appointments.values()
    )


@pytest.mark.parametrize("patients", [1, 2, 16])
def test_a_small_population_has_appointments(patients: int) -> None:
    assert of_day(appointments(TODAY, patients), TODAY)


def test_the_next_day_does_not_change_yesterdays_slot_of_timothy_peters() -> None:
    id = f"ap-{TODAY:%Y%m%d}-pr-1-1030"
    resources = list(population.schedule(seed=1, patients=50, today=TODAY + datetime.timedelta(days=1), version="r4"))
    assert id in appointments(TODAY)
    assert not [resource for resource in resources if resource["id"] in {id, id.replace("ap-", "slot-")}]
