"""R4 resources about money and consent: Claim, ExplanationOfBenefit, Consent."""

from __future__ import annotations

from collections.abc import Iterator

from sickbay.population.billing import Agreement, Bill, agreement, bill
from sickbay.population.patient_history import PatientHistory, Person
from sickbay.population.render.common import (
    IDENTIFIERS,
    TERMS,
    Json,
    coded,
    concept,
    encounter,
    part_of,
    practitioner,
    reference,
)
from sickbay.population.staff import ORGANIZATION, PAYERS

_PROFESSIONAL = coded(TERMS + "claim-type", "professional", "Professional")
_INSTITUTIONAL = coded(TERMS + "claim-type", "institutional", "Institutional")
_PRIVACY = coded(TERMS + "consentscope", "patient-privacy", "Privacy Consent")
_CATEGORY = coded("http://loinc.org", "59284-0", "Consent Document")


def accounts(life: PatientHistory) -> Iterator[Json]:
    """The claim, the payer's answer, and the consent of a record, if it has them."""
    if billed := bill(life):
        yield _claim(life.person, billed)
        yield _benefit(life.person, billed)
    if agreed := agreement(life):
        yield _consent(life.person, agreed)


def _common(who: Person, billed: Bill) -> Json:
    """The elements that a claim and its answer have in common."""
    day = billed.visit.day.isoformat()
    return {
        "status": "active",
        "type": _PROFESSIONAL if billed.visit.setting == "ambulatory" else _INSTITUTIONAL,
        "use": "claim",
        "patient": reference("Patient", who.id),
        "billablePeriod": {"start": day, "end": billed.visit.end.date().isoformat()},
        "insurer": reference("Organization", PAYERS[who.plan], who.plan),
        "provider": reference("Organization", ORGANIZATION),
        "careTeam": [{"sequence": 1, "provider": practitioner(billed.visit.practitioner)}],
    }


def _claim(who: Person, billed: Bill) -> Json:
    id, common = part_of(who.id, "y", 1), _common(who, billed)
    return {
        "resourceType": "Claim",
        "id": id,
        "identifier": [{"system": IDENTIFIERS + "claims", "value": id}],
        **common,
        "created": billed.visit.end.date().isoformat(),
        "priority": coded(TERMS + "processpriority", "normal", "Normal"),
        "insurance": [{"sequence": 1, "focal": True, "coverage": reference("Coverage", f"{who.id}-cov")}],
        "item": [_item(who, billed)],
        "total": _dollars(billed.amount),
    }


def _benefit(who: Person, billed: Bill) -> Json:
    id = part_of(who.id, "z", 1)
    adjudication = [
        {"category": coded(TERMS + "adjudication", "submitted", "Submitted Amount"), "amount": _dollars(billed.amount)},
        {"category": coded(TERMS + "adjudication", "benefit", "Benefit Amount"), "amount": _dollars(billed.benefit)},
    ]
    return {
        "resourceType": "ExplanationOfBenefit",
        "id": id,
        "identifier": [{"system": IDENTIFIERS + "benefits", "value": id}],
        **_common(who, billed),
        "created": billed.settled.isoformat(),
        "claim": reference("Claim", part_of(who.id, "y", 1)),
        "outcome": "complete",
        "disposition": "Claim settled as per contract.",
        "insurance": [{"focal": True, "coverage": reference("Coverage", f"{who.id}-cov")}],
        "item": [{**_item(who, billed), "adjudication": adjudication}],
        "total": adjudication,
    }


def _item(who: Person, billed: Bill) -> Json:
    return {
        "sequence": 1,
        "careTeamSequence": [1],
        "productOrService": concept(billed.visit.kind),
        "servicedDate": billed.visit.day.isoformat(),
        "unitPrice": _dollars(billed.amount),
        "net": _dollars(billed.amount),
        "encounter": [encounter(who.id, billed.visit.number)],
    }


def _dollars(amount: float) -> Json:
    return {"value": amount, "currency": "USD"}


def _consent(who: Person, agreed: Agreement) -> Json:
    rule = ("OPTIN", "opt-in") if agreed.permits else ("OPTOUT", "op-out")
    return {
        "resourceType": "Consent",
        "id": part_of(who.id, "j", 1),
        "status": "active",
        "scope": _PRIVACY,
        "category": [_CATEGORY],
        "patient": reference("Patient", who.id),
        "dateTime": agreed.given.isoformat(),
        "performer": [reference("Patient", who.id)],
        "organization": [reference("Organization", ORGANIZATION)],
        "policyRule": coded(TERMS + "v3-ActCode", *rule),
        "provision": {"type": "permit" if agreed.permits else "deny", "period": {"start": agreed.given.isoformat()}},
    }
