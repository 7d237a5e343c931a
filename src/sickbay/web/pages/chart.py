"""From the resources of one patient (R4 or DSTU2, as dicts) to the parts of the chart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Literal

from sickbay.web.pages import times
from sickbay.web.pages.entrance import Candidate
from sickbay.web.pages.ward import Banner, Fact, Lab, PatientRow, Reading, Sign

Resource = Mapping[str, Any]

PANEL = ("85354-9", "55284-4")
SYSTOLIC, DIASTOLIC = "8480-6", "8462-4"
SIGNS = (
    ("8867-4", "pulse /min"),
    ("8310-5", "°C"),
    ("59408-5", "SpO₂ %"),
    ("2708-6", "SpO₂ %"),
    ("29463-7", "kg"),
    ("39156-5", "BMI"),
    ("8302-2", "cm"),
)
SEXES = {"male": "m", "female": "f"}
READINGS, COURSE, LABS = 10, 8, 8


def said(concept: Any) -> str:
    """The text of a CodeableConcept, else the display of its first coding."""
    if not isinstance(concept, Mapping):
        return ""
    coding = (concept.get("coding") or [{}])[0]
    return str(concept.get("text") or coding.get("display") or coding.get("code") or "")


def coded(concept: Any, codes: Iterable[str]) -> bool:
    return isinstance(concept, Mapping) and any(one.get("code") in codes for one in concept.get("coding") or ())


def _first(value: Any) -> Any:
    """DSTU2 has one where R4 has a list, and the other way round."""
    if isinstance(value, list):
        return value[0] if value else None
    return value


def name_of(patient: Resource) -> tuple[str, str]:
    """Family and given names."""
    name = _first(patient.get("name")) or {}
    family = name.get("family") or ""
    return (" ".join(family) if isinstance(family, list) else str(family), " ".join(name.get("given") or ()))


def record_number(patient: Resource) -> str:
    return str((_first(patient.get("identifier")) or {}).get("value") or "")


def candidate(patient: Resource, note: str = "") -> Candidate:
    family, given = name_of(patient)
    sex = SEXES.get(str(patient.get("gender")), "")
    return Candidate(str(patient["id"]), family, given, sex, times.said(patient.get("birthDate")), record_number(patient), note)


def patient_row(patient: Resource, href: str) -> PatientRow:
    family, given = name_of(patient)
    sex = SEXES.get(str(patient.get("gender")), "")
    return PatientRow(f"{family}, {given}", href, times.said(patient.get("birthDate")), record_number(patient), sex)


def banner(patient: Resource, today: date, allergies: Sequence[Fact] = (), visit: str = "", visit_detail: str = "") -> Banner:
    family, given = name_of(patient)
    years = times.age(patient.get("birthDate"), today)
    return Banner(
        family=family,
        given=given,
        born=times.said(patient.get("birthDate")),
        age="" if years is None else f"{years} y",
        sex=str(patient.get("gender") or "").capitalize(),
        record=record_number(patient),
        visit=visit,
        visit_detail=visit_detail,
        allergies=tuple(allergies),
    )


def problems(conditions: Iterable[Resource]) -> tuple[Fact, ...]:
    """The active ones, the oldest first."""
    active = [one for one in conditions if _status(one.get("clinicalStatus")) in ("active", "recurrence", "")]
    active.sort(key=lambda one: str(one.get("onsetDateTime") or ""))
    return tuple(Fact(said(one.get("code")), more=_since(one.get("onsetDateTime"))) for one in active)


def _status(value: Any) -> str:
    if isinstance(value, Mapping):
        return str((_first(value.get("coding")) or {}).get("code") or "")
    return str(value or "")


def _since(when: Any) -> str:
    return f"since {str(when)[:4]}" if when else ""


def medications(orders: Iterable[Resource]) -> tuple[Fact, ...]:
    """MedicationRequest or MedicationOrder that are active: name, how it is taken."""
    active = [one for one in orders if one.get("status") == "active"]
    facts = [Fact(drug(one), more=_taken(one)) for one in active]
    return tuple(sorted(facts, key=lambda one: one.text))


def drug(order: Resource) -> str:
    """The name of the drug: of its concept, or of the Medication that the order refers to."""
    reference = order.get("medicationReference") or {}
    return said(order.get("medicationCodeableConcept")) or str(reference.get("display") or reference.get("reference") or "")


def _taken(order: Resource) -> str:
    return str((_first(order.get("dosageInstruction")) or {}).get("text") or "")


def allergies(found: Iterable[Resource]) -> tuple[Fact, ...]:
    """The dangerous ones first; one without a reaction is a "no known allergy" and is left out."""
    facts = [_allergy(one) for one in found if one.get("reaction") or one.get("criticality")]
    return tuple(sorted(facts, key=lambda one: not one.alarm))


def _allergy(one: Resource) -> Fact:
    reaction = _first(one.get("reaction")) or {}
    effect = said(_first(reaction.get("manifestation"))).lower()
    grave = one.get("criticality") in ("high", "CRITH") or reaction.get("severity") == "severe"
    since = str(one.get("onsetDateTime") or one.get("onset") or "")[:4]
    return Fact(said(one.get("code") or one.get("substance")), more=since, detail=effect, alarm=effect if grave else "")


def _sorted(observations: Iterable[Resource]) -> list[Resource]:
    return sorted(observations, key=lambda one: str(one.get("effectiveDateTime") or ""))


def pressure(observations: Iterable[Resource]) -> tuple[Reading, ...]:
    """The last readings of blood pressure, oldest first."""
    found = []
    for one in _sorted(observations):
        if coded(one.get("code"), PANEL):
            high, low = _component(one, SYSTOLIC), _component(one, DIASTOLIC)
            day = times.partial(one.get("effectiveDateTime"))
            if high is not None and low is not None and day:
                found.append(Reading(day.isoformat(), times.MONTHS[day.month - 1], high, low))
    return tuple(found[-READINGS:])


def _component(one: Resource, code: str) -> float | None:
    for part in one.get("component") or ():
        if coded(part.get("code"), (code,)):
            return _number(part.get("valueQuantity"))
    return None


def _number(quantity: Any) -> float | None:
    value = quantity.get("value") if isinstance(quantity, Mapping) else None
    return None if value is None else float(value)


def signs(observations: Sequence[Resource]) -> tuple[Sign, ...]:
    """The last pulse, temperature, oxygen, weight and BMI."""
    latest: dict[str, Sign] = {}
    for code, unit in SIGNS:
        for one in _sorted(observations):
            if unit not in latest or code != "2708-6":
                number = _number(one.get("valueQuantity"))
                if number is not None and coded(one.get("code"), (code,)):
                    latest[unit] = Sign(f"{number:g}", unit)
    return tuple(latest.values())[:5]


def labs(observations: Iterable[Resource]) -> tuple[tuple[Lab, ...], str]:
    """Each laboratory value with its course, those out of range first; and the day of the last of them."""
    courses: dict[str, list[Resource]] = {}
    for one in _sorted(observations):
        if coded(_first(one.get("category")), ("laboratory",)) and _number(one.get("valueQuantity")) is not None:
            courses.setdefault(said(one.get("code")), []).append(one)
    found = sorted((_lab(name, course) for name, course in courses.items()), key=lambda lab: not lab.flag)
    last = max((str(course[-1].get("effectiveDateTime")) for course in courses.values()), default="")
    return tuple(found[:LABS]), times.said(last)


def _lab(name: str, course: Sequence[Resource]) -> Lab:
    last = course[-1]
    quantity, bounds = last["valueQuantity"], _first(last.get("referenceRange")) or {}
    value, low, high = float(quantity["value"]), _number(bounds.get("low")), _number(bounds.get("high"))
    values = tuple(float(one["valueQuantity"]["value"]) for one in course[-COURSE:])
    flag: Literal["", "H", "L"] = "H" if high is not None and value > high else "L" if low is not None and value < low else ""
    return Lab(name, str(quantity["value"]), str(quantity.get("unit") or ""), values, low, high, flag)
