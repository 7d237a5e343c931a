"""Writes a patient's history: visits, observations, problems and prescriptions."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable
from typing import Any, Literal

from msgspec.structs import replace

from sickbay.population import drugs, measures, problems
from sickbay.population.codings import Concept
from sickbay.population.patient_history import (
    Allergy,
    CarePlan,
    Category,
    Condition,
    Criticality,
    Drug,
    Goal,
    Implant,
    Measure,
    MedicationStatement,
    Note,
    Observation,
    PatientHistory,
    Person,
    Prescription,
    Procedure,
    Report,
    ServiceRequest,
    Setting,
    Severity,
    Vaccination,
    Visit,
)
from sickbay.population.seeded_random import SeededRandom
from sickbay.population.staff import NURSES, ROOMS
from sickbay.population.vitals import Body

UTC = datetime.timezone.utc  # noqa: UP017 - one name for it in this package
Kind = Literal["LAB", "RAD", "CUS", "PF", "OTH", "PAT"]
Target = tuple[str, Measure | None, float | None, float | None, Concept | None]
"""A goal: its text, the measure and its bounds (low, high) if it has one, and the finding to reach if that has a code."""


def make_target(
    text: str,
    measure: Measure | None = None,
    low: float | None = None,
    high: float | None = None,
    finding: Concept | None = None,
) -> Target:
    return text, measure, low, high, finding


class Chart:
    """A patient's history under construction. Stories call its methods; it numbers what they add."""

    def __init__(self, person: Person, rng: SeededRandom) -> None:
        self.person = person
        self.rng = rng
        self.history = PatientHistory(person)

    def add_visit(
        self,
        day: datetime.date,
        kind: Concept,
        reason: Concept | None = None,
        *,
        by: str | None = None,
        minutes: int = 20,
        setting: Setting = "ambulatory",
    ) -> Visit:
        clock = datetime.time(self.rng.pick_integer(8, 16), 5 * self.rng.pick_integer(0, 11), tzinfo=UTC)
        visit = Visit(
            number=len(self.history.visits) + 1,
            start=datetime.datetime.combine(day, clock),
            minutes=minutes,
            kind=kind,
            practitioner=by or self.person.practitioner,
            location=self.rng.pick(ROOMS),
            reason=reason,
            setting=setting,
            problem=next((problem.number for problem in self.history.problems if reason and problem.concept is reason), None),
        )
        self.history.visits.append(visit)
        return visit

    def add_problem(
        self,
        concept: Concept,
        onset: datetime.date,
        recorded: datetime.date,
        visit: Visit | None,
        *,
        lasting: bool = True,
        over: datetime.date | None = None,
        site: Concept | None = None,
    ) -> Condition:
        number = len(self.history.problems) + 1
        problem = Condition(number, concept, onset, recorded, visit.number if visit else None, lasting, over, site)
        self.history.problems.append(problem)
        return problem

    def resolve(self, problem: Condition, day: datetime.date) -> None:
        """Marks the problem as resolved on this day, unless the record ends earlier."""
        if day <= self.person.last:
            self.history.problems[problem.number - 1] = replace(problem, over=day)

    def has_problem(self, concept: Concept, day: datetime.date) -> bool:
        """Returns whether the patient has this problem, unresolved, on this day."""
        return any(
            problem.concept is concept and (problem.over is None or problem.over > day) for problem in self.history.problems
        )

    def add_allergy(
        self,
        concept: Concept,
        recorded: datetime.date,
        reaction: Concept | None = None,
        *,
        category: Category | None = None,
        criticality: Criticality | None = None,
        severity: Severity | None = None,
        since: str | None = None,
    ) -> None:
        """Records an allergy. The first one replaces the statement that no allergies are known."""
        if reaction:
            self.history.allergies = [allergy for allergy in self.history.allergies if allergy.reaction]
        number = len(self.history.allergies) + 1
        self.history.allergies.append(Allergy(number, concept, category, criticality, reaction, severity, since, recorded))

    def prescribe(
        self, drug: Drug, visit: Visit, problem: Condition | None = None, end: datetime.date | None = None
    ) -> Prescription:
        """Orders the drug in the form for the patient's age, unless an order for it is active. An end after the record is
        ignored.
        """
        drug = drugs.dose_for_age(drug, self.person.age(visit.day))
        for order in self.history.prescriptions:
            if order.drug == drug and order.end is None:
                return order
        end = end if end and end <= self.person.last else None
        new_order = Prescription(
            number=len(self.history.prescriptions) + 1,
            drug=drug,
            start=visit.day,
            visit=visit.number,
            prescriber=visit.practitioner,
            problem=problem.number if problem else None,
            end=end,
            finished=end is not None,
        )
        self.history.prescriptions.append(new_order)
        return new_order

    def stop_order(self, order: Prescription, day: datetime.date) -> None:
        """Ends an order early, for example when the dose is raised."""
        self.history.prescriptions[order.number - 1] = replace(order, end=day, finished=False)

    def add_reading(
        self,
        measure: Measure,
        visit: Visit,
        value: float | None = None,
        *,
        after: int = 5,
        by: str | None = None,
        concept: Concept | None = None,
        parts: tuple[tuple[Measure, float], ...] = (),
    ) -> int:
        """Records one observation `after` minutes into the visit; returns its number."""
        at = visit.start + datetime.timedelta(minutes=after)
        number = len(self.history.readings) + 1
        performer = by or visit.practitioner
        self.history.readings.append(Observation(number, measure, at, value, concept, parts, visit.number, performer))
        return number

    def draw_value(self, measure: Measure, body: Body) -> float:
        """Draws a plausible value around the expected one, with the decimals of the measure."""
        middle = body[measure.key]
        spread = middle * 0.006 if measure is measures.WEIGHT else measure.spread
        value = round(self.rng.draw_normal(middle, spread), measure.digits)
        return min(value, 100.0) if measure is measures.OXYGEN else value

    def measure_vitals(
        self, visit: Visit, body: Body, others: Iterable[Measure] = measures.VITALS, pressure: bool = True
    ) -> Body:
        """Measures the vital signs; returns the values by key."""
        nurse = NURSES[visit.number % 2].id
        measured: Body = {}
        if pressure:
            systolic = self.draw_value(measures.SYSTOLIC, body)
            diastolic = min(self.draw_value(measures.DIASTOLIC, body), systolic - 22)
            measured.update(systolic=systolic, diastolic=diastolic)
            parts = ((measures.SYSTOLIC, systolic), (measures.DIASTOLIC, diastolic))
            self.add_reading(measures.PRESSURE, visit, by=nurse, parts=parts)
        for measure in others:
            if measure is measures.BMI:
                value = round(measured["weight"] * 10_000 / (measured["height"] * measured["height"]), 1)
            else:
                value = self.draw_value(measure, body)
            measured[measure.key] = value
            self.add_reading(measure, visit, value, by=nurse)
        return measured

    def measure_labs(self, visit: Visit, body: Body, tests: Iterable[Measure]) -> Body:
        """Orders laboratory tests; returns the values by key. Total cholesterol and eGFR are computed from the other values."""
        measured: Body = {}
        ordered = list(tests)
        for measure in ordered:
            if measure is not measures.EGFR and measure is not measures.CHOLESTEROL:
                measured[measure.key] = self.draw_value(measure, body)
        if measures.EGFR in ordered:
            measured["egfr"] = estimate_filtration(measured["creatinine"], self.person.age(visit.day), self.person.sex)
        if measures.CHOLESTEROL in ordered:
            measured["cholesterol"] = round(measured["ldl"] + measured["hdl"] + measured["triglycerides"] / 5)
        numbers = {measure.key: self.add_reading(measure, visit, measured[measure.key], after=12) for measure in ordered}
        for panel, members in measures.PANELS:
            if all(member.key in numbers for member in members):
                self.add_report(panel, "LAB", visit, readings=tuple(numbers[member.key] for member in members), after=40)
        return measured

    def vaccinate(self, vaccine: Concept, visit: Visit) -> None:
        lot = f"{self.rng.pick('ABCDEFGH')}{self.rng.pick_integer(1000, 9999)}"
        self.history.vaccinations.append(Vaccination(len(self.history.vaccinations) + 1, vaccine, visit, lot))

    def refuse(self, vaccine: Concept, visit: Visit) -> None:
        """Records that the patient declined a vaccine."""
        self.history.vaccinations.append(Vaccination(len(self.history.vaccinations) + 1, vaccine, visit, "", refused=True))

    def record_reported_dose(self, vaccine: Concept, visit: Visit) -> None:
        """Records a vaccine that the patient reports without a date."""
        number = len(self.history.vaccinations) + 1
        self.history.vaccinations.append(Vaccination(number, vaccine, visit, "", remembered=True))

    def add_request(
        self,
        concept: Concept,
        kind: Concept,
        visit: Visit,
        problem: Condition | None = None,
        until: datetime.date | None = None,
        *,
        social: bool = False,
    ) -> ServiceRequest:
        number = len(self.history.requests) + 1
        request = ServiceRequest(number, concept, kind, visit, problem.number if problem else None, until, social)
        self.history.requests.append(request)
        return request

    def add_procedure(
        self,
        concept: Concept,
        visit: Visit,
        problem: Condition | None = None,
        request: ServiceRequest | None = None,
        *,
        after: int = 10,
        minutes: int = 10,
        site: Concept | None = None,
        device: Implant | None = None,
    ) -> Procedure:
        start = visit.start + datetime.timedelta(minutes=after)
        procedure = Procedure(
            len(self.history.procedures) + 1,
            concept,
            start,
            minutes,
            visit,
            problem.number if problem else None,
            request.number if request else None,
            site,
            device.number if device else None,
        )
        self.history.procedures.append(procedure)
        return procedure

    def add_report(
        self,
        concept: Concept,
        kind: Kind,
        visit: Visit,
        conclusion: str | None = None,
        request: ServiceRequest | None = None,
        *,
        readings: tuple[int, ...] = (),
        after: int = 15,
    ) -> None:
        at = visit.start + datetime.timedelta(minutes=after)
        number, request_number = len(self.history.reports) + 1, request.number if request else None
        self.history.reports.append(Report(number, concept, kind, visit, at, readings, conclusion, request_number))

    def add_plan(self, title: str, problem: Condition, steps: tuple[Concept, ...], goals: Iterable[Target] = ()) -> None:
        """Adds a plan of care that starts on the day the problem was recorded, with a goal for each aim."""
        history, goal_numbers = self.history, []
        for text, measure, low, high, finding in goals:
            goal_numbers.append(len(history.goals) + 1)
            history.goals.append(Goal(goal_numbers[-1], text, problem.recorded, problem.number, measure, low, high, finding))
        history.plans.append(
            CarePlan(len(history.plans) + 1, title, problem.recorded, problem.number, steps, tuple(goal_numbers))
        )

    def add_note(
        self, kind: Concept, visit: Visit, text: str, *, printed: bool = False, inline: bool = False, directive: bool = False
    ) -> int:
        """Files a document; returns its number."""
        note = Note(len(self.history.notes) + 1, kind, visit, text, printed, inline, directive)
        self.history.notes.append(note)
        return note.number

    def add_observation(self, measure: Measure, visit: Visit | None, at: datetime.datetime, **more: Any) -> int:
        """Records an observation that no story depends on; returns its number. more: fields of Observation."""
        number = len(self.history.readings) + 1
        self.history.readings.append(Observation(number, measure, at, visit=visit.number if visit else None, **more))
        return number

    def add_implant(self, concept: Concept, since: datetime.date) -> Implant:
        serial = f"SB{self.rng.pick_integer(100_000, 999_999)}"
        implant = Implant(len(self.history.implants) + 1, concept, serial, since)
        self.history.implants.append(implant)
        return implant

    def record_statement(
        self, drug: Drug, since: datetime.date, visit: Visit, stopped: tuple[datetime.date, str] | None = None
    ) -> None:
        number = len(self.history.statements) + 1
        self.history.statements.append(MedicationStatement(number, drug, since, visit.day, visit.number, stopped))

    @property
    def avoids_nsaids(self) -> bool:
        """Whether a known problem rules out anti-inflammatory drugs."""
        return any(problem.concept in _NO_ANTI_INFLAMMATORIES for problem in self.history.problems)

    def is_allergic_to(self, *texts: str) -> bool:
        return any(allergy.reaction and allergy.concept.text in texts for allergy in self.history.allergies)

    def close(self) -> None:
        """Stops the orders that are still active when the patient dies."""
        died = self.person.died
        for order in self.history.prescriptions if died else ():
            if order.end is None and died:
                self.stop_order(order, died)


_NO_ANTI_INFLAMMATORIES = (problems.KIDNEY_3, problems.HEART_FAILURE, problems.FIBRILLATION, problems.PREGNANCY)


def estimate_filtration(creatinine: float, age: float, sex: str) -> float:
    """Returns the estimated glomerular filtration rate by CKD-EPI 2021, in mL/min/1.73 m2."""
    woman = sex == "female"
    ratio = creatinine / (0.7 if woman else 0.9)
    factor = math.pow(ratio, (-0.241 if woman else -0.302) if ratio < 1 else -1.2)
    return round(142 * factor * math.pow(0.9938, age) * (1.012 if woman else 1.0))
