"""Reads allergies from a record: the patient's allergies, a statement that there are none, or no information."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sickbay.web.ehr.chart import Resource, concept_text, get_first_value
from sickbay.web.ehr.views import Allergies, Fact

SNOMED: Final = "http://snomed.info/sct"
IPS: Final = "http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips"
NONE_KNOWN: Final = frozenset(((SNOMED, "716186003"), (SNOMED, "160244002"), (IPS, "no-known-allergies")))
"""Codes that state that the patient has no known allergy."""
NONE_OF_A_KIND: Final = {
    (SNOMED, "409137002"): "No known drug allergies",
    (SNOMED, "429625007"): "No known food allergies",
    (SNOMED, "428607008"): "No known environmental allergies",
    (SNOMED, "428197003"): "No known insect allergies",
    (SNOMED, "716184000"): "No known latex allergies",
    (SNOMED, "716220001"): "No known animal allergies",
    (IPS, "no-known-medication-allergies"): "No known drug allergies",
    (IPS, "no-known-food-allergies"): "No known food allergies",
    (IPS, "no-known-environmental-allergies"): "No known environmental allergies",
}
"""Codes that state it for one kind of allergies."""
NOTHING_SAID: Final = frozenset(((IPS, "no-allergy-info"),))
"""Codes that state that nothing is known."""
ENDED: Final = frozenset(("inactive", "resolved", "refuted", "entered-in-error"))
"""Status values (named differently in each FHIR version) of an allergy that the patient doesn't have now."""


def summarise_allergies(resources: Iterable[Resource]) -> Allergies:
    """resources: AllergyIntolerance in any FHIR version. The severe ones come first."""
    current = [resource for resource in resources if not _has_ended(resource)]
    statements = [text for resource in current if (text := _absence_statement(resource))]
    facts = [
        _allergy_fact(resource) for resource in current if not _absence_statement(resource) and not _says_nothing(resource)
    ]
    facts.sort(key=lambda fact: not fact.alarm)
    return Allergies(tuple(facts), "" if facts else ", ".join(dict.fromkeys(statements)))


def _substance_of(resource: Resource) -> Any:
    """DSTU2 names it `substance`."""
    return resource.get("code") or resource.get("substance")


def _codes_of_concept(concept: Any) -> list[tuple[str, str]]:
    codings = concept.get("coding") or () if isinstance(concept, Mapping) else ()
    return [(str(coding.get("system") or ""), str(coding.get("code") or "")) for coding in codings]


def _absence_statement(resource: Resource) -> str:
    """The statement that there are none, or none of a kind; "" if it is an allergy. Without a code, its text counts."""
    concept = _substance_of(resource)
    codes = _codes_of_concept(concept)
    if NONE_KNOWN & {*codes}:
        return "No known allergies"
    kind = next((NONE_OF_A_KIND[code] for code in codes if code in NONE_OF_A_KIND), "")
    text = concept_text(concept)
    return kind or (text if not codes and text.lower().startswith("no known") else "")


def _says_nothing(resource: Resource) -> bool:
    concept = _substance_of(resource)
    return bool(NOTHING_SAID & {*_codes_of_concept(concept)}) or not (concept_text(concept) or resource.get("reaction"))


def _has_ended(resource: Resource) -> bool:
    statuses = [resource.get(name) for name in ("clinicalStatus", "verificationStatus", "status")]
    return any(
        status in ENDED if isinstance(status, str) else ENDED & {code for _, code in _codes_of_concept(status)}
        for status in statuses
    )


def _allergy_fact(resource: Resource) -> Fact:
    """R5 and R4 have several reactions, each with several manifestations, DSTU2 too; the first one is shown."""
    reaction = get_first_value(resource.get("reaction")) or {}
    manifestation = get_first_value(reaction.get("manifestation"))
    effect = concept_text(manifestation.get("concept") or manifestation if isinstance(manifestation, Mapping) else None).lower()
    severe = resource.get("criticality") in ("high", "CRITH") or reaction.get("severity") == "severe"
    since = str(resource.get("onsetDateTime") or resource.get("onset") or "")[:4]
    return Fact(
        concept_text(_substance_of(resource)) or "an unnamed substance",
        more=since,
        detail=effect,
        alarm=effect or "severe" if severe else "",
    )
