"""The shared exchanges: every expected finding is reported, and no forbidden one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sickbay.doctor.diagnose import diagnose

KINDS = ("token_request", "fhir_request", "token_response", "smart_configuration", "http_exchange")


def cases(shared: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (shared / "cases" / "exchanges.jsonl").read_text().splitlines()]
    return [line for line in lines if line["input"]["kind"] in KINDS]


@pytest.mark.parametrize("kind", KINDS)
def test_exchanges_of_this_kind_have_exactly_the_expected_findings(shared: Path, kind: str) -> None:
    wrong = {}
    of_kind = [line for line in cases(shared) if line["input"]["kind"] == kind]
    assert of_kind
    for line in of_kind:
        severities = {finding.id: finding.severity for finding in diagnose(line["input"]).explanation.findings}
        loud = {id for id, severity in severities.items() if severity != "info"}
        forbidden = loud if line["must_not"] == ["*"] else set(line["must_not"]) & set(severities)
        if forbidden or not set(line["expect"]) <= set(severities):
            wrong[line["id"]] = (line["expect"], severities)
    assert wrong == {}
