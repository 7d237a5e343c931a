"""What a failed test shows: why Sickbay refused its requests, and its exchanges as files."""

from __future__ import annotations

import json
import re
from pathlib import Path

from .har import har
from .sandbox_client import SandboxClient, SickbayError

EXPLAINED = 5
"""How many refusals are explained."""


def diagnosis(client: SandboxClient) -> str:
    """The explanations of the refused exchanges. "" if there are none, or if the server is gone."""
    try:
        refused = client.refusals()
        more = [f"… and {len(refused) - EXPLAINED} more"] if len(refused) > EXPLAINED else []
        return "\n\n".join([*(_brief(client.explanation(entry["id"])) for entry in refused[:EXPLAINED]), *more])
    except (SickbayError, OSError, RuntimeError):
        return ""


def _brief(explanation: str) -> str:
    """The explanation without the list of checks at its end."""
    return explanation.partition("\nChecks (")[0].rstrip()


def keep(client: SandboxClient, folder: Path, test: str) -> str:
    """Writes the exchanges of a test to FOLDER/TEST.har. Returns where they are; "" if the server is gone."""
    name = re.sub(r"[^\w.-]+", "-", test).strip("-")[-150:]
    file = folder / f"{name}.har"
    try:
        exchanges = [client.admin.get(f"/exchanges/{exchange['id']}") for exchange in client.exchanges()][::-1]
    except SickbayError:
        return ""
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(har(exchanges), indent=1), encoding="utf-8")
    return f"{file} (examine it: sickbay doctor {file})"
