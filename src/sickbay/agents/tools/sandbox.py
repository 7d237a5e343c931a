"""The tool sandbox: shows what is running, and starts or resets Sickbay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sickbay import __version__, population
from sickbay.agents.addresses import list_hospitals
from sickbay.agents.api import NotRunning, RequestRefused, SickbayApi, ask
from sickbay.agents.result import ToolResult, refuse

SHOWN_HOSPITALS: Final = 8


async def run(api: SickbayApi, arguments: Mapping[str, Any]) -> ToolResult:
    action = arguments.get("action", "status")
    if action == "reset":
        body = {"tenant": arguments["tenant"]} if arguments.get("tenant") else {}
        await ask(api, "POST", "/admin/reset", body)
        result = ToolResult({"reset": True, "kept": "Apps and users that were added."})
        return result.add_next("sandbox", "Shows what is there now.", action="status")
    if action == "start":
        if not api.is_local:
            text = "Only the tools over stdio (`sickbay mcp`) can start Sickbay, and this one runs already."
            return refuse(text).add_next("sandbox", "Shows it.", action="status")
        await api.start()
    return await _describe_hospitals(api, arguments.get("tenant"))


async def _describe_hospitals(api: SickbayApi, tenant: str | None) -> ToolResult:
    try:
        hospitals = await list_hospitals(api)
    except NotRunning:
        if not api.is_local:
            raise
        return ToolResult({"running": False}).add_next("sandbox", "Starts Sickbay on this machine.", action="start")
    wanted = [hospital for hospital in hospitals if tenant in (None, "", hospital["name"])]
    if not wanted:
        raise RequestRefused(404, {})
    shown = {
        "running": True,
        "version": __version__,
        "base": _fhir_base_of(hospitals[0]),
        "data": "Synthetic people only. Never load or send real patient data.",
        "hospitals": [_describe_hospital(hospital) for hospital in wanted[:SHOWN_HOSPITALS]],
        **({"left_out": len(wanted) - SHOWN_HOSPITALS} if len(wanted) > SHOWN_HOSPITALS else {}),
        "users": [user.username for user in population.list_users(1)],
        "clock": await ask(api, "GET", "/admin/clock"),
    }
    result = ToolResult(shown)
    result.untrusted.add("titles", {hospital["name"]: hospital["title"] for hospital in wanted if hospital["added"]})
    return result.add_next("apps", "Lists the registered apps.", action="list").add_next(
        "exchanges", "Lists what was requested."
    )


def _fhir_base_of(hospital: Mapping[str, Any]) -> str:
    return str(hospital["ehr"]).removesuffix(f"/{hospital['name']}/ehr")


def _describe_hospital(hospital: Mapping[str, Any]) -> dict[str, Any]:
    return {name: hospital[name] for name in ("name", "issuer", "fhir", "ehr")}
