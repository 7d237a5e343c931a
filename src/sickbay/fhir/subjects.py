"""Whose record a resource is, for writing: the patients in its compartments, and those it is a record of.

A search parameter of the Patient compartment either names the subject of a record (`subject`, `patient`, `beneficiary`) or
someone who takes part in it (`performer`, `recipient`, `author`, `asserter`, `informant`, `payor`). Both let a patient read
the record. Only the subject may change or delete it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from sickbay.fhir.binary import context
from sickbay.fhir.references import target
from sickbay.fhir.search import index_values
from sickbay.fhir.search.expressions import ElementPath, routes, walk
from sickbay.fhir.search.index import CROWDS
from sickbay.fhir.search.parameters import compartment_types, known_types, parameters

USUAL = ("subject", "patient")
"""The parameters that name the subject of a record. They hold for every type that EXCEPTIONS doesn't list."""

EXCEPTIONS: Mapping[str, tuple[str, ...]] = {
    "Appointment": ("actor", "subject"),  # everyone takes part; `subject` exists since R5
    "AppointmentResponse": ("actor",),  # the patient who answers
    "Coverage": ("beneficiary",),  # policy holder, subscriber and payor take part
    "Group": (),  # one record of many people: in no compartment (`index.CROWDS`), so never written with limited access
    "Patient": (),  # the patient itself; `link` takes part
    "ResearchSubject": ("individual", "subject"),  # `individual` until R4B
    "Schedule": ("actor",),  # whose time it is
    "SupplyRequest": ("patient", "subject", "requester"),  # STU3 has only the requester
}
"""Types whose subject is named otherwise.

Appointment, AppointmentResponse and Schedule know participants only, and so do Person (`link`), Provenance (`target`) and
AuditEvent (agent and entity; `patient` alone since R5), whose parameter `patient` stands for all of them. Every patient
who takes part there counts as a subject. A record with several subjects is changed only by an app that may write for all.
"""


class Subjects(NamedTuple):
    """patients: ids of all whose compartments hold the resource. subjects: of those it is a record of.

    is_named: whether it says at all what it is about, if only by an identifier, a contained resource, or a Group.
    """

    patients: frozenset[str] = frozenset()
    subjects: frozenset[str] = frozenset()
    is_named: bool = False


def subjects_of(version: str, resource: Mapping[str, Any], base: str) -> Subjects:
    """Read from the body. base: the FHIR base on which absolute references are local. Never raises on content."""
    type, id = resource.get("resourceType"), resource.get("id")
    if not isinstance(type, str) or type not in known_types(version) or type in CROWDS:
        return Subjects()
    whole = dict(resource)
    if type == "Binary":
        owner = context(whole, base)
        own = frozenset({owner[1]} if owner is not None and owner[0] == "Patient" else ())
        return Subjects(own, own, owner is not None)
    ways = _ways(version, type)
    patients = _patients(ways.compartment, whole, base)
    if type == "Patient":
        own = frozenset({id} if isinstance(id, str) else ())
        return Subjects(patients | own, own, True)
    named = any(walk(one, whole) for one in ways.named)
    return Subjects(patients, _patients(ways.subject, whole, base), named)


class Before(NamedTuple):
    """A stored resource before a write. codes: (parameter, system, code) by which granular scopes may filter."""

    whose: Subjects
    codes: tuple[tuple[str, str | None, str], ...] = ()


class _Ways(NamedTuple):
    compartment: tuple[ElementPath, ...]
    subject: tuple[ElementPath, ...]
    named: tuple[ElementPath, ...]
    """Those of `subject`, whatever type the reference has."""


@cache
def _ways(version: str, type: str) -> _Ways:
    own, codes = parameters(version, type), compartment_types(version).get(type, ())
    subject = subject_parameters(version, type)
    return _Ways(
        tuple(route for code in codes if code in own for route in routes(version, type, own[code].expression)),
        tuple(route for code in subject for route in routes(version, type, own[code].expression)),
        tuple(route for code in subject for route in routes(version, type, _any_target(own[code].expression))),
    )


def subject_parameters(version: str, type: str) -> tuple[str, ...]:
    """The search parameters that name the subject of a record of this type; empty if nothing does."""
    own, compartment = parameters(version, type), compartment_types(version).get(type, ())
    if type in EXCEPTIONS:
        return tuple(code for code in EXCEPTIONS[type] if code in own and compartment)
    return tuple(code for code in USUAL if code in compartment and code in own)


def _any_target(expression: str) -> str:
    return expression.replace(".where(resolve() is Patient)", "")


def _patients(ways: tuple[ElementPath, ...], resource: dict[str, Any], base: str) -> frozenset[str]:
    found = set()
    for route in ways:
        for value in walk(route, resource):
            text = index_values.referenced(value, route.type)
            place = target(text, base) if text is not None else None
            if place is not None and place[0] == "Patient":
                found.add(place[1])
    return frozenset(found)
