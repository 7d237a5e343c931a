"""What people paste is explained: the cause and the remedy are named, and nothing that would be false is said.

Each line of `pastes/*.jsonl` is a paste in the format of the shared cases (`cases/realworld/README.md`), with `source`, the
thread that it was rewritten from.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from sickbay.diagnosis.pasted_text import diagnose_text

FOLDER = Path(__file__).parent / "pastes"
CASES = [json.loads(line) for path in sorted(FOLDER.glob("*.jsonl")) for line in path.read_text("utf-8").splitlines() if line]


def answer(paste: str) -> str:
    """What the first three findings and the list of causes say."""
    try:
        diagnosis = diagnose_text(paste)[1]
    except ValueError:
        return ""
    findings = [f"{finding.title}\n{finding.why}\n{finding.fix}" for finding in diagnosis.explanation.findings[:3]]
    return "\n".join([*findings, *(" ".join(cause) for cause in diagnosis.causes)])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_the_cause_and_the_remedy_are_named(case: dict[str, Any]) -> None:
    text = answer(case["paste"])
    for group in case["says"]:
        assert any(re.search(pattern, text, re.I | re.S) for pattern in group), (group, text)
    assert [pattern for pattern in case["never"] if re.search(pattern, text, re.I | re.S)] == []


def test_no_two_pastes_have_the_same_id_and_each_names_its_source() -> None:
    ids = [case["id"] for case in CASES]
    assert len(set(ids)) == len(ids)
    assert [case["id"] for case in CASES if not case.get("source")] == []
