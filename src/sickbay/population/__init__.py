"""The synthetic patients. The same seed and day give the same bytes. All people are invented.

The k-th patient (`p-0001`, `p-0002`, …) depends only on the seed and k, so a larger population begins with the smaller one. A
patient's history is written once, independent of any FHIR version (`patient_history.py`), by the *stories* that run through it
(one file each in `stories/`): hypertension with doses that are raised while the pressure stays high, diabetes with its HbA1c,
eye and foot examinations, a broken hip, a child who grows and is vaccinated, and healthy people with an occasional cold. At
each visit every story changes the expected values of the body, the visit measures them, and the stories decide based on the
measurements. Data that follow from the history are derived from it: the specimens that were measured (`specimens.py`), what a
pharmacy dispensed (`pharmacy.py`), and the answers behind a score (`forms.py`). `render/r4` then writes a history as resources.
The other versions change R4's output where they differ (`render/changing.py`), so that all versions have the same ids.
`data_quality.py` adds errors if a messiness is set.

The first 8 patients of the default seed have everything that US Core 3.1.1, 6.1, 7.0 and 8.0 require a server to support, and
so have 50 (`tests/population/test_us_core_data.py`). What the stories don't need for that is added after them (`additions.py`)
from its own random stream; the patient's number decides who has it, and the fourth patient has what is rare
(`rare_data.py`).

Histories depend only on the seed. They end on `patient_history.END`, a fixed day: `today` doesn't change any birth date,
observation or prescription. Only `schedule` uses `today`: it creates the appointments and slots of today and the days around
it. Instants are UTC.

Every seed has the same cast (`people.CAST`): Timothy Peters (`p-0017`), who waits for Dr. Okafor at 10:30, is identical down to
the last observation. Several others have fixed names and conditions, so that a search for "Peters" has several matches.

Ids: `org-1`, `loc-…`, `pr-1` to `pr-8`, `role-pr-1`, `schedule-pr-1`, `phq-9` (Questionnaire); of a patient `p-0017-cov`
(Coverage), `-team` (CareTeam), `-r01` (RelatedPerson), `-e01` (Encounter), `-c01` (Condition), `-a01` (AllergyIntolerance),
`-m01` (MedicationRequest, MedicationOrder), `-f01` (MedicationDispense), `-s01` (MedicationStatement), `-l01` (Specimen),
`-u01` (QuestionnaireResponse), `-o001` (Observation), `-i01` (Immunization), `-q01` (ServiceRequest, ProcedureRequest), `-d01`
(Procedure), `-x01` (DiagnosticReport), `-v01` (Device), `-g01` (Goal), `-k01` (CarePlan), `-n01` (DocumentReference), `-b01`
(Binary), `-w01` (Provenance), `-t01` (Task; DSTU2 has none), `-h01` (Media; R5 has none), `-y01` (Claim), `-z01`
(ExplanationOfBenefit), `-j01` (Consent; DSTU2 has none); `med-313988` (Medication), `direct-pr-1` (Endpoint; DSTU2 has none),
`panel-pr-1` (Group, a practitioner's patients), `everyone` (Group of all patients); `ap-20261124-pr-1-1030` (Appointment),
`slot-…`. Resources share parts: treat them as read-only, or copy them before changing them.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from importlib import import_module
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from types import ModuleType

    from sickbay.population.staff import SeedUser

Version: TypeAlias = Literal["r4", "dstu2", "stu3", "r4b", "r5"]
TOUR_TIME = "10:24"
"""The time of today's schedule, at which the guided tour begins."""


def generate(
    *, seed: int, patients: int, today: datetime.date, version: Version, messiness: float = 0.0
) -> Iterator[dict[str, Any]]:
    """Yields the hospital, then each patient's resources, then a Group of each practitioner's patients and one of all.

    Every resource comes after the resources that it refers to. With 0 patients nothing is yielded. `today` is accepted so that
    both functions have the same signature; histories don't depend on it.
    """
    if patients <= 0:
        return
    render = _renderer_module(version)
    yield from render.render_hospital()
    for number in range(1, patients + 1):
        yield from _record_of_patient(seed, number, version, messiness)
    yield from _practitioner_groups(seed, patients, version, messiness)


def generate_portions(
    *, seed: int, patients: int, today: datetime.date, version: Version, messiness: float = 0.0, skip: int = 0
) -> Iterator[Iterator[dict[str, Any]]]:
    """Yields what `generate` and then `schedule` yield, in portions: the hospital, each patient, and the rest.

    skip: the number of portions to leave out, which costs nothing. There are patients + 2, or none with 0 patients.
    """
    if patients <= 0:
        return
    if skip == 0:
        yield iter(_renderer_module(version).render_hospital())
    for number in range(max(skip, 1), patients + 1):
        yield _record_of_patient(seed, number, version, messiness)
    if skip < patients + 2:
        groups = _practitioner_groups(seed, patients, version, messiness)
        yield chain(groups, schedule(seed=seed, patients=patients, today=today, version=version, messiness=messiness))


def _record_of_patient(seed: int, number: int, version: Version, messiness: float) -> Iterator[dict[str, Any]]:
    """Yields the resources of the `number`-th patient."""
    from sickbay.population.stories import simulate_life

    yield from _renderer_module(version).render_record(simulate_life(seed, number, messiness))


def _practitioner_groups(seed: int, patients: int, version: Version, messiness: float) -> Iterator[dict[str, Any]]:
    """Yields a Group of each practitioner's patients."""
    from sickbay.population import data_quality
    from sickbay.population.people import make_person
    from sickbay.population.staff import PRACTITIONERS

    panels: dict[str, list[str]] = {}
    for number in range(1, patients + 1):
        patient = data_quality.add_person_errors(make_person(seed, number), seed, messiness)
        panels.setdefault(patient.practitioner, []).append(patient.id)
    render = _renderer_module(version)
    yield from (render.render_panel(each, panels[each.id]) for each in PRACTITIONERS if each.id in panels)
    yield render.render_panel(None, [f"p-{number:04d}" for number in range(1, patients + 1)])


def schedule(
    *, seed: int, patients: int, today: datetime.date, version: Version, messiness: float = 0.0
) -> Iterator[dict[str, Any]]:
    """Yields slots and appointments from two days before `today` to three days after it, each slot before its appointment."""
    from sickbay.population.calendar import plan_bookings

    render = _renderer_module(version)
    for slot, booking in plan_bookings(seed, patients, today, messiness):
        yield render.render_slot(slot)
        if booking:
            yield render.render_appointment(booking)


def list_codes() -> Iterator[tuple[str, str, str]]:
    """Yields system, code and display of every concept that a history can contain, for any patient."""
    from sickbay.population import codings, drugs, forms, intake, measures, problems, procedure_codes, specimens

    for module in (problems, procedure_codes, drugs, measures, specimens, forms, intake):
        for value in vars(module).values():
            for item in value if isinstance(value, tuple) and not isinstance(value, codings.Concept) else (value,):
                for concept in (item, getattr(item, "concept", None), getattr(item, "route", None)):
                    if isinstance(concept, codings.Concept):
                        yield from concept.codes


def list_users(seed: int) -> tuple[SeedUser, ...]:
    """Returns the accounts of a seeded tenant: two doctors, a nurse, two patients (one also acts for her child) and a relative
    of two patients.
    """
    from sickbay.population.staff import USERS

    return USERS


def _renderer_module(version: Version) -> ModuleType:
    return import_module(f"sickbay.population.render.{version}")
