"""Formats findings and the corrected request as text."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any

from sickbay.cli.output import as_json
from sickbay.diagnosis.corrections import fill
from sickbay.diagnosis.likely_cause import LikelyCause

MARKS = {"error": "✗", "warning": "!", "info": "i"}


def finding_text(finding: Mapping[str, Any]) -> str:
    """finding: the JSON of `Finding.to_json`."""
    cause = f", caused by [{finding['because']}]" if finding.get("because") else ""
    return "\n".join(
        (
            f"{MARKS[finding['severity']]} {finding['title']}  [{finding['id']}]{cause}",
            f"  {finding['why']}",
            f"  → {finding['fix']}",
            f"  {finding['spec']['name']}: {finding['spec']['url']}",
        )
    )


def causes_text(causes: Sequence[LikelyCause]) -> str:
    """A numbered list. Each cause has the observation that confirms or excludes it, and the remedy."""
    return "\n".join(
        f"  {number}. {cause.title}  ({cause.confidence})\n     How to tell: {cause.why}\n     → {cause.fix}"
        for number, cause in enumerate(causes, 1)
    )


def sent_text(corrected: Mapping[str, Any]) -> str:
    """The request, as a URL or a registration if that is all of it. A placeholder for PKCE is replaced by a new pair."""
    verifier = secrets.token_urlsafe(32)
    filled = fill(corrected, verifier)
    if filled is None:
        return _request_text(corrected)
    note = "The code_challenge belongs to this new code_verifier. Keep it for the token request; Sickbay doesn't store it."
    return f"{_request_text(filled)}\n\n  {note}\n\n  {verifier}"


def _request_text(corrected: Mapping[str, Any]) -> str:
    shown = {key: value for key, value in corrected.items() if key not in ("kind", "context")}
    whole = next(iter(shown.values())) if shown.keys() <= {"url", "app"} and len(shown) == 1 else shown
    return whole if isinstance(whole, str) else as_json(whole).replace("\n", "\n  ")
