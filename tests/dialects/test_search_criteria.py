"""The dialects require the same search parameters as the vendors in the shared list."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sickbay.authorization.access.search import parse_criteria
from sickbay.dialects.dialect import load
from sickbay.fhir.search.parameters import find, known_types

OTHER_TYPES = {"Patient", "OperationDefinition", "StructureDefinition"}
"""Another policy refuses searches for all patients, and definitions have no required parameters."""
LISTS = [("cerner", "r4", "cerner_r4_2024_2026"), ("cerner", "dstu2", "cerner_dstu2_2024")]


@pytest.mark.parametrize(("dialect", "version", "name"), LISTS)
def test_every_type_requires_the_parameters_in_the_list(dialect: str, version: str, name: str, shared: Path) -> None:
    listed = json.loads((shared / "facts" / "vendor-search-rules.json").read_text())[name]
    policy = load(dialect).policy
    required, alone = parse_criteria(policy["search_criteria"]), set(policy["search_alone"])
    for type, rule in listed.items():
        if type in OTHER_TYPES:
            continue
        if rule["any_of"]:
            assert tuple(rule["any_of"]) in required[version, type], type
        else:
            assert (version, type) not in required
        assert (f"{version} {type}" in alone) is ("_id" in rule.get("exclusive", ())), type
        if rule.get("requires"):
            assert len(required[version, type]) == 2, type


def test_the_other_vendor_requires_a_patient_and_for_observations_a_category(shared: Path) -> None:
    listed = json.loads((shared / "facts" / "vendor-search-rules.json").read_text())["epic_r4_2026"]
    required = parse_criteria(load("epic").policy["search_criteria"])
    assert {type for _, type in required} == set(listed) - OTHER_TYPES
    assert all("patient" in required["r4", type][0] for type in set(listed) - OTHER_TYPES)
    assert required["r4", "Observation"][1] == ("_id", "category", "code")


@pytest.mark.parametrize("dialect", ["cerner", "epic"])
def test_required_parameters_exist_in_the_fhir_version(dialect: str) -> None:
    """At least one alternative of each criterion is a search parameter of that FHIR version."""
    for (version, type), alternatives in parse_criteria(load(dialect).policy["search_criteria"]).items():
        assert type in known_types(version)
        for names in alternatives:
            assert any(find(version, type, name.partition(".")[0]) for name in names), (type, names)
