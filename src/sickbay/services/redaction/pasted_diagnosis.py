"""A diagnosis of pasted text as JSON, without the secrets of the text: for the command and the tools of agents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sickbay.doctor.diagnose import Diagnosis
from sickbay.doctor.verdict import Verdict
from sickbay.services.redaction import pasted_secrets


def mask_diagnosis(evidence: Mapping[str, Any], diagnosis: Diagnosis) -> dict[str, Any]:
    """The diagnosis as JSON, without the secrets of the text. evidence: its first exchange."""
    return pasted_secrets.hide_secrets(_to_json(diagnosis), evidence, diagnosis.pieces)


def describe_nothing(reason: str) -> dict[str, Any]:
    """The JSON for a text that can't be examined."""
    return {"findings": [], "corrected": None, "recognised": [], "help": reason}


def _to_json(diagnosis: Diagnosis) -> dict[str, Any]:
    findings = [finding.to_json() for finding in diagnosis.explanation.findings]
    recognised = {"recognised": diagnosis.recognised} if diagnosis.recognised else {}
    causes = {"causes": [cause.to_json() for cause in diagnosis.causes]} if diagnosis.causes else {}
    related = {"related": [topic.to_json() for topic in diagnosis.related]} if diagnosis.related else {}
    if diagnosis.verdict == Verdict.UNKNOWN:  # advice about a part of the text isn't an answer to it
        return describe_nothing(diagnosis.help) | ({"advice": findings} if findings else {}) | causes | related
    shown = {"verdict": diagnosis.verdict, "findings": findings, "corrected": diagnosis.corrected}
    return shown | recognised | causes | related
