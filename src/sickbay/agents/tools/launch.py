"""The tool launch: creates an EHR launch of an app, as the chart does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sickbay.agents.addresses import find_app, list_own_urls
from sickbay.agents.api import SickbayApi, ask
from sickbay.agents.harmless import is_harmless
from sickbay.agents.result import ToolResult, refuse


async def run(api: SickbayApi, arguments: Mapping[str, Any]) -> ToolResult:
    app = await find_app(api, arguments["app"])
    if not app.get("launch_uri"):
        result = refuse("The app has no launch_uri, so it only launches standalone: open its own URL, then explain the app.")
        return result.add_next("explain", "The newest launch of the app.", app=app["app_id"])
    chosen = {
        name: arguments[name].removeprefix(f"{name.title()}/")
        for name in ("patient", "user", "encounter")
        if arguments.get(name)
    }
    created = await ask(api, "POST", "/admin/launches", {"app": app["app_id"], "tenant": app["tenant"], **chosen})
    own = await list_own_urls(api)
    shown = {"launch": created["timeline"], "app": app["app_id"], "tenant": app["tenant"]}
    result = ToolResult(shown | ({"iss": created["iss"]} if is_harmless(created["iss"], own) else {}))
    result.untrusted.add_url("url", created["url"])
    return result.add_next("explain", "After untrusted.url was opened: shows how far the launch got.", id=created["timeline"])
