"""A decision is a value: nothing changes it after it was made, and its stage says everything that depends on the stage."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import sickbay
from sickbay.diagnosis import stages
from sickbay.diagnosis.catalogue import RULES
from sickbay.diagnosis.evidence import answer
from sickbay.diagnosis.stages import KINDS, Stage

SOURCES = Path(sickbay.__file__).parent
STAGES = {name: value for name, value in vars(stages).items() if isinstance(value, Stage)}


def assigned(tree: ast.Module) -> list[ast.Attribute]:
    """Every attribute that a statement sets."""
    return [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)]


def test_nothing_sets_an_attribute_of_a_decision() -> None:
    found = [
        f"{path.relative_to(SOURCES)}:{one.lineno}"
        for path in SOURCES.rglob("*.py")
        for one in assigned(ast.parse(path.read_text(encoding="utf-8")))
        if "decision" in ast.unparse(one.value).split(".")
    ]
    assert found == []


def test_each_stage_has_a_name_of_its_own() -> None:
    assert len({stage.name for stage in STAGES.values()}) == len(STAGES)


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_an_input_is_of_a_declared_stage_for_which_there_are_rules(kind: stages.Kind) -> None:
    assert kind.stage in STAGES.values()
    assert kind.stage.name in {rule.stage for rule in RULES}


@pytest.mark.parametrize("stage", [one for one in STAGES.values() if one.recheck], ids=lambda one: one.name)
def test_a_stage_whose_requests_are_corrected_has_checks_and_can_write_them(stage: Stage) -> None:
    of_stage = [name for name, kind in KINDS.items() if kind.stage is stage]
    assert of_stage
    assert stage.to_evidence is not answer.to_evidence
