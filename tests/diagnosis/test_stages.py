"""There is one list of stages. What a rule doesn't declare follows from its folder and from the refusal that it explains."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import sickbay
from sickbay.authorization import refusals
from sickbay.diagnosis import case
from sickbay.diagnosis.catalogue import BY_ID, RULES
from sickbay.diagnosis.rule import Rule
from sickbay.diagnosis.rule_file import default_outcome, find_refusal, read_texts
from sickbay.diagnosis.rules import FILES
from sickbay.diagnosis.stages import REQUEST, STAGES, Stage, find_stage

RULES_FOLDER = Path(sickbay.__file__).parent / "diagnosis" / "rules"
TEXTS = {place: tuple(read_texts(place)) for place in FILES}
VALUES = (Path(__file__).parent / "rule_values.tsv").read_text(encoding="utf-8")
"""ID, stage, severity and outcome of the rules, as others know them. Lines are added, and never change."""
NAMES = (
    "access app_state authorize backend browser client_authentication clock discovery id_token introspection launch login "
    "logout pkce redirect refresh registration revocation search throttle token userinfo answer request"
)
"""The names that exchanges, filters and metrics have had, and must keep."""


def differs(rule: Rule) -> bool:
    return (rule.explains is not None and rule.severity != "error") or rule.outcome != default_outcome(
        rule.explains, rule.stage
    )


def test_a_rule_keeps_its_stage_its_severity_and_its_outcome() -> None:
    kept = [line.split("\t") for line in VALUES.splitlines()]
    assert len(kept) >= 356
    rules = [BY_ID[id] for id, *_ in kept]
    severities = ["by facts" if callable(rule.severity) else rule.severity for rule in rules]
    now = [[rule.id, rule.stage, severity, rule.outcome] for rule, severity in zip(rules, severities, strict=True)]
    assert now == kept


def test_the_names_of_stages_are_kept() -> None:
    assert set(STAGES) >= set(NAMES.split())


@pytest.mark.parametrize("stage", STAGES.values(), ids=list(STAGES))
def test_a_stage_has_a_title_and_the_stage_that_it_is_part_of_has_requests_of_its_own(stage: Stage[Any, Any]) -> None:
    assert stage.title
    assert not stage.part_of or not STAGES[stage.part_of].part_of


def test_a_name_that_is_no_stage_is_shown_as_a_request() -> None:
    assert find_stage("of-a-newer-version") is REQUEST


def test_the_stage_of_a_rule_is_the_folder_of_its_file_and_of_its_case() -> None:
    cases = {id: path.parent.name for id, path in case.list_paths().items()}
    files = {text.id: place.partition(".")[0] for place, texts in TEXTS.items() for text in texts}
    folders = {rule.id: STAGES[rule.stage].name for rule in RULES}
    assert files == folders
    assert {id: cases[id] for id in folders} == folders


def test_the_catalogue_has_every_file_of_rules() -> None:
    files = {path.relative_to(RULES_FOLDER).with_suffix("").as_posix().replace("/", ".") for path in RULES_FOLDER.rglob("*.md")}
    assert files == set(FILES)


def test_no_rule_declares_its_stage_or_that_it_is_an_error() -> None:
    texts = [text for texts in TEXTS.values() for text in texts]
    assert len(texts) == len(RULES)
    assert [text.id for text in texts if "stage" in text.fields or text.fields.get("severity") == "error"] == []


def test_no_rule_declares_the_refusal_that_has_its_id() -> None:
    texts = [text for texts in TEXTS.values() for text in texts]
    assert [text.id for text in texts if text.fields.get("explains") == text.id] == []
    assert len({text.id for text in texts if find_refusal(text.id, text.fields.get("explains")) == text.id}) > 200


def test_no_rule_declares_the_outcome_that_follows() -> None:
    outcomes = {text.id: text.fields["outcome"] for texts in TEXTS.values() for text in texts if "outcome" in text.fields}
    assert [id for id, outcome in outcomes.items() if outcome == default_outcome(BY_ID[id].explains, BY_ID[id].stage)] == []


def test_a_rule_that_differs_from_its_refusal_says_why_in_a_sentence_and_no_other_does() -> None:
    assert [rule.id for rule in RULES if differs(rule) != bool(rule.differs)] == []
    reasons = [rule.differs for rule in RULES if rule.differs]
    assert [text for text in reasons if len(text.split()) < 4 or not text.endswith(".") or not text[0].isupper()] == []


def test_four_of_five_rules_follow_from_their_refusals() -> None:
    explaining = [rule for rule in RULES if rule.explains]
    assert sum(not rule.differs for rule in explaining) / len(explaining) > 0.8


def test_every_explained_refusal_has_a_general_declaration() -> None:
    assert {rule.explains for rule in RULES if rule.explains} <= set(refusals.index_refusals())
