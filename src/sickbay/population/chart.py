"""The hand that writes a life down: visits, readings, problems, prescriptions."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Literal

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
"""A goal: its words, what is measured with its bounds, if anything is, and the finding that it is, if it has a code."""


def wanted(
    text: str,
    measure: Measure | None = None,
    low: float | None = None,
    high: float | None = None,
    finding: Concept | None = None,
) -> Target:
    return text, measure, low, high, finding


class Chart:
    """A life while it is written. Stories call it; it keeps the numbers of things."""

    def __init__(self, person: Person, dice: SeededRandom) -> None:
        self.person = person
        self.dice = dice
        self.life = PatientHistory(person)

    def visit(
        self,
        day: datetime.date,
        kind: Concept,
        reason: Concept | None = None,
        *,
        by: str | None = None,
        minutes: int = 20,
        setting: Setting = "ambulatory",
    ) -> Visit:
        clock = datetime.time(self.dice.whole(8, 16), 5 * self.dice.whole(0, 11), tzinfo=UTC)
        visit = Visit(
            number=len(self.life.visits) + 1,
            start=datetime.datetime.combine(day, clock),
            minutes=minutes,
            kind=kind,
            practitioner=by or self.person.practitioner,
            location=self.dice.pick(ROOMS),
            reason=reason,
            setting=setting,
            problem=next((each.number for each in self.life.problems if reason and each.concept is reason), None),
        )
        self.life.visits.append(visit)
        return visit

    def problem(
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
        number = len(self.life.problems) + 1
        problem = Condition(number, concept, onset, recorded, visit.number if visit else None, lasting, over, site)
        self.life.problems.append(problem)
        return problem

    def resolve(self, problem: Condition, day: datetime.date) -> None:
        """The problem is over, if that day is still within the record."""
        if day <= self.person.last:
            self.life.problems[problem.number - 1] = replace(problem, over=day)

    def standing(self, concept: Concept, day: datetime.date) -> bool:
        """Whether this problem is known and not over on a day."""
        return any(each.concept is concept and (each.over is None or each.over > day) for each in self.life.problems)

    def allergy(
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
        """The first allergy takes the place of the statement that none is known."""
        if reaction:
            self.life.allergies = [each for each in self.life.allergies if each.reaction]
        number = len(self.life.allergies) + 1
        self.life.allergies.append(Allergy(number, concept, category, criticality, reaction, severity, since, recorded))

    def prescribe(
        self, drug: Drug, visit: Visit, problem: Condition | None = None, end: datetime.date | None = None
    ) -> Prescription:
        """Orders it in the form for the age; what is taken already is not ordered again. An end after the record is none."""
        drug = drugs.of_age(drug, self.person.age(visit.day))
        for known in self.life.prescriptions:
            if known.drug == drug and known.end is None:
                return known
        end = end if end and end <= self.person.last else None
        order = Prescription(
            number=len(self.life.prescriptions) + 1,
            drug=drug,
            start=visit.day,
            visit=visit.number,
            prescriber=visit.practitioner,
            problem=problem.number if problem else None,
            end=end,
            finished=end is not None,
        )
        self.life.prescriptions.append(order)
        return order

    def stop(self, order: Prescription, day: datetime.date) -> None:
        """Ends an order early, as when its dose is raised."""
        self.life.prescriptions[order.number - 1] = replace(order, end=day, finished=False)

    def read(
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
        """Writes one observation, `after` minutes into the visit; answers its number."""
        at = visit.start + datetime.timedelta(minutes=after)
        number = len(self.life.readings) + 1
        performer = by or visit.practitioner
        self.life.readings.append(Observation(number, measure, at, value, concept, parts, visit.number, performer))
        return number

    def throw(self, measure: Measure, body: Body) -> float:
        """A plausible value around what the body would show, with the decimals of the measure."""
        middle = body[measure.key]
        spread = middle * 0.006 if measure is measures.WEIGHT else measure.spread
        value = round(self.dice.around(middle, spread), measure.digits)
        return min(value, 100.0) if measure is measures.OXYGEN else value

    def vitals(self, visit: Visit, body: Body, others: Iterable[Measure] = measures.VITALS, pressure: bool = True) -> Body:
        """Takes the vital signs; answers what was seen, by key."""
        nurse = NURSES[visit.number % 2].id
        seen: Body = {}
        if pressure:
            systolic = self.throw(measures.SYSTOLIC, body)
            diastolic = min(self.throw(measures.DIASTOLIC, body), systolic - 22)
            seen.update(systolic=systolic, diastolic=diastolic)
            parts = ((measures.SYSTOLIC, systolic), (measures.DIASTOLIC, diastolic))
            self.read(measures.PRESSURE, visit, by=nurse, parts=parts)
        for measure in others:
            if measure is measures.BMI:
                value = round(seen["weight"] * 10_000 / (seen["height"] * seen["height"]), 1)
            else:
                value = self.throw(measure, body)
            seen[measure.key] = value
            self.read(measure, visit, value, by=nurse)
        return seen

    def labs(self, visit: Visit, body: Body, wanted: Iterable[Measure]) -> Body:
        """Sends blood to the laboratory; totals and the filtration rate follow from what was measured."""
        seen: Body = {}
        todo = list(wanted)
        for measure in todo:
            if measure is not measures.EGFR and measure is not measures.CHOLESTEROL:
                seen[measure.key] = self.throw(measure, body)
        if measures.EGFR in todo:
            seen["egfr"] = filtration(seen["creatinine"], self.person.age(visit.day), self.person.sex)
        if measures.CHOLESTEROL in todo:
            seen["cholesterol"] = round(seen["ldl"] + seen["hdl"] + seen["triglycerides"] / 5)
        made = {measure.key: self.read(measure, visit, seen[measure.key], after=12) for measure in todo}
        for panel, members in measures.PANELS:
            if all(member.key in made for member in members):
                self.report(panel, "LAB", visit, readings=tuple(made[member.key] for member in members), after=40)
        return seen

    def vaccinate(self, vaccine: Concept, visit: Visit) -> None:
        lot = f"{self.dice.pick('ABCDEFGH')}{self.dice.whole(1000, 9999)}"
        self.life.vaccinations.append(Vaccination(len(self.life.vaccinations) + 1, vaccine, visit, lot))

    def refuse(self, vaccine: Concept, visit: Visit) -> None:
        """The patient does not want it."""
        self.life.vaccinations.append(Vaccination(len(self.life.vaccinations) + 1, vaccine, visit, "", refused=True))

    def remember(self, vaccine: Concept, visit: Visit) -> None:
        """The patient says that it was given, not when."""
        number = len(self.life.vaccinations) + 1
        self.life.vaccinations.append(Vaccination(number, vaccine, visit, "", remembered=True))

    def request(
        self,
        concept: Concept,
        kind: Concept,
        visit: Visit,
        problem: Condition | None = None,
        until: datetime.date | None = None,
        *,
        social: bool = False,
    ) -> ServiceRequest:
        number = len(self.life.requests) + 1
        request = ServiceRequest(number, concept, kind, visit, problem.number if problem else None, until, social)
        self.life.requests.append(request)
        return request

    def act(
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
        act = Procedure(
            len(self.life.acts) + 1,
            concept,
            start,
            minutes,
            visit,
            problem.number if problem else None,
            request.number if request else None,
            site,
            device.number if device else None,
        )
        self.life.acts.append(act)
        return act

    def report(
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
        number, asked = len(self.life.reports) + 1, request.number if request else None
        self.life.reports.append(Report(number, concept, kind, visit, at, readings, conclusion, asked))

    def plan(self, title: str, problem: Condition, steps: tuple[Concept, ...], aims: Iterable[Target] = ()) -> None:
        """A plan of care from the day the problem was recorded; each aim is a text and perhaps a measure with bounds."""
        life, numbers = self.life, []
        for text, measure, low, high, finding in aims:
            numbers.append(len(life.aims) + 1)
            life.aims.append(Goal(numbers[-1], text, problem.recorded, problem.number, measure, low, high, finding))
        life.plans.append(CarePlan(len(life.plans) + 1, title, problem.recorded, problem.number, steps, tuple(numbers)))

    def note(
        self,
        kind: Concept,
        visit: Visit,
        text: str,
        *,
        printed: bool = False,
        inline: bool = False,
        directive: bool = False,
    ) -> int:
        """Files a document; returns its number."""
        note = Note(len(self.life.notes) + 1, kind, visit, text, printed, inline, directive)
        self.life.notes.append(note)
        return note.number

    def add(self, measure: Measure, visit: Visit | None, at: datetime.datetime, **more: Any) -> int:
        """Writes an observation that no story decides on. more: fields of Reading. Returns its number."""
        number = len(self.life.readings) + 1
        self.life.readings.append(Observation(number, measure, at, visit=visit.number if visit else None, **more))
        return number

    def implant(self, concept: Concept, since: datetime.date) -> Implant:
        serial = f"SB{self.dice.whole(100_000, 999_999)}"
        implant = Implant(len(self.life.implants) + 1, concept, serial, since)
        self.life.implants.append(implant)
        return implant

    def state(self, drug: Drug, since: datetime.date, told: datetime.date) -> None:
        self.life.statements.append(MedicationStatement(len(self.life.statements) + 1, drug, since, told))

    @property
    def spared(self) -> bool:
        """Whether anti-inflammatory drugs would do harm, by what is known."""
        return any(each.concept in _SPARED for each in self.life.problems)

    def allergic_to(self, *texts: str) -> bool:
        return any(allergy.reaction and allergy.concept.text in texts for allergy in self.life.allergies)

    def close(self) -> None:
        """What is still open when somebody dies ends with the life."""
        died = self.person.died
        for order in self.life.prescriptions if died else ():
            if order.end is None and died:
                self.stop(order, died)


_SPARED = (problems.KIDNEY_3, problems.HEART_FAILURE, problems.FIBRILLATION, problems.PREGNANCY)


def filtration(creatinine: float, age: float, sex: str) -> float:
    """The estimated glomerular filtration rate by CKD-EPI 2021, in mL/min/1.73 m2."""
    woman = sex == "female"
    share = creatinine / (0.7 if woman else 0.9)
    bent = math.pow(share, (-0.241 if woman else -0.302) if share < 1 else -1.2)
    return round(142 * bent * math.pow(0.9938, age) * (1.012 if woman else 1.0))
