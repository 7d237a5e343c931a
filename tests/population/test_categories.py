"""Every category in the population can be named on the consent page."""

from __future__ import annotations

from typing import Any

from tests.population.test_generate import everything

from sickbay.authorization.login.consent_categories import list_categories

OLDER = ("http://hl7.org/fhir/us/core/CodeSystem/us-core-tags", "sdoh")
"""US Core 5's category, which always stands next to the one of later versions."""


def codings(resource: dict[str, Any]) -> list[tuple[str, str]]:
    concepts = resource.get("category", [])
    return [(coding["system"], coding["code"]) for concept in concepts for coding in concept.get("coding", ())]


def test_a_scope_can_be_limited_to_each_category_of_the_population() -> None:
    missing = {
        (resource["resourceType"], *coding)
        for resource in everything("r4")
        if (offered := list_categories("r4", resource["resourceType"]))
        for coding in codings(resource)
        if coding != OLDER and coding not in {(category.system, category.code) for category in offered}
    }
    assert missing == set()
