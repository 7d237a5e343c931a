"""What the doctor found, as text: findings and the corrected request, from their JSON."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from sickbay.cli.output import as_json
from sickbay.diagnosis.fresh_pkce import fill

MARKS = {"error": "✗", "warning": "!", "info": "i"}


def finding_text(one: Mapping[str, Any]) -> str:
    """one: `Finding.to_json`."""
    because = f", from [{one['because']}]" if one.get("because") else ""
    return "\n".join(
        (
            f"{MARKS[one['severity']]} {one['title']}  [{one['id']}]{because}",
            f"  {one['why']}",
            f"  → {one['fix']}",
            f"  {one['spec']['name']}: {one['spec']['url']}",
        )
    )


def sent_text(corrected: Mapping[str, Any]) -> str:
    """The request as a URL if it is nothing else, with a new PKCE pair in place of the placeholder."""
    verifier = secrets.token_urlsafe(32)
    filled = fill(corrected, verifier)
    if filled is None:
        return _request_text(corrected)
    note = "code_challenge belongs to this new code_verifier. Keep it for the token request; Sickbay doesn't store it."
    return f"{_request_text(filled)}\n\n  {note}\n\n  {verifier}"


def _request_text(corrected: Mapping[str, Any]) -> str:
    shown = {key: value for key, value in corrected.items() if key not in ("kind", "context")}
    return str(shown["url"]) if shown.keys() == {"url"} else as_json(shown).replace("\n", "\n  ")
