"""The tool apps: lists, shows, registers and changes apps through /admin/apps.

Keys, secrets and addresses that Sickbay would fetch can't be set: only the command and `/admin` do that.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from sickbay.agents import findings
from sickbay.agents.addresses import find_app, list_hospitals, list_own_urls
from sickbay.agents.api import SickbayApi, ask, make_path, quote_segment
from sickbay.agents.definitions import APP_MEMBERS
from sickbay.agents.harmless import is_harmless
from sickbay.agents.result import ToolResult, refuse
from sickbay.agents.tools.explain import EXAMPLE_PATIENT
from sickbay.kernel.english import join
from sickbay.kernel.similar_names import find_closest

SHOWN: Final = 10
REQUIRED: Final = ("name", "type", "client", "scope")
EXAMPLE: Final = {
    "name": "My app",
    "type": "provider",
    "client": "public",
    "scope": "launch openid fhirUser patient/Patient.rs",
    "redirect_uris": ["http://localhost:3000/callback"],
    "launch_uri": "http://localhost:3000/launch",
}
_CHOSEN_MEMBERS: Final = (
    "app_id",
    "tenant",
    "type",
    "client",
    "fhir",
    "smart_version",
    "pkce",
    "native",
    "scope_mode",
    "token_lifetime",
)
"""Members whose values are from a fixed set."""
_WRITTEN_MEMBERS: Final = (
    "name",
    "client_id",
    "launch_uri",
    "redirect_uris",
    "post_logout_redirect_uris",
    "jwks_uri",
    "policy",
)
_BY_COMMAND: Final = frozenset(("jwks", "jwks_uri", "client_secret", "cards", "client_id"))


async def run(api: SickbayApi, arguments: Mapping[str, Any]) -> ToolResult:
    action = arguments.get("action", "show" if arguments.get("app") else "list")
    if action == "list":
        return await _list_apps(api, arguments)
    if action == "add":
        if wrong := _check_members(arguments.get("set"), REQUIRED):
            return wrong.add_next("apps", "An example.", action="add", set=EXAMPLE)
        if arguments["set"]["client"] == "asymmetric":
            result = refuse("An app with a private key needs its public keys, which an agent can't set. Use `sickbay apps`.")
            return result.add_next("apps", "An app with a secret.", action="add", set=EXAMPLE | {"client": "symmetric"})
        body = {"tenant": arguments.get("tenant") or "general"} | arguments["set"]
        return await _describe_app(api, await ask(api, "POST", "/admin/apps", body))
    if not arguments.get("app"):
        return refuse(f"{action} needs app, the app_id.").add_next("apps", "Lists the apps with their app_id.", action="list")
    app = await find_app(api, arguments["app"])
    path = f"/admin/apps/{quote_segment(app['app_id'])}"
    if action == "edit":
        if wrong := _check_members(arguments.get("set")):
            return wrong.add_next("apps", "An example.", action="edit", app=app["app_id"], set={"scope": EXAMPLE["scope"]})
        return await _describe_app(api, await ask(api, "PATCH", path, arguments["set"]))
    if action == "remove":
        await ask(api, "DELETE", path)
        return ToolResult({"removed": app["app_id"]}).add_next("apps", "Lists the others.", action="list")
    if action == "enable":
        return await _enable_app(api, path, arguments.get("tenant"), app)
    return await _describe_app(api, app)


async def _enable_app(api: SickbayApi, path: str, tenant: str | None, app: Mapping[str, Any]) -> ToolResult:
    if not tenant:
        others = (hospital["name"] for hospital in await list_hospitals(api) if hospital["name"] != app["tenant"])
        result = refuse("enable needs tenant, the other hospital.")
        return result.add_next("apps", "For example.", action="enable", app=app["app_id"], tenant=next(others, None))
    return await _describe_app(api, await ask(api, "POST", f"{path}/enable", {"tenant": tenant}))


async def _list_apps(api: SickbayApi, arguments: Mapping[str, Any]) -> ToolResult:
    apps = await ask(api, "GET", make_path("/admin/apps", tenant=arguments.get("tenant")))
    cursor = arguments.get("cursor", "0")
    start = int(cursor) if cursor.isascii() and cursor.isdigit() and len(cursor) < 8 else 0
    limit = arguments.get("limit", SHOWN)
    page = apps[start : start + limit]
    shown: dict[str, Any] = {
        "apps": [{name: app[name] for name in ("app_id", "tenant", "type", "client", "fhir")} for app in page]
    }
    result = ToolResult(shown)
    result.untrusted.add("apps", {app["app_id"]: {"name": app["name"], "client_id": app["client_id"]} for app in page[:20]})
    if (left := len(apps) - start - len(page)) > 0:
        shown |= {"left_out": left, "cursor": str(start + limit)}
        result.add_next("apps", "The next ones.", action="list", cursor=shown["cursor"], limit=limit)
    if page:
        return result.add_next("apps", "The newest one in full.", action="show", app=page[0]["app_id"])
    return result.add_next("apps", "Registers one.", action="add", set=EXAMPLE)


def _check_members(members: Any, required: Collection[str] = ()) -> ToolResult | None:
    """Returns a result that lists the members that may be registered; None if `set` has no others."""
    if not members:
        return refuse("set is missing: the members to register or to change.")
    unknown = [name for name in members if name not in APP_MEMBERS]
    missing = [name for name in required if name not in members]
    if not unknown and not missing:
        return None
    result = refuse(f"set lacks {join(missing)}." if missing else "set has a member that isn't known.")
    if not _BY_COMMAND.isdisjoint(unknown):
        result = refuse("Keys, secrets, client ids and cards can't be set by an agent. Use `sickbay apps`.")
    elif unknown and (closest := find_closest(unknown[0], APP_MEMBERS)):
        result = refuse(f"set has a member that isn't known. Did you mean {closest}?")
    result.shown["members"] = list(APP_MEMBERS)
    return result


async def _describe_app(api: SickbayApi, app: Mapping[str, Any]) -> ToolResult:
    own = await list_own_urls(api)
    result = ToolResult({name: app.get(name) for name in _CHOSEN_MEMBERS})
    if is_harmless(app["scope"]):
        result.shown["scope"] = app["scope"]
    else:
        result.untrusted.add("scope", app["scope"])
    for name in _WRITTEN_MEMBERS:
        result.untrusted.add(name, app.get(name))
    approval = app.get("auto_approve")
    result.shown["auto_approve"] = approval is not None
    result.untrusted.add("auto_approve", approval)
    await _add_secret(api, result, app.get("client_secret"))
    if app.get("findings"):
        result.shown |= findings.outline(app["findings"], own, result.untrusted)
    if app["type"] == "system":
        return result.add_next("exchanges", "Lists its requests.", app=app["app_id"], limit=10)
    result.add_next("launch", "Launches the app.", app=app["app_id"], patient=EXAMPLE_PATIENT)
    return result.add_next("explain", "Explains its newest launch.", app=app["app_id"])


async def _add_secret(api: SickbayApi, result: ToolResult, secret: str | None) -> None:
    """Adds a new client secret, which is shown once. Over stdio it goes to a private file."""
    if not secret:
        return
    file = await api.keep_secret(secret)
    result.shown |= {"client_secret_file": file} if file else {"client_secret": secret}
