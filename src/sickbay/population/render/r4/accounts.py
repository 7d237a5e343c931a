"""R4 resources about payment and consent: Claim, ExplanationOfBenefit and Consent."""

from __future__ import annotations

from collections.abc import Iterator

from sickbay.population.billing import Agreement, Bill, find_agreement, make_bill
from sickbay.population.patient_history import PatientHistory, Person
from sickbay.population.render.common import (
    IDENTIFIERS,
    TERMS,
    Json,
    make_concept,
    part_of,
    refer_to_encounter,
    refer_to_practitioner,
    render_concept,
    render_reference,
)
from sickbay.population.staff import ORGANIZATION, PAYERS

_PROFESSIONAL = make_concept(TERMS + "claim-type", "professional", "Professional")
_INSTITUTIONAL = make_concept(TERMS + "claim-type", "institutional", "Institutional")
_PRIVACY = make_concept(TERMS + "consentscope", "patient-privacy", "Privacy Consent")
_CATEGORY = make_concept("http://loinc.org", "59284-0", "Consent Document")


def render_accounts(history: PatientHistory) -> Iterator[Json]:
    """Yields the claim, the explanation of benefit and the consent of a record, if it has them."""
    if claim_data := make_bill(history):
        yield _render_claim(history.person, claim_data)
        yield _render_benefit(history.person, claim_data)
    if decision := find_agreement(history):
        yield _render_consent(history.person, decision)


def _common_elements(person: Person, claim_data: Bill) -> Json:
    """Returns the elements that a claim and its explanation of benefit have in common."""
    day = claim_data.visit.day.isoformat()
    return {
        "status": "active",
        "type": _PROFESSIONAL if claim_data.visit.setting == "ambulatory" else _INSTITUTIONAL,
        "use": "claim",
        "patient": render_reference("Patient", person.id),
        "billablePeriod": {"start": day, "end": claim_data.visit.end.date().isoformat()},
        "insurer": render_reference("Organization", PAYERS[person.plan], person.plan),
        "provider": render_reference("Organization", ORGANIZATION),
        "careTeam": [{"sequence": 1, "provider": refer_to_practitioner(claim_data.visit.practitioner)}],
    }


def _render_claim(person: Person, claim_data: Bill) -> Json:
    id, common = part_of(person.id, "y", 1), _common_elements(person, claim_data)
    return {
        "resourceType": "Claim",
        "id": id,
        "identifier": [{"system": IDENTIFIERS + "claims", "value": id}],
        **common,
        "created": claim_data.visit.end.date().isoformat(),
        "priority": make_concept(TERMS + "processpriority", "normal", "Normal"),
        "insurance": [{"sequence": 1, "focal": True, "coverage": render_reference("Coverage", f"{person.id}-cov")}],
        "item": [_render_item(person, claim_data)],
        "total": _render_dollars(claim_data.amount),
    }


def _render_benefit(person: Person, claim_data: Bill) -> Json:
    id = part_of(person.id, "z", 1)
    adjudication = [
        {
            "category": make_concept(TERMS + "adjudication", "submitted", "Submitted Amount"),
            "amount": _render_dollars(claim_data.amount),
        },
        {
            "category": make_concept(TERMS + "adjudication", "benefit", "Benefit Amount"),
            "amount": _render_dollars(claim_data.benefit),
        },
    ]
    return {
        "resourceType": "ExplanationOfBenefit",
        "id": id,
        "identifier": [{"system": IDENTIFIERS + "benefits", "value": id}],
        **_common_elements(person, claim_data),
        "created": claim_data.settled.isoformat(),
        "claim": render_reference("Claim", part_of(person.id, "y", 1)),
        "outcome": "complete",
        "disposition": "Claim settled as per contract.",
        "insurance": [{"focal": True, "coverage": render_reference("Coverage", f"{person.id}-cov")}],
        "item": [{**_render_item(person, claim_data), "adjudication": adjudication}],
        "total": adjudication,
    }


def _render_item(person: Person, claim_data: Bill) -> Json:
    return {
        "sequence": 1,
        "careTeamSequence": [1],
        "productOrService": render_concept(claim_data.visit.kind),
        "servicedDate": claim_data.visit.day.isoformat(),
        "unitPrice": _render_dollars(claim_data.amount),
        "net": _render_dollars(claim_data.amount),
        "encounter": [refer_to_encounter(person.id, claim_data.visit.number)],
    }


def _render_dollars(amount: float) -> Json:
    return {"value": amount, "currency": "USD"}


def _render_consent(person: Person, decision: Agreement) -> Json:
    rule = ("OPTIN", "opt-in") if decision.permits else ("OPTOUT", "op-out")
    return {
        "resourceType": "Consent",
        "id": part_of(person.id, "j", 1),
        "status": "active",
        "scope": _PRIVACY,
        "category": [_CATEGORY],
        "patient": render_reference("Patient", person.id),
        "dateTime": decision.decided.isoformat(),
        "performer": [render_reference("Patient", person.id)],
        "organization": [render_reference("Organization", ORGANIZATION)],
        "policyRule": make_concept(TERMS + "v3-ActCode", *rule),
        "provision": {"type": "permit" if decision.permits else "deny", "period": {"start": decision.decided.isoformat()}},
    }
