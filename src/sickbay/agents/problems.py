"""Turns what went wrong in a tool into a result with the next call."""

from __future__ import annotations

from typing import Any, Final

from sickbay.agents.api import CannotStart, NotRunning, RequestRefused
from sickbay.agents.findings import outline
from sickbay.agents.result import ToolResult, refuse

EXPECTED: Final = (NotRunning, CannotStart, RequestRefused)
_APP_NEEDED: Final = frozenset(("apps", "launch", "token", "explain", "exchanges", "faults"))


def describe(tool: str, error: Exception) -> ToolResult:
    """error: one of EXPECTED."""
    if isinstance(error, NotRunning):
        result = refuse("No Sickbay is running. doctor, rules and docs work without one.")
        return result.then("sandbox", "Starts Sickbay on this machine.", action="start")
    if isinstance(error, RequestRefused):
        return _describe_refusal(tool, error)
    return refuse(str(error))


def _describe_refusal(tool: str, error: RequestRefused) -> ToolResult:
    """What /admin says may quote what was sent, so it is in `untrusted`."""
    text = {
        404: "There is nothing with this name or id.",
        409: "The name is ambiguous or taken.",
        422: "Sickbay refused these values.",
        429: "Too many wrong admin tokens. Wait, and try again.",
        403: "Only the user who runs this Sickbay may do this, or a client with the admin token.",
    }.get(error.status, f"Sickbay answered with status {error.status}.")
    result = refuse(text)
    details = [str(error.problem.get(name) or "") for name in ("title", "detail")]
    result.untrusted.add("message", " ".join(filter(None, details)))
    findings: Any = error.problem.get("findings")
    if isinstance(findings, list) and findings:
        result.shown |= outline(findings, (), result.untrusted)
    if error.status in (404, 409) and tool in _APP_NEEDED:
        return result.then("apps", "Lists the apps with their app_id.", action="list")
    return result.then("sandbox", "Shows hospitals, FHIR versions and users.", action="status")
