"""The synthetic patients: seed and day give the same bytes. All people are invented.

The k-th patient (`p-0001`, `p-0002`, …) follows from the seed and k alone, so a larger population begins with the
smaller one. A life is written once, in no version's words (`life.py`), by the *stories* that run through it
(`stories/`, a file for each): hypertension whose drugs are raised while the pressure stays high, diabetes with its
HbA1c, eyes and feet, a broken hip, a child that grows and is vaccinated, and healthy people with a cold now and then.
At each visit every story bends what the body shows, the visit measures it, and the stories decide on what was seen.
What follows from a life is not told again: the specimens of what was measured (`samples.py`), what a pharmacy handed
out (`pharmacy.py`), the answers that a score was counted from (`forms.py`). `render/r4` then writes a life as
resources; the other versions change what R4 writes where they differ (`render/changing.py`), so that all have the same
ids. `mess.py` spoils some of it, if that is asked for.

The first 50 patients of the default seed have everything that US Core 3.1.1, 6.1, 7.0 and 8.0 require a server to support
(`tests/population/test_us_core_data.py`). What the stories don't need for that is added after them (`additions.py`), with
dice of its own: who has it follows from the patient's number.

Lives depend on the seed alone. They end on `life.END`, a fixed day: `today` moves no birth, no reading and no
prescription. What looks at the day is `schedule`: appointments and slots of today and the days around it. Instants are UTC.

Every seed has the same cast (`people.CAST`): Timothy Peters (`p-0017`), who waits for Dr. Okafor at 10:30, is the same
to the last reading; several others have fixed names and conditions, so that some names begin with "Peters".

Ids: `org-1`, `loc-…`, `pr-1` to `pr-8`, `role-pr-1`, `schedule-pr-1`, `phq-9` (Questionnaire); of a patient `p-0017-cov`
(Coverage), `-team` (CareTeam), `-r01` (RelatedPerson), `-e01` (Encounter), `-c01` (Condition), `-a01` (AllergyIntolerance),
`-m01` (MedicationRequest, MedicationOrder), `-f01` (MedicationDispense), `-s01` (MedicationStatement), `-l01` (Specimen),
`-u01` (QuestionnaireResponse), `-o001` (Observation), `-i01` (Immunization), `-q01` (ServiceRequest, ProcedureRequest),
`-d01` (Procedure), `-x01` (DiagnosticReport), `-v01` (Device), `-g01` (Goal), `-k01` (CarePlan), `-n01`
(DocumentReference), `-b01` (Binary), `-w01` (Provenance), `-t01` (Task; DSTU2 has none), `-h01` (Media; R5 has none), `-y01`
(Claim), `-z01` (ExplanationOfBenefit), `-j01` (Consent; DSTU2 has none); `med-313988` (Medication), `direct-pr-1`
(Endpoint; DSTU2 has none), `panel-pr-1` (Group, whom
somebody looks after); `ap-20261124-pr-1-1030` (Appointment), `slot-…`. Resources share parts: treat them as read-only, or
copy before changing.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from types import ModuleType

    from sickbay.population.staff import SeedUser

Version: TypeAlias = Literal["r4", "dstu2", "stu3", "r4b", "r5"]


def generate(
    *, seed: int, patients: int, today: datetime.date, version: Version, messiness: float = 0.0
) -> Iterator[dict[str, Any]]:
    """The hospital, one patient after the other, then the Group of each practitioner's patients, in the order of references.

    Streams: memory grows by one id with each patient. With 0 patients there is nothing at all. `today` is accepted so that
    both functions are called alike; lives do not depend on it.
    """
    if patients <= 0:
        return
    from sickbay.population.staff import PRACTITIONERS
    from sickbay.population.stories import live

    render = _renderer(version)
    yield from render.hospital()
    panels: dict[str, list[str]] = {}
    for number in range(1, patients + 1):
        life = live(seed, number, messiness)
        panels.setdefault(life.person.practitioner, []).append(life.person.id)
        yield from render.record(life)
    yield from (render.panel(who, panels[who.id]) for who in PRACTITIONERS if who.id in panels)


def schedule(
    *, seed: int, patients: int, today: datetime.date, version: Version, messiness: float = 0.0
) -> Iterator[dict[str, Any]]:
    """Slots and appointments from two days before `today` to three days after it, each slot before its appointment."""
    from sickbay.population.calendar import bookings

    render = _renderer(version)
    for slot, booking in bookings(seed, patients, today, messiness):
        yield render.slot(slot)
        if booking:
            yield render.appointment(booking)


def codes() -> Iterator[tuple[str, str, str]]:
    """System, code and display of everything that a life may be told with, whoever lives it."""
    from sickbay.population import (
        codings,
        drugs,
        forms,
        intake,
        measures,
        problems,
        procedure_codes,
        social_measures,
        specimens,
    )

    for module in (problems, procedure_codes, drugs, measures, social_measures, specimens, forms, intake):
        for value in vars(module).values():
            for each in value if isinstance(value, tuple) and not isinstance(value, codings.Concept) else (value,):
                for concept in (each, getattr(each, "concept", None), getattr(each, "route", None)):
                    if isinstance(concept, codings.Concept):
                        yield from concept.codes


def users(seed: int) -> tuple[SeedUser, ...]:
    """The accounts of a seeded tenant: two doctors, a nurse, a patient, and a mother who acts for her child too."""
    from sickbay.population.staff import USERS

    return USERS


def _renderer(version: Version) -> ModuleType:
    return import_module(f"sickbay.population.render.{version}")
