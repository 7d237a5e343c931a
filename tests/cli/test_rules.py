"""`sickbay rules` lists the catalogue and explains a rule with its example."""

from __future__ import annotations

from tests.cli.command import sickbay

from sickbay.diagnosis.catalogue import RULES


def test_every_rule_is_listed_with_its_stage() -> None:
    listed = [line.split()[:2] for line in sickbay("rules").stdout.splitlines()[1:]]
    assert listed == [[rule.id, rule.stage] for rule in RULES]


def test_a_rule_is_explained_with_its_example() -> None:
    text = sickbay("rules", "state-missing").stdout
    assert "[state-missing]" in text
    assert "Fix: " in text
    assert "http://localhost:7425/general/oauth/authorize?" in text
