"""The shared exchanges without their context, as developers paste them: most faults are still found, without false alarms."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from sickbay.diagnosis.doctor import diagnose
from sickbay.diagnosis.rule import Finding

ENOUGH = 0.75
"""The share of the faulty exchanges whose expected findings must all be reported. The others need the registration."""


def lines(shared: Path) -> list[dict[str, Any]]:
    text = (shared / "cases" / "exchanges.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def findings(line: dict[str, Any]) -> dict[str, Finding]:
    evidence = {name: value for name, value in line["input"].items() if name != "context"}
    return {finding.id: finding for finding in diagnose(evidence).explanation.findings}


def test_three_quarters_of_the_faulty_exchanges_are_explained_without_their_context(shared: Path) -> None:
    faulty = [line for line in lines(shared) if line["expect"]]
    wrong = {}
    for line in faulty:
        reported = findings(line)
        missing, extra = set(line["expect"]) - reported.keys(), set(line["must_not"]) & reported.keys()
        if missing or extra:
            wrong[line["id"]] = (missing, extra)
    assert len(wrong) <= (1 - ENOUGH) * len(faulty), wrong


def test_no_forbidden_finding_is_reported_without_the_context(shared: Path) -> None:
    for line in lines(shared):
        reported = findings(line)
        loud = {id for id, finding in reported.items() if finding.severity != "info"}
        assert not (loud if line["must_not"] == ["*"] else set(line["must_not"]) & reported.keys()), line["id"]


def test_an_error_never_rests_on_a_guess(shared: Path) -> None:
    guessed = [finding for line in lines(shared) for finding in findings(line).values() if "guess" in finding.facts]
    assert guessed
    for finding in guessed:
        assert finding.severity != "error"
        assert finding.degree != "certain"
        assert finding.facts["guess"] in finding.why
