"""FHIR R4 4.0.1, by the profiles of US Core 6.1 where a resource meets them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sickbay.population import specimens
from sickbay.population.calendar import Booking, Slot
from sickbay.population.forms import answered
from sickbay.population.intake import filled
from sickbay.population.patient_history import Condition, Observation, PatientHistory
from sickbay.population.pharmacy import fills
from sickbay.population.render.common import Json, instant, practitioner, reference, room_name
from sickbay.population.render.r4 import accounts, clinical, documents, forms, people, procedures, specimens_and_dispenses
from sickbay.population.staff import Practitioner


def hospital() -> Iterator[Json]:
    """The house, its staff, and the forms that it hands out."""
    yield from people.hospital()
    yield from forms.questionnaires()


def record(life: PatientHistory) -> Iterator[Json]:
    """Everything of one patient, the patient first, each after what it refers to."""
    told = list(_told(life))
    yield from told
    yield from documents.stated(life, told)


def _told(life: PatientHistory) -> Iterator[Json]:
    who, taken, answers = life.person, specimens.taken(life), answered(life)
    yield people.patient(who)
    yield from people.around(who)
    yield from _visited(life)
    yield from (clinical.allergy(who.id, each, who.practitioner) for each in life.allergies)
    yield from (clinical.order(who, each, life.problems) for each in life.prescriptions)
    yield from (specimens_and_dispenses.dispense(who, each) for each in fills(life))
    yield from (procedures.statement(who, each) for each in life.statements)
    yield from (specimens_and_dispenses.specimen(who.id, each) for each in dict.fromkeys(taken.values()))
    yield from (forms.response(who, each) for each in dict.fromkeys(answers.values()))
    responses = {number: each.number for number, each in answers.items()}
    if habits := filled(life):
        number = len(set(answers.values())) + 1
        yield forms.habits(who, habits, number)
        responses.update(dict.fromkeys(habits.readings, number))
    for note in life.notes:
        yield from documents.document(who, note)
    for each in sorted(life.readings, key=_referring):
        drawn = taken.get(each.number)
        yield clinical.observation(who, each, drawn.number if drawn else 0, responses.get(each.number, 0))
    yield from (procedures.immunization(who, each) for each in life.vaccinations)
    yield from (procedures.request(who.id, each) for each in life.requests)
    yield from (procedures.device(who.id, each) for each in life.implants)
    yield from (procedures.procedure(who.id, each) for each in life.acts)
    for told in life.reports:
        if procedures.pictured(told):
            yield procedures.picture(who.id, told)
        yield procedures.report(who.id, told, dict.fromkeys(taken[each].number for each in told.readings if each in taken))
    yield from (procedures.goal(who, each) for each in life.aims)
    yield from (procedures.plan(who, each) for each in life.plans)
    yield from (procedures.task(who, each) for each in life.errands)
    yield from accounts.accounts(life)


def _visited(life: PatientHistory) -> Iterator[Json]:
    """Each visit with the problems that it recorded: a later visit refers to them."""
    recorded: dict[int | None, list[Condition]] = {}
    for problem in life.problems:
        recorded.setdefault(problem.visit, []).append(problem)
    who = life.person
    for visit in (None, *life.visits):
        if visit:
            yield clinical.encounter_of(who, visit)
        by = visit.practitioner if visit else who.practitioner
        yield from (clinical.condition(who.id, each, by) for each in recorded.get(visit.number if visit else None, ()))


def _referring(reading: Observation) -> int:
    """Readings that refer to others come after them: those derived from others, then panels."""
    return 2 if reading.members else 1 if reading.derived else 0


def panel(who: Practitioner, patients: Sequence[str]) -> Json:
    """Whom somebody looks after: a Group, by which exports are asked for."""
    return {
        "resourceType": "Group",
        "id": f"panel-{who.id}",
        "active": True,
        "type": "person",
        "actual": True,
        "name": f"Patients of {who.name}",
        "quantity": len(patients),
        "managingEntity": practitioner(who.id),
        "member": [{"entity": reference("Patient", id)} for id in patients],
    }


def slot(slot: Slot) -> Json:
    return {
        "resourceType": "Slot",
        "id": slot.id,
        "schedule": reference("Schedule", f"schedule-{slot.practitioner}"),
        "status": "busy" if slot.busy else "free",
        "start": instant(slot.start),
        "end": instant(slot.end),
    }


def appointment(booking: Booking) -> Json:
    comes = "declined" if booking.state == "cancelled" else "accepted"
    return {
        "resourceType": "Appointment",
        "id": booking.id,
        "status": booking.state,
        "reasonCode": [{"text": booking.reason}],
        "description": booking.reason,
        "start": instant(booking.slot.start),
        "end": instant(booking.slot.end),
        "minutesDuration": booking.slot.minutes,
        "slot": [reference("Slot", booking.slot.id)],
        "created": booking.made.isoformat(),
        "participant": [
            {
                "actor": reference("Patient", booking.patient.id, booking.patient.name),
                "required": "required",
                "status": comes,
            },
            {"actor": practitioner(booking.slot.practitioner), "required": "required", "status": "accepted"},
            {
                "actor": reference("Location", booking.room, room_name(booking.room)),
                "required": "required",
                "status": "accepted",
            },
        ],
    }
