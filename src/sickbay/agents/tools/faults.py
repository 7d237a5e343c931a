"""The tool faults: makes Sickbay misbehave, and moves its clock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sickbay.agents.addresses import find_app
from sickbay.agents.api import SickbayApi, ask, quote_segment
from sickbay.agents.harmless import is_harmless
from sickbay.agents.result import ToolResult, refuse
from sickbay.faults.kinds import list_kinds, list_presets
from sickbay.kernel.clock_moves import parse_move
from sickbay.kernel.similar_names import find_closest

SHOWN: Final = 20
MOVES: Final[dict[str, dict[str, Any]]] = {"freeze": {"frozen": True}, "real": {"offset": 0, "frozen": False}}


async def run(api: SickbayApi, arguments: Mapping[str, Any]) -> ToolResult:
    action = arguments.get("action", "add" if arguments.get("fault") else "list")
    if "clock" in arguments and (wrong := await _move_clock(api, arguments["clock"])):
        return wrong
    if action == "add":
        fault = arguments.get("fault") or {}
        if wrong := _check_kind(fault):
            return wrong
        if isinstance(fault.get("app"), str):
            fault = fault | {"app": (await find_app(api, fault["app"]))["app_id"]}
        await ask(api, "POST", "/admin/faults", fault)
    elif action == "clear":
        id = arguments.get("id")
        await ask(api, "DELETE", f"/admin/faults/{quote_segment(id)}" if id else "/admin/faults")
    return await _describe_faults(api)


async def _move_clock(api: SickbayApi, move: str) -> ToolResult | None:
    seconds = parse_move(move)
    body = MOVES.get(move) or ({"advance": seconds} if seconds is not None else None)
    if body is None:
        return refuse("`clock` must be a time span with a sign or a command: +2h, -30m, freeze or real.").add_next(
            "faults", "An example.", clock="+2h"
        )
    await ask(api, "POST", "/admin/clock", body)
    return None


def _check_kind(fault: Mapping[str, Any]) -> ToolResult | None:
    """Returns a result with the nearest kind or preset; None if the fault names an existing one."""
    by_name = {"kind": list(list_kinds()), "preset": list(list_presets())}
    for name, known in by_name.items():
        if fault.get(name) in known:
            return None
    sent = str(fault.get("kind") or fault.get("preset") or "")
    closest = find_closest(sent, by_name["kind"]) or "status"
    result = refuse("fault needs the kind or preset of a fault that exists.")
    result.shown |= {"kinds": by_name["kind"], "presets": by_name["preset"]}
    example = {"kind": "status", "status": 503, "times": 1} if closest == "status" else {"kind": closest, "times": 1}
    return result.add_next("faults", "The nearest kind.", action="add", fault=example)


async def _describe_faults(api: SickbayApi) -> ToolResult:
    listed = await ask(api, "GET", "/admin/faults")
    faults = listed.get("faults", ()) if isinstance(listed, dict) else listed
    result = ToolResult({"faults": [_outline_fault(fault) for fault in faults[:SHOWN]]})
    result.shown |= {"left_out": len(faults) - SHOWN} if len(faults) > SHOWN else {}
    result.shown["clock"] = await ask(api, "GET", "/admin/clock")
    written = {
        str(fault["id"]): _select_untrusted_members(fault) for fault in faults[:SHOWN] if _select_untrusted_members(fault)
    }
    result.untrusted.add("faults", written)
    if faults:
        result.add_next("faults", "Ends all faults.", action="clear")
    return result.add_next("exchanges", "Requests that met a fault.", outcome="injected", limit=10)


def _outline_fault(fault: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fault.items() if name == "id" or is_harmless(value) or name == "kind"}


def _select_untrusted_members(fault: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fault.items() if name not in _outline_fault(fault)}
