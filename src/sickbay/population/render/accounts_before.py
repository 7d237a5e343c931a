"""Converts Claim, ExplanationOfBenefit, Consent and Media from R4 to STU3 and DSTU2."""

from __future__ import annotations

from typing import Any

from sickbay.population.render.changing import code_of, leave_out, rename_elements
from sickbay.population.render.common import Json

_RULES = {"OPTIN": "http://hl7.org/fhir/ConsentPolicy/opt-in", "OPTOUT": "http://hl7.org/fhir/ConsentPolicy/opt-out"}


def _money_as_quantity(amount: Json) -> Json:
    """Returns an amount of money as a quantity, which it was before R4."""
    return {"value": amount["value"], "system": "urn:iso:std:iso:4217", "code": amount["currency"]}


def _convert_item(item: Json) -> Json:
    changed = rename_elements(item, careTeamSequence="careTeamLinkId", productOrService="service")
    changed.update(unitPrice=_money_as_quantity(item["unitPrice"]), net=_money_as_quantity(item["net"]))
    if "adjudication" in item:
        changed["adjudication"] = [
            {**adjudication, "amount": _money_as_quantity(adjudication["amount"])} for adjudication in item["adjudication"]
        ]
    return changed


def claim_stu3(claim: Json) -> Json:
    changed = {
        **claim,
        "use": "complete",
        "item": [_convert_item(item) for item in claim["item"]],
        "total": _money_as_quantity(claim["total"]),
    }
    return rename_elements(changed, provider="organization")


def benefit_stu3(benefit: Json) -> Json:
    """Converts to STU3, where outcome is a concept and the totals are two elements."""
    cost, paid = (_money_as_quantity(total["amount"]) for total in benefit["total"])
    changed = {
        **leave_out(benefit, "use", "total"),
        "outcome": {"coding": [{"system": "http://hl7.org/fhir/remittance-outcome", "code": benefit["outcome"]}]},
        "insurance": leave_out(benefit["insurance"][0], "focal"),
        "item": [_convert_item(item) for item in benefit["item"]],
        "totalCost": cost,
        "totalBenefit": paid,
    }
    return rename_elements(changed, provider="organization")


def consent_stu3(consent: Json) -> Json:
    changed = {**leave_out(consent, "scope", "provision"), "policyRule": _RULES[code_of(consent["policyRule"])]}
    return rename_elements({**changed, "period": consent["provision"]["period"]}, performer="consentingParty")


def media_stu3(media: Json) -> Json:
    return rename_elements(
        {**leave_out(media, "status"), "type": "photo"}, encounter="context", createdDateTime="occurrenceDateTime"
    )


def media_dstu2(media: Json) -> Json:
    return {**leave_out(media, "status", "encounter", "createdDateTime"), "type": "photo"}


def _get_first_coding(concept: Json) -> Any:
    return concept["coding"][0]


def claim_dstu2(claim: Json) -> Json:
    insurance, item = claim["insurance"][0], claim["item"][0]
    relationship = {"code": "self", "display": "Self"}
    return {
        "resourceType": "Claim",
        "id": claim["id"],
        "type": code_of(claim["type"]),
        "identifier": claim["identifier"],
        "created": claim["created"],
        "target": claim["insurer"],
        "organization": claim["provider"],
        "use": "complete",
        "priority": _get_first_coding(claim["priority"]),
        "patient": claim["patient"],
        "coverage": [{**insurance, "relationship": relationship}],
        "item": [
            {
                "sequence": 1,
                "type": {"system": "http://hl7.org/fhir/v3/ActCode", "code": "CSINV", "display": "clinical service invoice"},
                "provider": claim["careTeam"][0]["provider"],
                "service": _get_first_coding(item["productOrService"]),
                "serviceDate": item["servicedDate"],
                "unitPrice": _money_as_quantity(item["unitPrice"]),
                "net": _money_as_quantity(item["net"]),
            }
        ],
    }


def benefit_dstu2(benefit: Json) -> Json:
    return {
        "resourceType": "ExplanationOfBenefit",
        "id": benefit["id"],
        "identifier": benefit["identifier"],
        "request": benefit["claim"],
        "outcome": benefit["outcome"],
        "disposition": benefit["disposition"],
        "created": benefit["created"],
        "organization": benefit["insurer"],
        "requestOrganization": benefit["provider"],
    }
