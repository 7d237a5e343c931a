"""Determines whose record a resource is, for writes: the patients in its compartments, and the patients it is about.

A search parameter of the Patient compartment names either the subject of a record (`subject`, `patient`, `beneficiary`) or
a participant (`performer`, `recipient`, `author`, `asserter`, `informant`, `payor`). Both allow a patient to read
the record. Only the subject may change or delete it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from sickbay.fhir.binary import read_security_context
from sickbay.fhir.routing import reference_target
from sickbay.fhir.search import index_values
from sickbay.fhir.search.expressions import ElementPath, follow_route, list_routes
from sickbay.fhir.search.index import CROWDS
from sickbay.fhir.search.parameters import compartment_types, known_types, load_parameters

USUAL = ("subject", "patient")
"""The parameters that name the subject, for every type that EXCEPTIONS doesn't list."""

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
"""Types that name their subject with other parameters.

Appointment, AppointmentResponse and Schedule have only participants. So do Person (`link`), Provenance (`target`) and
AuditEvent (agent and entity; `patient` only since R5), whose parameter `patient` covers all of them. There, every patient
who takes part counts as a subject. To change a record with several subjects, an app must have write access for all of them.
"""


class Subjects(NamedTuple):
    """patients: ids of all patients whose compartments contain the resource. subjects: ids of the patients it is about.

    is_named: whether it names a subject at all, even if only by an identifier, a contained resource or a Group.
    """

    patients: frozenset[str] = frozenset()
    subjects: frozenset[str] = frozenset()
    is_named: bool = False


def subjects_of(version: str, resource: Mapping[str, Any], base: str) -> Subjects:
    """Reads the subjects from the body. base: the FHIR base, for absolute references. Never raises for invalid content."""
    type, id = resource.get("resourceType"), resource.get("id")
    if not isinstance(type, str) or type not in known_types(version) or type in CROWDS:
        return Subjects()
    whole = dict(resource)
    if type == "Binary":
        owner = read_security_context(whole, base)
        own = frozenset({owner[1]} if owner is not None and owner[0] == "Patient" else ())
        return Subjects(own, own, owner is not None)
    paths = _ways_to_patient(version, type)
    patients = _patients_at(paths.compartment, whole, base)
    if type == "Patient":
        own = frozenset({id} if isinstance(id, str) else ())
        return Subjects(patients | own, own, True)
    named = any(follow_route(path, whole) for path in paths.named)
    return Subjects(patients, _patients_at(paths.subject, whole, base), named)


class Before(NamedTuple):
    """A stored resource before a write. codes: (parameter, system, code), for the filters of granular scopes."""

    whose: Subjects
    codes: tuple[tuple[str, str | None, str], ...] = ()


class _Ways(NamedTuple):
    compartment: tuple[ElementPath, ...]
    subject: tuple[ElementPath, ...]
    named: tuple[ElementPath, ...]
    """The paths in `subject`, for references to any type."""


@cache
def _ways_to_patient(version: str, type: str) -> _Ways:
    own, codes = load_parameters(version, type), compartment_types(version).get(type, ())
    subject = subject_parameters(version, type)
    return _Ways(
        tuple(route for code in codes if code in own for route in list_routes(version, type, own[code].expression)),
        tuple(route for code in subject for route in list_routes(version, type, own[code].expression)),
        tuple(route for code in subject for route in list_routes(version, type, _drop_target_type(own[code].expression))),
    )


def subject_parameters(version: str, type: str) -> tuple[str, ...]:
    """Returns the search parameters that name the subject of this type; empty if it has no subject."""
    own, compartment = load_parameters(version, type), compartment_types(version).get(type, ())
    if type in EXCEPTIONS:
        return tuple(code for code in EXCEPTIONS[type] if code in own and compartment)
    return tuple(code for code in USUAL if code in compartment and code in own)


def _drop_target_type(expression: str) -> str:
    return expression.replace(".where(resolve() is Patient)", "")


def _patients_at(ways: tuple[ElementPath, ...], resource: dict[str, Any], base: str) -> frozenset[str]:
    ids = set()
    for route in ways:
        read = index_values.reference_reader(route.type)
        for value in follow_route(route, resource):
            text = read(value)
            place = reference_target(text, base) if text is not None else None
            if place is not None and place[0] == "Patient":
                ids.add(place[1])
    return frozenset(ids)
