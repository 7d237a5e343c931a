"""FHIR R4 4.0.1: renders a history, following the profiles of US Core 6.1 for the types that have one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sickbay.population import specimens
from sickbay.population.calendar import Booking, Slot
from sickbay.population.forms import index_responses
from sickbay.population.intake import fill_form
from sickbay.population.patient_history import Condition, Observation, PatientHistory
from sickbay.population.pharmacy import list_fills
from sickbay.population.render.common import Json, format_instant, refer_to_practitioner, render_reference, room_name
from sickbay.population.render.r4 import accounts, clinical, documents, forms, people, procedures, specimens_and_dispenses
from sickbay.population.staff import ORGANIZATION, Practitioner


def render_hospital() -> Iterator[Json]:
    """Yields the hospital, its staff and its questionnaires."""
    yield from people.render_hospital()
    yield from forms.render_questionnaires()


def render_record(history: PatientHistory) -> Iterator[Json]:
    """Yields all resources of one patient, the patient first, each after those that it refers to."""
    resources = list(_render_resources(history))
    yield from resources
    yield from documents.record_provenance(history, resources)


def _render_resources(history: PatientHistory) -> Iterator[Json]:
    person, specimen_of, answers = history.person, specimens.index_specimens(history), index_responses(history)
    yield people.render_patient(person)
    yield from people.coverage_and_care_team(person)
    yield from _visits_and_problems(history)
    yield from (clinical.render_allergy(person.id, allergy, person.practitioner) for allergy in history.allergies)
    yield from (clinical.render_order(person, order, history.problems) for order in history.prescriptions)
    yield from (specimens_and_dispenses.render_dispense(person, fill) for fill in list_fills(history))
    yield from (procedures.render_statement(person, statement) for statement in history.statements)
    yield from (
        specimens_and_dispenses.render_specimen(person.id, specimen) for specimen in dict.fromkeys(specimen_of.values())
    )
    yield from (forms.render_response(person, response) for response in dict.fromkeys(answers.values()))
    responses = {number: response.number for number, response in answers.items()}
    if habits := fill_form(history):
        number = len(set(answers.values())) + 1
        yield forms.render_habits(person, habits, number)
        responses.update(dict.fromkeys(habits.readings, number))
    for note in history.notes:
        yield from documents.render_document(person, note)
    for reading in sorted(history.readings, key=_reference_level):
        specimen = specimen_of.get(reading.number)
        yield clinical.render_observation(person, reading, specimen.number if specimen else 0, responses.get(reading.number, 0))
    yield from (procedures.render_immunization(person, dose) for dose in history.vaccinations)
    yield from (procedures.render_request(person.id, request) for request in history.requests)
    yield from (procedures.render_device(person.id, implant) for implant in history.implants)
    yield from (procedures.render_procedure(person.id, procedure) for procedure in history.procedures)
    for report in history.reports:
        if procedures.has_image(report):
            yield procedures.render_image(person.id, report)
        yield procedures.render_report(
            person.id,
            report,
            dict.fromkeys(specimen_of[reading].number for reading in report.readings if reading in specimen_of),
        )
    yield from (procedures.render_goal(person, goal) for goal in history.goals)
    yield from (procedures.render_plan(person, plan) for plan in history.plans)
    yield from (procedures.render_task(person, app_task) for app_task in history.app_tasks)
    yield from accounts.render_accounts(history)


def _visits_and_problems(history: PatientHistory) -> Iterator[Json]:
    """Yields each visit, followed by the problems that it recorded, because later visits refer to them."""
    recorded: dict[int | None, list[Condition]] = {}
    for problem in history.problems:
        recorded.setdefault(problem.visit, []).append(problem)
    person = history.person
    for visit in (None, *history.visits):
        if visit:
            yield clinical.render_encounter(person, visit)
        by = visit.practitioner if visit else person.practitioner
        yield from (
            clinical.render_condition(person.id, problem, by) for problem in recorded.get(visit.number if visit else None, ())
        )


def _reference_level(reading: Observation) -> int:
    """Returns a sort key that puts observations after those that they refer to: first derived ones, then panels."""
    return 2 if reading.members else 1 if reading.derived else 0


def render_panel(clinician: Practitioner | None, patients: Sequence[str]) -> Json:
    """Returns a Group of a practitioner's patients, or of the hospital's if there is none, for group exports."""
    return {
        "resourceType": "Group",
        "id": f"panel-{clinician.id}" if clinician else "everyone",
        "active": True,
        "type": "person",
        "actual": True,
        "name": f"Patients of {clinician.name}" if clinician else "All patients",
        "quantity": len(patients),
        "managingEntity": refer_to_practitioner(clinician.id) if clinician else render_reference("Organization", ORGANIZATION),
        "member": [{"entity": render_reference("Patient", id)} for id in patients],
    }


def render_slot(slot: Slot) -> Json:
    return {
        "resourceType": "Slot",
        "id": slot.id,
        "schedule": render_reference("Schedule", f"schedule-{slot.practitioner}"),
        "status": "busy" if slot.busy else "free",
        "start": format_instant(slot.start),
        "end": format_instant(slot.end),
    }


def render_appointment(booking: Booking) -> Json:
    patient_status = "declined" if booking.state == "cancelled" else "accepted"
    return {
        "resourceType": "Appointment",
        "id": booking.id,
        "status": booking.state,
        "reasonCode": [{"text": booking.reason}],
        "description": booking.reason,
        "start": format_instant(booking.slot.start),
        "end": format_instant(booking.slot.end),
        "minutesDuration": booking.slot.minutes,
        "slot": [render_reference("Slot", booking.slot.id)],
        "created": booking.created.isoformat(),
        "participant": [
            {
                "actor": render_reference("Patient", booking.patient.id, booking.patient.name),
                "required": "required",
                "status": patient_status,
            },
            {"actor": refer_to_practitioner(booking.slot.practitioner), "required": "required", "status": "accepted"},
            {
                "actor": render_reference("Location", booking.room, room_name(booking.room)),
                "required": "required",
                "status": "accepted",
            },
        ],
    }
