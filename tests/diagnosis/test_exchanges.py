"""The shared exchanges: what must be said of each is said, and what must not be is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sickbay.diagnosis.doctor import diagnose

KINDS = ("token_request", "fhir_request", "token_response", "smart_configuration", "http_exchange")


def cases(shared: Path) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in (shared / "cases" / "exchanges.jsonl").read_text().splitlines()]
    return [one for one in lines if one["input"]["kind"] in KINDS]


@pytest.mark.parametrize("kind", KINDS)
def test_exchanges_of_a_kind_are_read_as_they_should_be(shared: Path, kind: str) -> None:
    wrong = {}
    of_kind = [one for one in cases(shared) if one["input"]["kind"] == kind]
    assert of_kind
    for one in of_kind:
        said = {finding.id: finding.severity for finding in diagnose(one["input"]).explanation.findings}
        loud = {id for id, severity in said.items() if severity != "info"}
        forbidden = loud if one["must_not"] == ["*"] else set(one["must_not"]) & set(said)
        if forbidden or not set(one["expect"]) <= set(said):
            wrong[one["id"]] = (one["expect"], said)
    assert wrong == {}
