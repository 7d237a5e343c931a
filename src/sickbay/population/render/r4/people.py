"""What R4 says of the hospital, its staff, the patient and those around him."""

from __future__ import annotations

from collections.abc import Iterator

from sickbay.population.calendar import CLINICS
from sickbay.population.life import Code, Person, snomed
from sickbay.population.render.common import (
    CORE,
    IDENTIFIERS,
    TERMS,
    Json,
    coded,
    coding,
    concept,
    practitioner,
    profiled,
    reference,
)
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
        "identifier": [{"system": IDENTIFIERS + "organizations", "value": ORGANIZATION}, _npi(0)],
        "active": True,
        "type": [coded(TERMS + "organization-type", "prov", "Healthcare Provider")],
        "name": "General Hospital",
        "telecom": [{"system": "phone", "value": "(555) 555-0100"}],
        "address": [_ADDRESS],
    }
    yield {
        **profiled("Location", CLINIC, "us-core-location"),
        "status": "active",
        "name": "Outpatient clinic",
        "mode": "instance",
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
    for payer, id in PAYERS.items():
        yield {
            **profiled("Organization", id, "us-core-organization"),
            "active": True,
            "type": [coded(TERMS + "organization-type", "pay", "Payer")],
            "name": payer,
        }
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
    for each in PRACTITIONERS:
        yield _role(each)
    for each in (clinic.practitioner for clinic in CLINICS):
        actor = practitioner(each.id)
        yield {"resourceType": "Schedule", "id": f"schedule-{each.id}", "actor": [actor], "comment": each.title}


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
    return {
        **profiled("PractitionerRole", f"role-{who.id}", "us-core-practitionerrole"),
        "active": True,
        "practitioner": practitioner(who.id),
        "organization": reference("Organization", ORGANIZATION),
        "code": [coded(TERMS + "practitioner-role", *role)],
        "specialty": [{"coding": [coding(who.specialty)], "text": who.title}],
        "location": [reference("Location", CLINIC)],
        "telecom": _PHONE,
    }


def _ombs(url: str, code: Code) -> Json:
    return {
        "url": CORE + url,
        "extension": [
            {"url": "ombCategory", "valueCoding": coding(code)},
            {"url": "text", "valueString": code.display},
        ],
    }


def patient(who: Person) -> Json:
    status = Code(
        TERMS + "v3-MaritalStatus", "M" if who.married else "S", "Married" if who.married else "Never Married"
    )
    found: Json = {
        **profiled("Patient", who.id, "us-core-patient"),
        "extension": [
            _ombs("us-core-race", who.race),
            _ombs("us-core-ethnicity", who.ethnicity),
            {"url": CORE + "us-core-birthsex", "valueCode": "F" if who.sex == "female" else "M"},
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
        "name": [{"use": "official", "text": who.name, "family": who.family, "given": list(who.given)}],
        "telecom": [{"system": "phone", "value": who.phone, "use": "home"}],
        "gender": who.gender or who.sex,
        "birthDate": who.born.isoformat()[: {"day": 10, "month": 7, "year": 4}[who.born_as]],
        "address": [_home(who)],
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
    kind = {"Medicare": ("1", "MEDICARE"), "Medicaid": ("2", "MEDICAID")}.get(
        who.plan, ("5", "PRIVATE HEALTH INSURANCE")
    )
    member = f"SB{who.record_number.replace('-', '')}"
    classes = [_class("plan", "Plan", who.plan.split()[0].lower(), who.plan)]
    if kind[0] == "5":
        classes.append(_class("group", "Group", f"G{who.number % 7 + 1:03d}", "Employees"))
    return {
        **profiled("Coverage", f"{who.id}-cov", "us-core-coverage"),
        "identifier": [{"type": coded(TERMS + "v2-0203", "MB", "Member Number"), "system": IDENTIFIERS + "members",
                        "value": member}],
        "status": "active",
        "type": {**coded("https://nahdo.org/sopt", *kind), "text": who.plan},
        "subscriberId": member,
        "beneficiary": reference("Patient", who.id),
        "relationship": coded(TERMS + "subscriber-relationship", "self", "Self"),
        "period": {"start": f"{max(who.born.year, 2021)}-01-01" if who.born.year < 2021 else who.born.isoformat()},
        "payor": [reference("Organization", PAYERS[who.plan], who.plan)],
        "class": classes,
    }  # fmt: skip


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
    """The own doctor, and the nurse who calls."""
    nurse = NURSES[who.number % len(NURSES)].id
    return {
        **profiled("CareTeam", f"{who.id}-team", "us-core-careteam"),
        "status": "inactive" if who.died else "active",
        "name": f"Care team of {who.name}",
        "subject": reference("Patient", who.id),
        "participant": [
            {"role": [concept(_DOCTOR)], "member": practitioner(who.practitioner)},
            {"role": [concept(_NURSE)], "member": practitioner(nurse)},
        ],
        "managingOrganization": [reference("Organization", ORGANIZATION)],
    }


_DOCTOR = snomed("446050000", "Primary care physician")
_NURSE = snomed("224535009", "Registered nurse")
