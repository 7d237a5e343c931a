"""A decision is a value that nothing changes after it is made, and its stage has everything that depends on the stage."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

import sickbay
from sickbay.authorization.scopes.negotiation import TokenSummary
from sickbay.diagnosis import stages
from sickbay.diagnosis.catalogue import RULES
from sickbay.diagnosis.evidence import answer
from sickbay.diagnosis.kinds import KINDS, Kind
from sickbay.diagnosis.stages import STAGES, Stage
from sickbay.kernel.checks import Examination
from sickbay.services.decision import Decision

SOURCES = Path(sickbay.__file__).parent
DECLARED = [value for value in vars(stages).values() if isinstance(value, Stage)]


def assign(tree: ast.Module) -> list[ast.Attribute]:
    """Every attribute that a statement sets."""
    return [node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)]


def test_nothing_sets_an_attribute_of_a_decision() -> None:
    assignments = [
        f"{path.relative_to(SOURCES)}:{attribute.lineno}"
        for path in SOURCES.rglob("*.py")
        for attribute in assign(ast.parse(path.read_text(encoding="utf-8")))
        if "decision" in ast.unparse(attribute.value).split(".")
    ]
    assert assignments == []


def test_every_stage_is_in_the_list() -> None:
    assert [*STAGES.values()] == DECLARED


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_every_kind_of_input_belongs_to_a_stage_that_has_rules(kind: Kind) -> None:
    assert kind.stage in STAGES.values()
    assert kind.stage.name in {rule.stage for rule in RULES}


@pytest.mark.parametrize("stage", [stage for stage in STAGES.values() if stage.examiner.recheck], ids=lambda stage: stage.name)
def test_a_stage_with_corrected_requests_has_inputs_and_can_write_them(stage: Stage[Any, Any]) -> None:
    inputs = [name for name, kind in KINDS.items() if kind.stage is stage]
    assert inputs
    assert stage.examiner.to_evidence is not answer.to_evidence


def test_what_was_granted_is_summarised_once_and_only_when_it_is_read() -> None:
    summaries = [TokenSummary(wanted=True)]
    decision: Decision[Any, Any] = Decision(stages.TOKEN, None, None, Examination(()), negotiation=summaries.pop)
    assert len(summaries) == 1
    assert decision.given is decision.given
    assert decision.given == TokenSummary(wanted=True)
    without: Decision[Any, Any] = Decision(stages.TOKEN, None, None, Examination(()))
    assert without.given is None
