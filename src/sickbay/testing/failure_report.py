"""The report of a failed test: why its requests were refused, what its launches wait for, and its exchanges as files."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from .har import make_har
from .sandbox_client import SandboxClient, SickbayError

EXPLAINED = 5
"""Maximum number of refusals and launches that are explained."""
QUIET_SECONDS = 2
"""A launch that has waited less than this probably doesn't matter to the test that failed."""


def explain_refusals(client: SandboxClient, shown: str = "") -> str:
    """The explanations of the refused exchanges. "" if there are none, or if the server is gone.

    shown: the message of the failure. What it explains, as that of assert_no_refusals does, is left out.
    """
    try:
        refused = [entry for entry in client.refusals() if f"Correlation ID: {entry['id']}" not in shown]
        more = [f"… and {len(refused) - EXPLAINED} more"] if len(refused) > EXPLAINED else []
        return "\n\n".join([*(_drop_checks(client.explanation(entry["id"])) for entry in refused[:EXPLAINED]), *more])
    except (SickbayError, OSError, RuntimeError):
        return ""


def describe_waiting_launches(client: SandboxClient) -> str:
    """What the launches of the test wait for, the newest first, with the likeliest cause. "" if they wait for nothing."""
    try:
        launches = client.admin.get("/admin/launches")
    except (SickbayError, OSError, RuntimeError):
        return ""
    quiet = [launch for launch in launches if _is_quiet(launch)]
    return "\n\n".join(_describe_waiting_launch(launch, client.base) for launch in quiet[:EXPLAINED])


def _is_quiet(launch: dict[str, Any]) -> bool:
    """Whether the launch has waited so long that a user would notice. A launch that worked needs nothing more."""
    step = launch.get("waiting_for")
    return launch.get("state") in ("running", "stalled") and step is not None and step["seconds"] >= QUIET_SECONDS


def _describe_waiting_launch(launch: dict[str, Any], base: str) -> str:
    lines = [f"{launch['waiting_for']['text']}."]
    lines += [f"Likely: {cause['title']}. {cause['fix']}" for cause in launch["causes"][:1]]
    return "\n".join([*lines, f"Launch: {base}/timelines/{launch['id']}"])


def _drop_checks(explanation: str) -> str:
    """The explanation without the list of checks at its end."""
    return explanation.partition("\nChecks (")[0].rstrip()


def write_har(client: SandboxClient, folder: Path, test: str) -> str:
    """Writes the exchanges of a test to FOLDER/TEST.har. Returns where they are; "" if the server is gone."""
    name = re.sub(r"[^\w.-]+", "-", test).strip("-")[-150:]
    file = folder / f"{name}.har"
    try:
        exchanges = [client.admin.get(f"/exchanges/{exchange['id']}") for exchange in client.exchanges()][::-1]
    except SickbayError:
        return ""
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(make_har(exchanges), indent=1), encoding="utf-8")
    return f"{file} (examine it: sickbay doctor {file})"
