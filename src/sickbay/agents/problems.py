"""Turns an error of a tool into a result with the next call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sickbay.agents.addresses import list_hospitals
from sickbay.agents.api import CannotStart, NotRunning, RequestRefused, SickbayApi
from sickbay.agents.arguments import is_random_id, make_repeatable
from sickbay.agents.definitions import BY_NAME
from sickbay.agents.findings import outline
from sickbay.agents.result import ToolResult, refuse
from sickbay.authorization.policy import SETTINGS
from sickbay.kernel.english import join
from sickbay.kernel.similar_names import find_closest

EXPECTED: Final = (NotRunning, CannotStart, RequestRefused)
HOSPITAL_CHARACTERS: Final = 64
"""Maximum length of a text that can be a misspelt hospital name, in characters."""
_APP_NEEDED: Final = frozenset(("apps", "launch", "token", "explain", "exchanges", "faults"))


async def describe(api: SickbayApi, tool: str, arguments: Mapping[str, Any], error: Exception) -> ToolResult:
    """error: one of EXPECTED."""
    if isinstance(error, NotRunning):
        result = refuse("No Sickbay is running. doctor, rules and docs work without one.")
        return result.add_next("sandbox", "Starts Sickbay on this machine.", action="start")
    if isinstance(error, RequestRefused):
        return await _find_hospital(api, tool, arguments) or _describe_refusal(tool, arguments, error)
    return refuse(str(error))


async def _find_hospital(api: SickbayApi, tool: str, arguments: Mapping[str, Any]) -> ToolResult | None:
    """Returns the call for the hospital that was probably meant; None if the call names an existing one or none."""
    sent = arguments.get("tenant")
    try:
        names = [hospital["name"] for hospital in await list_hospitals(api)] if sent else []
    except EXPECTED:
        return None
    if not sent or sent in names:
        return None
    result = refuse(f"There is no such hospital. The hospitals are {join(names)}.")
    if closest := find_closest(sent, names, longest=HOSPITAL_CHARACTERS):
        result.add_next(
            tool, "The same call for the nearest name.", **make_repeatable(BY_NAME[tool], arguments) | {"tenant": closest}
        )
    return result.add_next("sandbox", "Shows hospitals, FHIR versions and users.", action="status")


def _describe_refusal(tool: str, arguments: Mapping[str, Any], error: RequestRefused) -> ToolResult:
    """Describes a refusal. Its text may quote the request, so it goes into `untrusted`."""
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
    return _add_next(result, tool, arguments, error.status)


def _add_next(result: ToolResult, tool: str, arguments: Mapping[str, Any], status: int) -> ToolResult:
    app = arguments.get("app", "")
    if tool == "faults" and arguments.get("id"):
        return result.add_next("faults", "Lists the faults with their id.", action="list")
    if status in (404, 409) and tool in _APP_NEEDED:
        return result.add_next("apps", "Lists the apps with their app_id.", action="list")
    if tool == "policies" and status == 422:
        words = [name for name in arguments.get("set", {}) if name in SETTINGS]
        return result.add_next(
            "policies", "What the setting can be.", tenant=arguments["tenant"], query=next(iter(words), None)
        )
    if tool == "launch" and arguments.get("patient") and is_random_id(app):
        result.add_next("launch", "Without a patient: the user chooses one.", app=app)
    if tool in ("launch", "token") and is_random_id(app):
        result.add_next("apps", "Shows what the app is registered for.", action="show", app=app)
    return result.add_next("sandbox", "Shows hospitals, FHIR versions and users.", action="status")
