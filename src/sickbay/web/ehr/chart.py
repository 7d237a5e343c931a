"""The parts of the chart, made from the resources of one patient (R4 or DSTU2, as dicts)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Literal

from sickbay.kernel import english
from sickbay.web.ehr.views import Allergies, Banner, BloodPressure, Fact, Lab, PatientRow, Sign
from sickbay.web.oauth.sign_in import Candidate

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
NOT_RECORDED = Allergies()
SEXES = {"male": "m", "female": "f"}
READINGS, COURSE, LABS = 10, 8, 8


def concept_text(concept: Any) -> str:
    """The text of a CodeableConcept, else the display of its first coding."""
    if not isinstance(concept, Mapping):
        return ""
    coding = (concept.get("coding") or [{}])[0]
    return str(concept.get("text") or coding.get("display") or coding.get("code") or "")


def has_code(concept: Any, codes: Iterable[str]) -> bool:
    return isinstance(concept, Mapping) and any(coding.get("code") in codes for coding in concept.get("coding") or ())


def get_first_value(value: Any) -> Any:
    """Returns the value, or the first one of a list. Some members are lists in R4 but not in DSTU2, or the reverse."""
    if isinstance(value, list):
        return value[0] if value else None
    return value


def name_of(patient: Resource) -> tuple[str, str]:
    """Family and given names."""
    name = get_first_value(patient.get("name")) or {}
    family = name.get("family") or ""
    return (" ".join(family) if isinstance(family, list) else str(family), " ".join(name.get("given") or ()))


def record_number(patient: Resource) -> str:
    return str((get_first_value(patient.get("identifier")) or {}).get("value") or "")


def make_candidate(patient: Resource) -> Candidate:
    family, given = name_of(patient)
    sex = SEXES.get(str(patient.get("gender")), "")
    return Candidate(
        str(patient["id"]), family, given, sex, english.format_fhir_date(patient.get("birthDate")), record_number(patient)
    )


def patient_row(patient: Resource, href: str) -> PatientRow:
    family, given = name_of(patient)
    sex = SEXES.get(str(patient.get("gender")), "")
    return PatientRow(
        f"{family}, {given}", href, english.format_fhir_date(patient.get("birthDate")), record_number(patient), sex
    )


def make_banner(
    patient: Resource, today: date, allergies: Allergies = NOT_RECORDED, visit: str = "", visit_detail: str = ""
) -> Banner:
    family, given = name_of(patient)
    years = english.age_in_years(patient.get("birthDate"), today)
    return Banner(
        family=family,
        given=given,
        born=english.format_fhir_date(patient.get("birthDate")),
        age="" if years is None else f"{years} y",
        sex=str(patient.get("gender") or "").capitalize(),
        record=record_number(patient),
        visit=visit,
        visit_detail=visit_detail,
        allergies=allergies,
    )


def list_problems(conditions: Iterable[Resource]) -> tuple[Fact, ...]:
    """The active problems, oldest first."""
    active = [
        condition for condition in conditions if _status_text(condition.get("clinicalStatus")) in ("active", "recurrence", "")
    ]
    active.sort(key=lambda condition: str(condition.get("onsetDateTime") or ""))
    return tuple(
        Fact(concept_text(condition.get("code")), more=_format_since(condition.get("onsetDateTime"))) for condition in active
    )


def _status_text(value: Any) -> str:
    if isinstance(value, Mapping):
        return str((get_first_value(value.get("coding")) or {}).get("code") or "")
    return str(value or "")


def _format_since(when: Any) -> str:
    return f"since {str(when)[:4]}" if when else ""


def list_medications(orders: Iterable[Resource]) -> tuple[Fact, ...]:
    """Name and dosage of each active MedicationRequest or MedicationOrder."""
    facts = [Fact(describe_drug(order), more=_dosage_text(order)) for order in orders if order.get("status") == "active"]
    return tuple(sorted(facts, key=lambda fact: fact.text))


def describe_drug(order: Resource) -> str:
    """The name of the drug, from its concept or from the referenced Medication."""
    reference = order.get("medicationReference") or {}
    return concept_text(order.get("medicationCodeableConcept")) or str(
        reference.get("display") or reference.get("reference") or ""
    )


def _dosage_text(order: Resource) -> str:
    return str((get_first_value(order.get("dosageInstruction")) or {}).get("text") or "")


def _sort_by_date(observations: Iterable[Resource]) -> list[Resource]:
    return sorted(observations, key=lambda observation: str(observation.get("effectiveDateTime") or ""))


def list_pressures(observations: Iterable[Resource]) -> tuple[BloodPressure, ...]:
    """The latest blood pressure readings, oldest first."""
    readings = []
    for observation in _sort_by_date(observations):
        if has_code(observation.get("code"), PANEL):
            high, low = _component_value(observation, SYSTOLIC), _component_value(observation, DIASTOLIC)
            day = english.parse_date(observation.get("effectiveDateTime"))
            if high is not None and low is not None and day:
                readings.append(BloodPressure(day.isoformat(), english.MONTHS[day.month - 1], high, low))
    return tuple(readings[-READINGS:])


def _component_value(observation: Resource, code: str) -> float | None:
    for part in observation.get("component") or ():
        if has_code(part.get("code"), (code,)):
            return _number_of_quantity(part.get("valueQuantity"))
    return None


def _number_of_quantity(quantity: Any) -> float | None:
    value = quantity.get("value") if isinstance(quantity, Mapping) else None
    return None if value is None else float(value)


def list_signs(observations: Sequence[Resource]) -> tuple[Sign, ...]:
    """The latest pulse, temperature, oxygen saturation, weight and BMI."""
    latest: dict[str, Sign] = {}
    for code, unit in SIGNS:
        for observation in _sort_by_date(observations):
            if unit not in latest or code != "2708-6":
                number = _number_of_quantity(observation.get("valueQuantity"))
                if number is not None and has_code(observation.get("code"), (code,)):
                    latest[unit] = Sign(f"{number:g}", unit)
    return tuple(latest.values())[:5]


def list_labs(observations: Iterable[Resource]) -> tuple[tuple[Lab, ...], str]:
    """Each laboratory value over time, out-of-range values first, and the date of the latest one."""
    by_name: dict[str, list[Resource]] = {}
    for observation in _sort_by_date(observations):
        if (
            has_code(get_first_value(observation.get("category")), ("laboratory",))
            and _number_of_quantity(observation.get("valueQuantity")) is not None
        ):
            by_name.setdefault(concept_text(observation.get("code")), []).append(observation)
    ordered = sorted((_lab_course(name, values) for name, values in by_name.items()), key=lambda lab: not lab.flag)
    last = max((str(values[-1].get("effectiveDateTime")) for values in by_name.values()), default="")
    return tuple(ordered[:LABS]), english.format_fhir_date(last)


def _lab_course(name: str, course: Sequence[Resource]) -> Lab:
    last = course[-1]
    quantity, bounds = last["valueQuantity"], get_first_value(last.get("referenceRange")) or {}
    value, low, high = float(quantity["value"]), _number_of_quantity(bounds.get("low")), _number_of_quantity(bounds.get("high"))
    values = tuple(float(observation["valueQuantity"]["value"]) for observation in course[-COURSE:])
    flag: Literal["", "H", "L"] = "H" if high is not None and value > high else "L" if low is not None and value < low else ""
    return Lab(name, str(quantity["value"]), str(quantity.get("unit") or ""), values, low, high, flag)
