"""The day: who is seen, who waits, and what stays when the day moves on."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from sickbay import population
from sickbay.population import Version

TODAY = datetime.date(2026, 11, 24)


def appointments(day: datetime.date, patients: int = 50, version: Version = "r4") -> dict[str, dict[str, Any]]:
    told = population.schedule(seed=1, patients=patients, today=day, version=version)
    return {each["id"]: each for each in told if each["resourceType"] == "Appointment"}


def of_day(found: dict[str, dict[str, Any]], day: datetime.date) -> list[dict[str, Any]]:
    return [each for each in found.values() if each["start"].startswith(day.isoformat())]


def test_today_has_twelve_to_twenty_appointments_between_eight_and_five() -> None:
    today = of_day(appointments(TODAY), TODAY)
    assert 12 <= len(today) <= 20
    assert all(each["start"][11:16] >= "08:00" and each["end"][11:16] <= "17:00" for each in today)


def test_timothy_peters_has_arrived_for_half_past_ten_with_doctor_okafor() -> None:
    found = next(each for each in of_day(appointments(TODAY), TODAY) if each["start"][11:16] == "10:30")
    assert [each["actor"]["display"] for each in found["participant"]] == [
        "Timothy Peters",
        "Dr. Amara Okafor",
        "Room 4",
    ]
    assert found["status"] == "arrived"


def test_today_shows_every_state_of_a_morning() -> None:
    states = {each["status"] for each in of_day(appointments(TODAY), TODAY)}
    assert states == {"fulfilled", "cancelled", "arrived", "checked-in", "booked"}


def test_dstu2_has_no_checked_in() -> None:
    states = {each["status"] for each in appointments(TODAY, version="dstu2").values()}
    assert states <= {"fulfilled", "cancelled", "arrived", "booked", "noshow"}


@pytest.mark.parametrize("patients", [12, 50])
@pytest.mark.parametrize("days", [1, 2, 3])
def test_an_appointment_keeps_patient_and_time_when_the_day_comes_nearer(days: int, patients: int) -> None:
    before, after = appointments(TODAY, patients), appointments(TODAY + datetime.timedelta(days=days), patients)
    both = before.keys() & after.keys()
    assert len(both) > patients / 3
    for id in both:
        assert {**before[id], "status": "", "participant": []} == {**after[id], "status": "", "participant": []}
        assert before[id]["participant"][0]["actor"] == after[id]["participant"][0]["actor"]


def test_nobody_has_two_appointments_on_one_day() -> None:
    who = [each["participant"][0]["actor"]["reference"] for each in of_day(appointments(TODAY), TODAY)]
    assert len(who) == len(set(who))


def test_a_busy_slot_is_one_with_an_appointment_that_stands() -> None:
    told = list(population.schedule(seed=1, patients=50, today=TODAY, version="r4"))
    busy = {f"Slot/{each['id']}" for each in told if each["resourceType"] == "Slot" and each["status"] == "busy"}
    stands = {
        each["slot"][0]["reference"] for each in told if each["resourceType"] == "Appointment" and each["status"] != "cancelled"
    }
    assert busy == stands


def test_nobody_comes_before_being_born() -> None:
    day = datetime.date(1990, 5, 5)
    born = {
        f"Patient/{each['id']}": each["birthDate"]
        for each in population.generate(seed=1, patients=50, today=day, version="r4")
        if each["resourceType"] == "Patient"
    }
    found = appointments(day)
    assert found
    assert all(born[each["participant"][0]["actor"]["reference"]] <= each["start"][:10] for each in found.values())


@pytest.mark.parametrize("patients", [1, 2, 16])
def test_a_small_population_has_a_day_too(patients: int) -> None:
    assert of_day(appointments(TODAY, patients), TODAY)


def test_the_new_day_leaves_yesterdays_held_time_as_it_was() -> None:
    held = f"ap-{TODAY:%Y%m%d}-pr-1-1030"
    told = list(population.schedule(seed=1, patients=50, today=TODAY + datetime.timedelta(days=1), version="r4"))
    assert held in appointments(TODAY)
    assert not [each for each in told if each["id"] in {held, held.replace("ap-", "slot-")}]
