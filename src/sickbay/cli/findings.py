"""What the doctor found, as text: findings and the corrected request, from their JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sickbay.cli.words import as_json

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
    """Its URL, where it is nothing else."""
    shown = {key: value for key, value in corrected.items() if key not in ("kind", "context")}
    return str(shown["url"]) if shown.keys() == {"url"} else as_json(shown).replace("\n", "\n  ")
