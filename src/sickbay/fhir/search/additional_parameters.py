"""Search parameters that the published tables don't define completely.

DSTU2 names its composites without their parts, and takes a date to search for whether someone died. R5 names parts that aren't
search parameters. US Core 6.1 adds its own for R4. `code-value-[x]` stands for a parameter for each type of value (DSTU2,
Observation: search parameters).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

Row: TypeAlias = tuple[str, str, tuple[str, ...], tuple[str, ...]]
"""(kind, expression, targets, definitions of the components), as in the published tables."""


def _composite_row(expression: str, *codes: str) -> Row:
    return "composite", expression, (), tuple(f"own-{code}" for code in codes)


def _token_row(expression: str) -> Row:
    return "token", expression, (), ()


def _us_core_row(name: str) -> Row:
    """Returns a parameter for an extension of codings. US Core searches only its codes; here the system can be searched too."""
    url = f"http://hl7.org/fhir/us/core/StructureDefinition/us-core-{name}"
    return _token_row(f"Patient.extension('{url}').extension.value.ofType(Coding)")


_US_CORE: Mapping[str, Mapping[str, Row]] = {
    "CareTeam": {"role": _token_row("CareTeam.participant.role")},
    "Condition": {
        "asserted-date": (
            "date",
            "Condition.extension('http://hl7.org/fhir/StructureDefinition/condition-assertedDate').value.ofType(dateTime)",
            (),
            (),
        )
    },
    "Encounter": {"discharge-disposition": _token_row("Encounter.hospitalization.dischargeDisposition")},
    "Goal": {"description": _token_row("Goal.description")},
    "Patient": {
        "ethnicity": _us_core_row("ethnicity"),
        "gender-identity": _token_row(
            "Patient.extension('http://hl7.org/fhir/us/core/StructureDefinition/us-core-genderIdentity')"
            ".value.ofType(CodeableConcept)"
        ),
        "race": _us_core_row("race"),
    },
}
"""US Core 6.1: search parameters that aren't derived from R4's."""
_NEAR: Mapping[str, Row] = {"near": ("special", "Location.position", (), ())}
ADDITIONS: Mapping[str, Mapping[str, Mapping[str, Row]]] = {
    "dstu2": {
        "CarePlan": {"related": _composite_row("CarePlan.relatedPlan", "relatedcode", "relatedplan")},
        "DiagnosticOrder": {
            "event-status-date": _composite_row("DiagnosticOrder.event", "event-status", "event-date"),
            "item-status-date": _composite_row("DiagnosticOrder.item", "item-status", "item-date"),
        },
        "DocumentReference": {"relationship": _composite_row("DocumentReference.relatesTo", "relatesto", "relation")},
        "Group": {"characteristic-value": _composite_row("Group.characteristic", "characteristic", "value")},
        "Location": _NEAR,
        "Patient": {"deceased": _token_row("Patient.deceased.exists() and Patient.deceased != false")},
        "Observation": {
            "related": _composite_row("Observation.related", "related-target", "related-type"),
            "code-value-concept": _composite_row("Observation", "code", "value-concept"),
            "code-value-date": _composite_row("Observation", "code", "value-date"),
            "code-value-quantity": _composite_row("Observation", "code", "value-quantity"),
            "code-value-string": _composite_row("Observation", "code", "value-string"),
            "component-code-value-concept": _composite_row(
                "Observation.component", "component-code", "component-value-concept"
            ),
            "component-code-value-quantity": _composite_row(
                "Observation.component", "component-code", "component-value-quantity"
            ),
            "component-code-value-string": _composite_row("Observation.component", "component-code", "component-value-string"),
        },
    },
    "stu3": {"Location": _NEAR},
    "r4": _US_CORE,
}
"""Version -> type -> code -> row. Codes that the table already has keep their number; new ones follow after all of these."""

PARTS: Mapping[str, Mapping[str, Mapping[str, Row]]] = {
    "r5": {
        "DeviceDefinition": {"version": ("string", ".version", (), ())},
        "Encounter": {"period": ("date", ".period", (), ())},
        "Ingredient": {"numerator": ("quantity", ".numerator", (), ()), "denominator": ("quantity", ".denominator", (), ())},
        "Observation": {"value-string": ("string", ".value.ofType(string)", (), ())},
        "ResearchStudy": {
            "state": ("token", ".state", (), ()),
            "actual": ("token", ".actual", (), ()),
            "period": ("date", ".period", (), ()),
        },
        "TestScript": {
            "artifact": ("uri", ".artifact", (), ()),
            "conformance": ("token", ".conformance", (), ()),
            "phase": ("token", ".phase", (), ()),
        },
    }
}
"""Version -> type -> name of a part -> row, with an expression relative to the composite's. They aren't search parameters."""
