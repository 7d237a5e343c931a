"""The tool policies: shows the settings of a hospital, and which of them differ from its vendor's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sickbay.agents.api import SickbayApi, ask, quote_segment
from sickbay.agents.harmless import is_harmless
from sickbay.agents.result import ToolResult, refuse
from sickbay.authorization.policy import SETTINGS
from sickbay.kernel.english import join
from sickbay.kernel.similar_names import find_closest

SHOWN: Final = 15


async def run(api: SickbayApi, arguments: Mapping[str, Any]) -> ToolResult:
    path = f"/admin/policies/{quote_segment(arguments['tenant'])}"
    changes = arguments.get("set")
    if changes and (unknown := [name for name in changes if name not in SETTINGS]):
        closest = [name for name in (find_closest(name, SETTINGS) for name in unknown[:5]) if name]
        hint = f" Did you mean {join(closest, 'or')}?" if closest else ""
        named = {"query": closest[0]} if closest else {}
        result = refuse(f"There is no such setting.{hint}")
        return result.add_next("policies", "Shows the settings.", tenant="general", **named)
    policy = await ask(api, "PATCH", path, changes) if changes else await ask(api, "GET", path)
    return _describe_policy(policy, arguments.get("query", "").lower())


def _describe_policy(policy: Mapping[str, Any], query: str) -> ToolResult:
    tenant = policy["tenant"]
    result = ToolResult({"tenant": tenant})
    for shown_name, name in (("changed", "chosen"), ("from_file", "file")):
        _add_choices(result, shown_name, policy[name])
    matching = {
        name: value
        for name, value in policy["policy"].items()
        if query and query in f"{name} {SETTINGS[name].description}".lower()
    }
    _add_choices(result, "settings", dict(list(matching.items())[:SHOWN]))
    if query:
        left = len(matching) - SHOWN
        result.shown |= {"meanings": {name: SETTINGS[name].description for name in list(matching)[:SHOWN]}}
        result.shown |= {"left_out": left} if left > 0 else {}
    else:
        result.shown["names"] = sorted(policy["policy"])
    return result.add_next("policies", "What they mean.", tenant=tenant, query="pkce") if not query else result


def _add_choices(result: ToolResult, name: str, values: Mapping[str, Any]) -> None:
    """Adds settings with a fixed set of values. The values of others are the administrator's words."""
    ours = {setting: value for setting, value in values.items() if setting in SETTINGS and _is_chosen(setting, value)}
    result.shown[name] = ours
    result.untrusted.add(name, {setting: value for setting, value in values.items() if setting not in ours})


def _is_chosen(setting: str, value: Any) -> bool:
    return is_harmless(value) or (bool(SETTINGS[setting].choices) and not SETTINGS[setting].fault(value))
