"""The tool token: an access token for a script, which no result contains."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sickbay.agents.addresses import find_app
from sickbay.agents.api import SickbayApi, ask
from sickbay.agents.harmless import is_harmless
from sickbay.agents.result import ToolResult


async def run(api: SickbayApi, arguments: Mapping[str, Any]) -> ToolResult:
    app = await find_app(api, arguments["app"])
    body = {"app": app["app_id"], "tenant": app["tenant"], "scope": arguments["scope"]}
    body |= {name: arguments[name].removeprefix("Patient/") for name in ("patient", "user") if arguments.get(name)}
    issued = await ask(api, "POST", "/admin/tokens", body)
    kept = await api.keep_token(issued["access_token"])
    shown: dict[str, Any] = {"token": kept.handle, "expires_in": issued.get("expires_in")}
    shown |= {"file": kept.file} if kept.file else {}
    result = ToolResult(shown)
    texts = {name: issued[name] for name in ("scope", "warnings") if name in issued}
    if is_harmless(issued.get("scope")):
        shown |= texts
    else:
        for name, text in texts.items():
            result.untrusted.add(name, text)
    path = "Patient/p-0001"
    return result.then("fhir", "Reads data with it.", path=path, token=kept.handle, tenant=app["tenant"], version=app["fhir"])
