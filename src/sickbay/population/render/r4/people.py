"""R4 resources for the hospital, its staff, the patient, and the patient's coverage, contact and care team."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from sickbay.population.calendar import CLINICS
from sickbay.population.codings import Coding, snomed
from sickbay.population.drugs import FORMULARY
from sickbay.population.patient_history import Person
from sickbay.population.render.common import (
    CORE,
    IDENTIFIERS,
    TERMS,
    Json,
    begin_resource,
    make_concept,
    medication_id,
    refer_to_practitioner,
    render_coding,
    render_concept,
    render_reference,
)
from sickbay.population.render.r4.clinical import render_interpreter
from sickbay.population.staff import (
    CLINIC,
    NURSES,
    ORGANIZATION,
    PAYERS,
    PHARMACY,
    PRACTITIONERS,
    ROOMS,
    Practitioner,
    make_npi,
)

_PHONE: list[Json] = [{"system": "phone", "value": "(555) 555-0100", "use": "work"}]
_ADDRESS: Json = {"line": ["1 Infirmary Road"], "city": "Wexbridge", "state": "MA", "postalCode": "01201", "country": "US"}


_OUTPATIENTS = [make_concept(TERMS + "v3-RoleCode", "OF", "Outpatient facility")]


def render_hospital() -> Iterator[Json]:
    """Yields the organizations, locations, medications and practitioners."""
    yield {
        **begin_resource("Organization", ORGANIZATION, "us-core-organization"),
        "identifier": [
            {"system": IDENTIFIERS + "organizations", "value": ORGANIZATION},
            _npi_identifier(0),
            {"system": _CLIA, "value": "99D9999999"},
        ],
        "active": True,
        "type": [make_concept(TERMS + "organization-type", "prov", "Healthcare Provider")],
        "name": "General Hospital",
        "telecom": [{"system": "phone", "value": "(555) 555-0100"}],
        "address": [_ADDRESS],
    }
    yield from render_medications()
    yield {
        **begin_resource("Location", CLINIC, "us-core-location"),
        "identifier": [{"system": IDENTIFIERS + "locations", "value": CLINIC}],
        "status": "active",
        "name": "Outpatient clinic",
        "mode": "instance",
        "type": _OUTPATIENTS,
        "telecom": _PHONE,
        "address": _ADDRESS,
        "managingOrganization": render_reference("Organization", ORGANIZATION),
    }
    for number, room in enumerate(ROOMS, 1):
        yield {
            **begin_resource("Location", room, "us-core-location"),
            "identifier": [{"system": IDENTIFIERS + "locations", "value": room}],
            "status": "active",
            "name": f"Room {number}",
            "mode": "instance",
            "type": _OUTPATIENTS,
            "telecom": _PHONE,
            "address": _ADDRESS,
            "physicalType": make_concept(TERMS + "location-physical-type", "ro", "Room"),
            "managingOrganization": render_reference("Organization", ORGANIZATION),
            "partOf": render_reference("Location", CLINIC),
        }
    yield from _render_payers()
    id, name = PHARMACY
    yield {
        **begin_resource("Organization", id, "us-core-organization"),
        "identifier": [{"system": IDENTIFIERS + "organizations", "value": id}, _npi_identifier(100)],
        "active": True,
        "type": [make_concept(TERMS + "organization-type", "prov", "Healthcare Provider")],
        "name": name,
        "telecom": [{"system": "phone", "value": "(555) 555-0123"}],
        "address": [{**_ADDRESS, "line": ["12 Infirmary Road"]}],
    }
    for clinician in PRACTITIONERS:
        yield _render_practitioner(clinician)
    yield from map(_render_endpoint, PRACTITIONERS)
    yield from map(_render_role, PRACTITIONERS)
    for clinician in (clinic.practitioner for clinic in CLINICS):
        actor = refer_to_practitioner(clinician.id)
        yield {"resourceType": "Schedule", "id": f"schedule-{clinician.id}", "actor": [actor], "comment": clinician.title}


def _render_payers() -> Iterator[Json]:
    for payer, id in PAYERS.items():
        yield {
            **begin_resource("Organization", id, "us-core-organization"),
            "identifier": [{"system": _NAIC, "value": _payer_reference(id)}],
            "active": True,
            "type": [make_concept(TERMS + "organization-type", "pay", "Payer")],
            "name": payer,
        }


_CLIA, _NAIC = "urn:oid:2.16.840.1.113883.4.7", "urn:oid:2.16.840.1.113883.6.300"
"""Identifier systems of laboratories and insurers (US Core 8)."""


def _payer_reference(payer: str) -> str:
    return f"9999{sorted(PAYERS.values()).index(payer) + 1}"


def render_medications() -> Iterator[Json]:
    """Yields the drugs that orders reference."""
    for drug in FORMULARY:
        yield {
            **begin_resource("Medication", medication_id(drug), "us-core-medication"),
            "code": render_concept(drug.concept),
            "status": "active",
        }


def _render_endpoint(clinician: Practitioner) -> Json:
    """Returns the Direct address that receives messages from other hospitals."""
    return {
        "resourceType": "Endpoint",
        "id": f"direct-{clinician.id}",
        "status": "active",
        "connectionType": {"system": TERMS + "endpoint-connection-type", "code": "direct-project", "display": "Direct Project"},
        "name": f"Direct address of {clinician.name}",
        "managingOrganization": render_reference("Organization", ORGANIZATION),
        "payloadType": [{"text": "Any"}],
        "payloadMimeType": ["application/pdf"],
        "address": f"mailto:{clinician.family.lower()}@direct.hospital.sickbay.example",
    }


def _npi_identifier(number: int) -> Json:
    return {"system": "http://hl7.org/fhir/sid/us-npi", "value": make_npi(number)}


def _render_practitioner(clinician: Practitioner) -> Json:
    name: Json = {"use": "official", "text": clinician.name, "family": clinician.family, "given": [clinician.given]}
    if clinician.prefix:
        name["prefix"] = [clinician.prefix]
    return {
        **begin_resource("Practitioner", clinician.id, "us-core-practitioner"),
        "identifier": [{"system": IDENTIFIERS + "staff", "value": clinician.id}, _npi_identifier(int(clinician.id[3:]))],
        "active": True,
        "name": [name],
        "telecom": _PHONE,
        "address": [{"use": "work", **_ADDRESS}],
        "gender": clinician.sex,
        "qualification": [{"code": {"coding": [render_coding(clinician.specialty)], "text": clinician.title}}],
    }


def _render_role(clinician: Practitioner) -> Json:
    role = ("nurse", "Nurse") if clinician.title == "Nurse" else ("doctor", "Doctor")
    return {
        **begin_resource("PractitionerRole", f"role-{clinician.id}", "us-core-practitionerrole"),
        "active": True,
        "practitioner": refer_to_practitioner(clinician.id),
        "organization": render_reference("Organization", ORGANIZATION),
        "code": [make_concept(TERMS + "practitioner-role", *role)],
        "specialty": [{"coding": [render_coding(clinician.specialty)], "text": clinician.title}],
        "location": [render_reference("Location", CLINIC)],
        "telecom": _PHONE,
        "endpoint": [render_reference("Endpoint", f"direct-{clinician.id}")],
    }


def _omb_extension(url: str, code: Coding) -> Json:
    return {
        "url": CORE + url,
        "extension": [{"url": "ombCategory", "valueCoding": render_coding(code)}, {"url": "text", "valueString": code.display}],
    }


def render_patient(person: Person) -> Json:
    status = Coding(
        TERMS + "v3-MaritalStatus", "M" if person.married else "S", "Married" if person.married else "Never Married"
    )
    resource: Json = {
        **begin_resource("Patient", person.id, "us-core-patient"),
        "extension": [
            _omb_extension("us-core-race", person.race),
            _omb_extension("us-core-ethnicity", person.ethnicity),
            {"url": CORE + "us-core-birthsex", "valueCode": "F" if person.sex == "female" else "M"},
            {"url": CORE + "us-core-sex", "valueCode": "248152002" if person.sex == "female" else "248153007"},
            *_more_identity(person),
        ],
        "identifier": [
            {
                "use": "usual",
                "type": {**make_concept(TERMS + "v2-0203", "MR", "Medical record number"), "text": "Medical record number"},
                "system": IDENTIFIERS + "record-numbers",
                "value": person.record_number,
            }
        ],
        "active": True,
        "name": _render_names(person),
        "telecom": [{"system": "phone", "value": person.phone, "use": "home"}],
        "gender": person.gender or person.sex,
        "birthDate": person.born.isoformat()[: {"day": 10, "month": 7, "year": 4}[person.born_as]],
        "address": _render_addresses(person),
        "maritalStatus": {"coding": [render_coding(status)]},
        "communication": [{"language": {"coding": [render_coding(person.language)], "text": person.language.display}}],
        "generalPractitioner": [refer_to_practitioner(person.practitioner)],
        "managingOrganization": render_reference("Organization", ORGANIZATION),
    }
    if person.died:
        resource["deceasedDateTime"] = person.died.isoformat()
    if person.contact:
        resource["contact"] = [{"relationship": [_MOTHER], "name": _render_mother(person.contact)}]
    return resource


def _more_identity(person: Person) -> Iterator[Json]:
    if person.tribe:
        tribe = {"coding": [render_coding(person.tribe)], "text": person.tribe.display}
        yield {
            "url": CORE + "us-core-tribal-affiliation",
            "extension": [
                {"url": "tribalAffiliation", "valueCodeableConcept": tribe},
                {"url": "isEnrolled", "valueBoolean": True},
            ],
        }
    if person.identity_asked and not person.gender:
        identity = _WOMAN if person.sex == "female" else _MAN
        yield {"url": CORE + "us-core-genderIdentity", "valueCodeableConcept": render_concept(identity)}
    if person.interpreter is not None:
        yield render_interpreter(person.interpreter)


_WOMAN = snomed("446141000124107", "Identifies as female gender", "Woman")
_MAN = snomed("446151000124109", "Identifies as male gender", "Man")


def _render_names(person: Person) -> list[Json]:
    """Returns the names, the official one first, then a former one."""
    official: Json = {"use": "official", "text": person.name, "family": person.family, "given": list(person.given)}
    if person.suffix:
        official["suffix"] = [person.suffix]
    if not person.former_family:
        return [official]
    family, until = person.former_family
    former_period = {"start": person.born.isoformat(), "end": until.isoformat()}
    return [
        {**official, "period": {"start": until.isoformat()}},
        {"use": "old", "family": family, "given": list(person.given), "period": former_period},
    ]


def _render_addresses(person: Person) -> list[Json]:
    if not person.former_home:
        return [_render_address(person)]
    street, city, postal, moved = person.former_home
    former_period = {"start": (moved - datetime.timedelta(days=2000)).isoformat(), "end": moved.isoformat()}
    current = {**_render_address(person), "period": {"start": moved.isoformat()}}
    return [
        current,
        {
            **_render_address(person),
            "use": "old",
            "line": [street],
            "city": city,
            "postalCode": postal,
            "period": former_period,
        },
    ]


def _render_address(person: Person) -> Json:
    return {
        "use": "home",
        "line": [person.street],
        "city": person.city,
        "state": "MA",
        "postalCode": person.postal,
        "country": "US",
    }


_MOTHER = make_concept(TERMS + "v3-RoleCode", "MTH", "mother")


def _render_mother(name: str) -> Json:
    given, family = name.split(" ", 1)
    return {"family": family, "given": [given]}


def coverage_and_care_team(person: Person) -> Iterator[Json]:
    """Yields the coverage, the mother of a child, and the care team."""
    yield _render_coverage(person)
    if person.contact:
        yield _related_person(person, person.contact)
    yield _render_team(person)


def _render_coverage(person: Person) -> Json:
    kind = {"Medicare": ("1", "MEDICARE"), "Medicaid": ("2", "MEDICAID")}.get(person.plan, ("5", "PRIVATE HEALTH INSURANCE"))
    member = f"SB{person.record_number.replace('-', '')}"
    classes = [_coverage_class("plan", "Plan", person.plan.split()[0].lower(), person.plan)]
    if kind[0] == "5":
        classes.append(_coverage_class("group", "Group", f"G{person.number % 7 + 1:03d}", "Employees"))
    return {
        **begin_resource("Coverage", f"{person.id}-cov", "us-core-coverage"),
        "identifier": [
            {"type": make_concept(TERMS + "v2-0203", "MB", "Member Number"), "system": IDENTIFIERS + "members", "value": member}
        ],
        "status": "active",
        "type": {**make_concept("https://nahdo.org/sopt", *kind), "text": person.plan},
        "subscriberId": member,
        "beneficiary": render_reference("Patient", person.id),
        "relationship": make_concept(TERMS + "subscriber-relationship", "self", "Self"),
        "period": {"start": f"{max(person.born.year, 2021)}-01-01" if person.born.year < 2021 else person.born.isoformat()},
        "payor": [render_reference("Organization", PAYERS[person.plan], person.plan)],
        "class": classes,
    }


def _coverage_class(kind: str, display: str, value: str, name: str) -> Json:
    return {"type": make_concept(TERMS + "coverage-class", kind, display), "value": value, "name": name}


def _related_person(person: Person, name: str) -> Json:
    return {
        **begin_resource("RelatedPerson", f"{person.id}-r01", "us-core-relatedperson"),
        "active": True,
        "patient": render_reference("Patient", person.id),
        "relationship": [_MOTHER],
        "name": [{"use": "official", **_render_mother(name)}],
        "telecom": [{"system": "phone", "value": person.phone, "use": "home"}],
        "gender": "female",
        "address": [_render_address(person)],
    }


def _render_team(person: Person) -> Json:
    """Returns the care team: physician, nurse (in some teams by role), and the mother of a child."""
    nurse = NURSES[person.number % len(NURSES)]
    by_role = person.number % 4 > 1
    participants = [
        {"role": [render_concept(_DOCTOR)], "member": refer_to_practitioner(person.practitioner)},
        {
            "role": [render_concept(_NURSE)],
            "member": render_reference("PractitionerRole", f"role-{nurse.id}", nurse.name)
            if by_role
            else refer_to_practitioner(nurse.id),
        },
    ]
    if person.number % 4 == 0 and not person.contact:
        participants.append({"role": [render_concept(_SELF)], "member": render_reference("Patient", person.id, person.name)})
    if person.contact:
        mother = render_reference("RelatedPerson", f"{person.id}-r01", person.contact)
        participants.append({"role": [render_concept(_CAREGIVER)], "member": mother})
    return {
        **begin_resource("CareTeam", f"{person.id}-team", "us-core-careteam"),
        "status": "inactive" if person.died else "active",
        "name": f"Care team of {person.name}",
        "subject": render_reference("Patient", person.id),
        "participant": participants,
        "managingOrganization": [render_reference("Organization", ORGANIZATION)],
    }


_DOCTOR = snomed("446050000", "Primary care physician")
_NURSE = snomed("224535009", "Registered nurse")
_SELF = snomed("116154003", "Patient")
_CAREGIVER = snomed("133932002", "Caregiver", "Mother")
