"""What R4 says of the hospital, its staff, the patient and those around him."""

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
    coded,
    coding,
    concept,
    medication_id,
    practitioner,
    profiled,
    reference,
)
from sickbay.population.render.r4.clinical import interpreter
from sickbay.population.staff import (
    CLINIC,
    NURSES,
    ORGANIZATION,
    PAYERS,
    PHARMACY,
    PRACTITIONERS,
    ROOMS,
    Practitioner,
    npi,
)

_PHONE: list[Json] = [{"system": "phone", "value": "(555) 555-0100", "use": "work"}]
_ADDRESS: Json = {
    "line": ["1 Infirmary Road"],
    "city": "Wexbridge",
    "state": "MA",
    "postalCode": "01201",
    "country": "US",
}


def hospital() -> Iterator[Json]:
    """Organization, locations, practitioners."""
    yield {
        **profiled("Organization", ORGANIZATION, "us-core-organization"),
        "identifier": [
            {"system": IDENTIFIERS + "organizations", "value": ORGANIZATION},
            _npi(0),
            {"system": _CLIA, "value": "99D9999999"},
        ],
        "active": True,
        "type": [coded(TERMS + "organization-type", "prov", "Healthcare Provider")],
        "name": "General Hospital",
        "telecom": [{"system": "phone", "value": "(555) 555-0100"}],
        "address": [_ADDRESS],
    }
    yield from medications()
    yield {
        **profiled("Location", CLINIC, "us-core-location"),
        "identifier": [{"system": IDENTIFIERS + "locations", "value": CLINIC}],
        "status": "active",
        "name": "Outpatient clinic",
        "mode": "instance",
        "type": [coded(TERMS + "v3-RoleCode", "OF", "Outpatient facility")],
        "telecom": _PHONE,
        "address": _ADDRESS,
        "managingOrganization": reference("Organization", ORGANIZATION),
    }
    for number, room in enumerate(ROOMS, 1):
        yield {
            **profiled("Location", room, "us-core-location"),
            "status": "active",
            "name": f"Room {number}",
            "mode": "instance",
            "physicalType": coded(TERMS + "location-physical-type", "ro", "Room"),
            "managingOrganization": reference("Organization", ORGANIZATION),
            "partOf": reference("Location", CLINIC),
        }
    yield from _payers()
    id, name = PHARMACY
    yield {
        **profiled("Organization", id, "us-core-organization"),
        "identifier": [{"system": IDENTIFIERS + "organizations", "value": id}, _npi(100)],
        "active": True,
        "type": [coded(TERMS + "organization-type", "prov", "Healthcare Provider")],
        "name": name,
    }
    for each in PRACTITIONERS:
        yield _practitioner(each)
    yield _endpoint(PRACTITIONERS[0])
    for each in PRACTITIONERS:
        yield _role(each)
    for each in (clinic.practitioner for clinic in CLINICS):
        actor = practitioner(each.id)
        yield {"resourceType": "Schedule", "id": f"schedule-{each.id}", "actor": [actor], "comment": each.title}


def _payers() -> Iterator[Json]:
    for payer, id in PAYERS.items():
        yield {
            **profiled("Organization", id, "us-core-organization"),
            "identifier": [{"system": _NAIC, "value": _company(id)}],
            "active": True,
            "type": [coded(TERMS + "organization-type", "pay", "Payer")],
            "name": payer,
        }


_CLIA, _NAIC = "urn:oid:2.16.840.1.113883.4.7", "urn:oid:2.16.840.1.113883.6.300"
"""Identifier systems of laboratories and of insurers (US Core 8)."""


def _company(payer: str) -> str:
    return f"9999{sorted(PAYERS.values()).index(payer) + 1}"


def medications() -> Iterator[Json]:
    """The drugs that orders refer to."""
    for drug in FORMULARY:
        yield {
            **profiled("Medication", medication_id(drug), "us-core-medication"),
            "code": concept(drug.concept),
            "status": "active",
        }


def _endpoint(who: Practitioner) -> Json:
    """A Direct address, to which other hospitals send letters."""
    return {
        "resourceType": "Endpoint",
        "id": f"direct-{who.id}",
        "status": "active",
        "connectionType": {
            "system": TERMS + "endpoint-connection-type",
            "code": "direct-project",
            "display": "Direct Project",
        },
        "name": f"Direct address of {who.name}",
        "managingOrganization": reference("Organization", ORGANIZATION),
        "payloadType": [{"text": "Any"}],
        "payloadMimeType": ["application/pdf"],
        "address": f"mailto:{who.family.lower()}@direct.hospital.sickbay.example",
    }


def _npi(number: int) -> Json:
    return {"system": "http://hl7.org/fhir/sid/us-npi", "value": npi(number)}


def _practitioner(who: Practitioner) -> Json:
    name: Json = {"use": "official", "text": who.name, "family": who.family, "given": [who.given]}
    if who.prefix:
        name["prefix"] = [who.prefix]
    return {
        **profiled("Practitioner", who.id, "us-core-practitioner"),
        "identifier": [{"system": IDENTIFIERS + "staff", "value": who.id}, _npi(int(who.id[3:]))],
        "active": True,
        "name": [name],
        "telecom": _PHONE,
        "address": [{"use": "work", **_ADDRESS}],
        "gender": who.sex,
        "qualification": [{"code": {"coding": [coding(who.specialty)], "text": who.title}}],
    }


def _role(who: Practitioner) -> Json:
    role = ("nurse", "Nurse") if who.title == "Nurse" else ("doctor", "Doctor")
    endpoint: Json = {}
    if who is PRACTITIONERS[0]:
        endpoint = {"endpoint": [reference("Endpoint", f"direct-{who.id}")]}
    return {
        **profiled("PractitionerRole", f"role-{who.id}", "us-core-practitionerrole"),
        "active": True,
        "practitioner": practitioner(who.id),
        "organization": reference("Organization", ORGANIZATION),
        "code": [coded(TERMS + "practitioner-role", *role)],
        "specialty": [{"coding": [coding(who.specialty)], "text": who.title}],
        "location": [reference("Location", CLINIC)],
        "telecom": _PHONE,
        **endpoint,
    }


def _ombs(url: str, code: Coding) -> Json:
    return {
        "url": CORE + url,
        "extension": [
            {"url": "ombCategory", "valueCoding": coding(code)},
            {"url": "text", "valueString": code.display},
        ],
    }


def patient(who: Person) -> Json:
    status = Coding(TERMS + "v3-MaritalStatus", "M" if who.married else "S", "Married" if who.married else "Never Married")
    found: Json = {
        **profiled("Patient", who.id, "us-core-patient"),
        "extension": [
            _ombs("us-core-race", who.race),
            _ombs("us-core-ethnicity", who.ethnicity),
            {"url": CORE + "us-core-birthsex", "valueCode": "F" if who.sex == "female" else "M"},
            {"url": CORE + "us-core-sex", "valueCode": "248152002" if who.sex == "female" else "248153007"},
            *_more_identity(who),
        ],
        "identifier": [
            {
                "use": "usual",
                "type": {**coded(TERMS + "v2-0203", "MR", "Medical record number"), "text": "Medical record number"},
                "system": IDENTIFIERS + "record-numbers",
                "value": who.record_number,
            }
        ],
        "active": True,
        "name": _names(who),
        "telecom": [{"system": "phone", "value": who.phone, "use": "home"}],
        "gender": who.gender or who.sex,
        "birthDate": who.born.isoformat()[: {"day": 10, "month": 7, "year": 4}[who.born_as]],
        "address": _homes(who),
        "maritalStatus": {"coding": [coding(status)]},
        "communication": [{"language": {"coding": [coding(who.language)], "text": who.language.display}}],
        "generalPractitioner": [practitioner(who.practitioner)],
        "managingOrganization": reference("Organization", ORGANIZATION),
    }
    if who.died:
        found["deceasedDateTime"] = who.died.isoformat()
    if who.contact:
        found["contact"] = [{"relationship": [_MOTHER], "name": _mother(who.contact)}]
    return found


def _more_identity(who: Person) -> Iterator[Json]:
    if who.tribe:
        tribe = {"coding": [coding(who.tribe)], "text": who.tribe.display}
        yield {
            "url": CORE + "us-core-tribal-affiliation",
            "extension": [
                {"url": "tribalAffiliation", "valueCodeableConcept": tribe},
                {"url": "isEnrolled", "valueBoolean": True},
            ],
        }
    if who.identity_asked and not who.gender:
        identity = _WOMAN if who.sex == "female" else _MAN
        yield {"url": CORE + "us-core-genderIdentity", "valueCodeableConcept": concept(identity)}
    if who.interpreter is not None:
        yield interpreter(who.interpreter)


_WOMAN = snomed("446141000124107", "Identifies as female gender", "Woman")
_MAN = snomed("446151000124109", "Identifies as male gender", "Man")


def _names(who: Person) -> list[Json]:
    """The official name first, then a former one."""
    official: Json = {"use": "official", "text": who.name, "family": who.family, "given": list(who.given)}
    if who.suffix:
        official["suffix"] = [who.suffix]
    if not who.former_family:
        return [official]
    family, until = who.former_family
    since = {"start": who.born.isoformat(), "end": until.isoformat()}
    return [
        {**official, "period": {"start": until.isoformat()}},
        {"use": "old", "family": family, "given": list(who.given), "period": since},
    ]


def _homes(who: Person) -> list[Json]:
    if not who.former_home:
        return [_home(who)]
    street, city, postal, moved = who.former_home
    since = {"start": (moved - datetime.timedelta(days=2000)).isoformat(), "end": moved.isoformat()}
    now = {**_home(who), "period": {"start": moved.isoformat()}}
    return [now, {**_home(who), "use": "old", "line": [street], "city": city, "postalCode": postal, "period": since}]


def _home(who: Person) -> Json:
    return {
        "use": "home",
        "line": [who.street],
        "city": who.city,
        "state": "MA",
        "postalCode": who.postal,
        "country": "US",
    }


_MOTHER = coded(TERMS + "v3-RoleCode", "MTH", "mother")


def _mother(name: str) -> Json:
    given, family = name.split(" ", 1)
    return {"family": family, "given": [given]}


def around(who: Person) -> Iterator[Json]:
    """Who pays, who is close, who cares."""
    yield _coverage(who)
    if who.contact:
        yield _related(who, who.contact)
    yield _team(who)


def _coverage(who: Person) -> Json:
    kind = {"Medicare": ("1", "MEDICARE"), "Medicaid": ("2", "MEDICAID")}.get(who.plan, ("5", "PRIVATE HEALTH INSURANCE"))
    member = f"SB{who.record_number.replace('-', '')}"
    classes = [_class("plan", "Plan", who.plan.split()[0].lower(), who.plan)]
    if kind[0] == "5":
        classes.append(_class("group", "Group", f"G{who.number % 7 + 1:03d}", "Employees"))
    return {
        **profiled("Coverage", f"{who.id}-cov", "us-core-coverage"),
        "identifier": [
            {"type": coded(TERMS + "v2-0203", "MB", "Member Number"), "system": IDENTIFIERS + "members", "value": member}
        ],
        "status": "active",
        "type": {**coded("https://nahdo.org/sopt", *kind), "text": who.plan},
        "subscriberId": member,
        "beneficiary": reference("Patient", who.id),
        "relationship": coded(TERMS + "subscriber-relationship", "self", "Self"),
        "period": {"start": f"{max(who.born.year, 2021)}-01-01" if who.born.year < 2021 else who.born.isoformat()},
        "payor": [reference("Organization", PAYERS[who.plan], who.plan)],
        "class": classes,
    }


def _class(kind: str, display: str, value: str, name: str) -> Json:
    return {"type": coded(TERMS + "coverage-class", kind, display), "value": value, "name": name}


def _related(who: Person, name: str) -> Json:
    return {
        **profiled("RelatedPerson", f"{who.id}-r01", "us-core-relatedperson"),
        "active": True,
        "patient": reference("Patient", who.id),
        "relationship": [_MOTHER],
        "name": [{"use": "official", **_mother(name)}],
        "telecom": [{"system": "phone", "value": who.phone, "use": "home"}],
        "gender": "female",
        "address": [_home(who)],
    }


def _team(who: Person) -> Json:
    """The patient's physician, the nurse who calls (some teams name her role), and a child's mother."""
    nurse = NURSES[who.number % len(NURSES)]
    by_role = who.number % 4 > 1
    participants = [
        {"role": [concept(_DOCTOR)], "member": practitioner(who.practitioner)},
        {
            "role": [concept(_NURSE)],
            "member": reference("PractitionerRole", f"role-{nurse.id}", nurse.name) if by_role else practitioner(nurse.id),
        },
    ]
    if who.contact:
        mother = reference("RelatedPerson", f"{who.id}-r01", who.contact)
        participants.append({"role": [concept(_CAREGIVER)], "member": mother})
    return {
        **profiled("CareTeam", f"{who.id}-team", "us-core-careteam"),
        "status": "inactive" if who.died else "active",
        "name": f"Care team of {who.name}",
        "subject": reference("Patient", who.id),
        "participant": participants,
        "managingOrganization": [reference("Organization", ORGANIZATION)],
    }


_DOCTOR = snomed("446050000", "Primary care physician")
_NURSE = snomed("224535009", "Registered nurse")
_CAREGIVER = snomed("133932002", "Caregiver", "Mother")
