"""The shared exchanges: every id that is expected is reported, and none that must not be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sickbay.diagnosis.kinds import KINDS
from sickbay.doctor.diagnose import diagnose, diagnose_line

KINDS_HERE = ("authorize_url", "launch_url", "redirect_url", "error_page_url", "registration")


def lines(shared: Path) -> list[dict[str, Any]]:
    text = (shared / "cases" / "exchanges.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("kind", KINDS_HERE)
def test_exchanges_have_the_expected_findings_and_no_forbidden_ones(shared: Path, kind: str) -> None:
    wrong = {}
    for line in (line for line in lines(shared) if line["input"]["kind"] == kind):
        severities = {finding["id"]: finding["severity"] for finding in diagnose_line(line)["findings"]}
        loud = {id for id, severity in severities.items() if severity != "info"}
        banned = set(line.get("must_not", ()))
        extra = (severities.keys() & banned) | (loud if "*" in banned else set())
        missing = set(line["expect"]) - severities.keys()
        if missing or extra:
            wrong[line["id"]] = {"missing": missing, "extra": extra}
    assert kind in KINDS
    assert not wrong


def test_a_corrected_request_is_not_refused_again(shared: Path) -> None:
    wrong = []
    for line in (line for line in lines(shared) if line["input"]["kind"] in KINDS_HERE):
        corrected = diagnose_line(line)["corrected"]
        if corrected is not None:
            refusals = diagnose(corrected).examination.refusals
            wrong += [(line["id"], refusal.name) for refusal in refusals]
    assert not wrong


def test_a_line_that_cannot_be_read_has_no_findings_and_says_so() -> None:
    for line, id, word in (
        ({"id": "x", "input": {"kind": "telepathy"}}, "x", "telepathy"),
        ({"id": "x", "input": {"kind": ["launch_url"]}}, "x", "launch_url"),
        ({"id": "x"}, "x", "input"),
        ([], None, "a JSON object"),
    ):
        result = diagnose_line(line)
        assert word in result.pop("trouble")
        assert result == {"id": id, "findings": [], "corrected": None}
