"""Claim, ExplanationOfBenefit, Consent and Media as STU3 and DSTU2 have them."""

from __future__ import annotations

from typing import Any

from sickbay.population.render.changing import code_of, renamed, without
from sickbay.population.render.common import Json

_RULES = {"OPTIN": "http://hl7.org/fhir/ConsentPolicy/opt-in", "OPTOUT": "http://hl7.org/fhir/ConsentPolicy/opt-out"}


def _money(amount: Json) -> Json:
    """Before R4 an amount of money was a quantity."""
    return {"value": amount["value"], "system": "urn:iso:std:iso:4217", "code": amount["currency"]}


def _item(item: Json) -> Json:
    changed = renamed(item, careTeamSequence="careTeamLinkId", productOrService="service")
    changed.update(unitPrice=_money(item["unitPrice"]), net=_money(item["net"]))
    if "adjudication" in item:
        changed["adjudication"] = [{**each, "amount": _money(each["amount"])} for each in item["adjudication"]]
    return changed


def claim_stu3(one: Json) -> Json:
    changed = {**one, "use": "complete", "item": [_item(each) for each in one["item"]], "total": _money(one["total"])}
    return renamed(changed, provider="organization")


def benefit_stu3(one: Json) -> Json:
    """outcome was a concept, and the totals were two elements."""
    cost, benefit = (_money(each["amount"]) for each in one["total"])
    changed = {
        **without(one, "use", "total"),
        "outcome": {"coding": [{"system": "http://hl7.org/fhir/remittance-outcome", "code": one["outcome"]}]},
        "insurance": without(one["insurance"][0], "focal"),
        "item": [_item(each) for each in one["item"]],
        "totalCost": cost,
        "totalBenefit": benefit,
    }
    return renamed(changed, provider="organization")


def consent_stu3(one: Json) -> Json:
    changed = {**without(one, "scope", "provision"), "policyRule": _RULES[code_of(one["policyRule"])]}
    return renamed({**changed, "period": one["provision"]["period"]}, performer="consentingParty")


def media_stu3(one: Json) -> Json:
    return renamed({**without(one, "status"), "type": "photo"}, encounter="context", createdDateTime="occurrenceDateTime")


def media_dstu2(one: Json) -> Json:
    return {**without(one, "status", "encounter", "createdDateTime"), "type": "photo"}


def _coding(concept: Json) -> Any:
    return concept["coding"][0]


def claim_dstu2(one: Json) -> Json:
    insurance, item = one["insurance"][0], one["item"][0]
    relationship = {"code": "self", "display": "Self"}
    return {
        "resourceType": "Claim",
        "id": one["id"],
        "type": code_of(one["type"]),
        "identifier": one["identifier"],
        "created": one["created"],
        "target": one["insurer"],
        "organization": one["provider"],
        "use": "complete",
        "priority": _coding(one["priority"]),
        "patient": one["patient"],
        "coverage": [{**insurance, "relationship": relationship}],
        "item": [
            {
                "sequence": 1,
                "type": {
                    "system": "http://hl7.org/fhir/v3/ActCode",
                    "code": "CSINV",
                    "display": "clinical service invoice",
                },
                "provider": one["careTeam"][0]["provider"],
                "service": _coding(item["productOrService"]),
                "serviceDate": item["servicedDate"],
                "unitPrice": _money(item["unitPrice"]),
                "net": _money(item["net"]),
            }
        ],
    }


def benefit_dstu2(one: Json) -> Json:
    return {
        "resourceType": "ExplanationOfBenefit",
        "id": one["id"],
        "identifier": one["identifier"],
        "request": one["claim"],
        "outcome": one["outcome"],
        "disposition": one["disposition"],
        "created": one["created"],
        "organization": one["insurer"],
        "requestOrganization": one["provider"],
    }
