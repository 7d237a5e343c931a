"""The categories that a user can choose for a type, with the code systems that R4 and later use."""

from __future__ import annotations

from collections import Counter

import pytest

from sickbay.authorization.login.consent_categories import LOINC, SNOMED, TERMS, US_CORE, Category, list_categories

OBSERVATIONS = f"{TERMS}observation-category"
CONDITIONS = f"{TERMS}condition-category"
US_CORE_CATEGORY = f"{US_CORE}us-core-category"
SDOH = Category("social determinants of health", "sdoh", US_CORE_CATEGORY)


@pytest.mark.parametrize(
    ("version", "type", "systems"),
    [
        ("dstu2", "Observation", {"": 9}),
        ("stu3", "Observation", {"": 9}),
        ("dstu2", "Condition", {}),
        ("stu3", "Condition", {"": 2}),
        ("stu3", "ServiceRequest", {}),
        ("r4", "Observation", {OBSERVATIONS: 9, f"{US_CORE}us-core-observation-category": 1, US_CORE_CATEGORY: 7}),
        ("r5", "Condition", {CONDITIONS: 2, f"{US_CORE}condition-category": 1, US_CORE_CATEGORY: 1}),
        ("r4", "DiagnosticReport", {f"{TERMS}v2-0074": 3, LOINC: 3}),
        ("r4", "ServiceRequest", {US_CORE_CATEGORY: 1, SNOMED: 7}),
        ("r4", "Patient", {}),
    ],
)
def test_each_version_has_the_categories_of_its_code_systems(version: str, type: str, systems: dict[str, int]) -> None:
    assert Counter(category.system or "" for category in list_categories(version, type)) == systems


def test_the_categories_of_us_core_come_after_those_of_fhir() -> None:
    observations, conditions = list_categories("r4", "Observation"), list_categories("r4", "Condition")
    assert observations[0] == Category("lab results", "laboratory", OBSERVATIONS)
    assert observations[9:11] == (
        Category("clinical tests", "clinical-test", f"{US_CORE}us-core-observation-category"),
        SDOH,
    )
    assert conditions[1:] == (
        Category("visit diagnoses", "encounter-diagnosis", CONDITIONS),
        Category("health concerns", "health-concern", f"{US_CORE}condition-category"),
        SDOH,
    )
