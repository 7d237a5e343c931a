"""The index of rules finds exactly what a search through the whole catalogue finds, even if its rules are read on demand."""

from __future__ import annotations

import subprocess
import sys

import pytest
from msgspec import structs
from tests.laws import for_each

from sickbay.diagnosis.catalogue import BY_ID, INDEX, RULES
from sickbay.diagnosis.rule_index import build_index, find_rule, load_index

NAMES = sorted({name for rule in RULES for name in (rule.id, rule.explains) if name})
STAGES = sorted({stage for rule in RULES for stage in (rule.stage, *rule.at)})


@pytest.mark.parametrize("stage", [*STAGES, "unknown"])
def test_every_rule_that_advises_on_a_stage_is_found_under_its_condition_in_the_order_of_the_catalogue(stage: str) -> None:
    groups = INDEX.advising.get(stage, {})
    advising = [rule for rule in RULES if rule.advises and (rule.stage == stage or stage in rule.at)]
    assert sorted((rule for group in groups.values() for rule in group), key=RULES.index) == advising
    assert all(group == tuple(rule for rule in advising if rule.condition == condition) for condition, group in groups.items())


@for_each("name", [*NAMES, "unknown"])
def test_every_rule_that_may_explain_a_refusal_is_found_and_the_general_one_is_last(name: str) -> None:
    specific = [rule for rule in RULES if rule.explains == name and rule.id != name]
    assert INDEX.explaining.get(name, ()) == (*specific, *(rule for rule in RULES if rule.id == name))


def test_a_rule_that_lists_its_own_stage_again_is_found_once() -> None:
    rule = next(rule for rule in RULES if rule.advises)
    again = structs.replace(rule, at=(rule.stage,))
    assert build_index([again]).advising == {rule.stage: {again.condition: (again,)}}


def test_positions_are_those_of_the_catalogue() -> None:
    assert sorted(INDEX.places, key=INDEX.places.__getitem__) == [rule.id for rule in RULES]


def test_the_rules_that_are_read_when_they_are_needed_are_those_of_the_catalogue() -> None:
    found = load_index()
    assert {stage: groups for stage in found.advising if (groups := found.advising[stage])} == INDEX.advising
    assert dict(found.explaining) == INDEX.explaining
    assert found.places == INDEX.places
    assert found.advising.get("unknown", {}) == {}
    assert {id: find_rule(id) for id in found.places} == BY_ID


def test_only_the_files_of_rules_that_a_request_needs_are_read() -> None:
    code = "import sys\nfrom sickbay.diagnosis import rule_index\nrule_index.load_index().explaining['aud-missing']\n"
    code += "print(*(name for name in sys.modules if name.startswith('sickbay.diagnosis.rules.')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [
        "sickbay.diagnosis.rules.authorize",
        *(f"sickbay.diagnosis.rules.authorize.{name}" for name in ("aud", "resource")),
    ]
