"""The dialects want of a search what the vendors want, as the shared list has it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sickbay.authorization.search import criteria
from sickbay.dialects.dialect import load
from sickbay.fhir.search.parameters import find, known_types

ASKED_OTHERWISE = {"Patient", "OperationDefinition", "StructureDefinition"}
"""All patients are refused by a policy of its own; definitions are not asked for by name."""
LISTS = [("cerner", "r4", "cerner_r4_2024_2026"), ("cerner", "dstu2", "cerner_dstu2_2024")]


@pytest.mark.parametrize(("dialect", "version", "name"), LISTS)
def test_every_type_of_the_list_wants_what_the_list_says(dialect: str, version: str, name: str, shared: Path) -> None:
    listed = json.loads((shared / "facts" / "vendor-search-rules.json").read_text())[name]
    policy = load(dialect).policy
    wanted, alone = criteria(policy["search_criteria"]), set(policy["search_alone"])
    for type, rule in listed.items():
        if type in ASKED_OTHERWISE:
            continue
        if rule["any_of"]:
            assert tuple(rule["any_of"]) in wanted[version, type], type
        else:
            assert (version, type) not in wanted
        assert (f"{version} {type}" in alone) is ("_id" in rule.get("exclusive", ())), type
        if rule.get("requires"):
            assert len(wanted[version, type]) == 2, type


def test_the_other_vendor_s_types_want_a_patient_and_observations_a_category_too(shared: Path) -> None:
    listed = json.loads((shared / "facts" / "vendor-search-rules.json").read_text())["epic_r4_2026"]
    wanted = criteria(load("epic").policy["search_criteria"])
    assert {type for _, type in wanted} == set(listed) - ASKED_OTHERWISE
    assert all("patient" in wanted["r4", type][0] for type in set(listed) - ASKED_OTHERWISE)
    assert wanted["r4", "Observation"][1] == ("_id", "category", "code")


@pytest.mark.parametrize("dialect", ["cerner", "epic"])
def test_what_is_wanted_can_be_given(dialect: str) -> None:
    """Of each criterion one alternative at least is a search parameter that the version has."""
    for (version, type), alternatives in criteria(load(dialect).policy["search_criteria"]).items():
        assert type in known_types(version)
        for each in alternatives:
            assert any(find(version, type, one.partition(".")[0]) for one in each), (type, each)
