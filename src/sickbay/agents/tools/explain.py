"""The tool explain: explains an exchange or a launch, and says what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from sickbay.agents import exchange_outline, findings
from sickbay.agents.addresses import find_app, find_app_id, list_own_urls, read_id
from sickbay.agents.api import SickbayApi, ask, make_path, quote_segment
from sickbay.agents.exchange_outline import is_refused
from sickbay.agents.result import ToolResult, refuse
from sickbay.agents.untrusted import Untrusted
from sickbay.authorization.authorize.default_scopes import PICKER
from sickbay.protocol.parameters import parse

EXAMPLE_PATIENT: Final = "p-0001"
"""The id of a patient that every population has."""
SHOWN_STEPS: Final = 12


async def run(api: SickbayApi, arguments: Mapping[str, Any]) -> ToolResult:
    wanted = arguments.get("id")
    id = read_id(wanted) if wanted else await _find_newest(api, arguments.get("app"))
    if id is None:
        return _report_not_found(
            "This isn't the id or URL of an exchange or a launch." if wanted else "Nothing is recorded yet."
        )
    exchange = await api.send("GET", f"/exchanges/{quote_segment(id)}")
    if exchange.status == 200:
        return await _explain_exchange(api, exchange.read_json(), is_full=arguments.get("detail") == "full")
    launch = await api.send("GET", f"/admin/launches/{quote_segment(id)}")
    if launch.status == 200:
        return await _explain_launch(api, id, launch.read_json())
    return _report_not_found(
        "There is no exchange and no launch with this id. Exchanges are kept for a day, refused ones for a week."
    )


def _report_not_found(text: str) -> ToolResult:
    result = refuse(text).add_next("exchanges", "Lists the newest requests with their ids.", limit=10)
    return result.add_next("apps", "Lists the apps, to launch one.", action="list")


async def _find_newest(api: SickbayApi, app: str | None) -> str | None:
    """Returns the newest launch of an app or, if there is none, the newest refusal."""
    if app is not None:
        client_id = (await find_app(api, app))["client_id"]
        launches = await ask(api, "GET", make_path("/admin/launches", app=client_id))
        newest = launches or await ask(api, "GET", make_path("/admin/exchanges", app=client_id, limit=1))
    else:
        newest = await ask(api, "GET", "/exchanges?q=is%3Arefused&limit=1")
    return str(newest[0]["id"]) if newest else None


async def _explain_exchange(api: SickbayApi, entry: dict[str, Any], *, is_full: bool) -> ToolResult:
    app_id = await find_app_id(api, entry.get("app"))
    result = exchange_outline.describe(entry, await list_own_urls(api), app_id, is_full=is_full)
    return _suggest_after_exchange(result, entry, app_id, list(entry.get("findings") or ()))


def _suggest_after_exchange(result: ToolResult, entry: dict[str, Any], app_id: str | None, found: list[Any]) -> ToolResult:
    if is_refused(entry) and app_id and entry["stage"] in ("authorize", "launch", "login", "token", "refresh"):
        if _is_standalone(entry.get("corrected")):
            why = "When the app sends `corrected`: open the app's own page, without an EHR launch. This shows how far it got."
            result.add_next("explain", why, app=app_id)
        else:
            why = "When the app sends `corrected`: launch it again, and open the URL."
            result.add_next("launch", why, app=app_id, patient=EXAMPLE_PATIENT)
    if is_refused(entry) and not app_id:
        result.add_next("apps", "Lists the registered apps, to compare the client_id and redirect URIs.", action="list")
    if entry.get("launch"):
        result.add_next("explain", "Shows the whole launch and what it waits for.", id=entry["launch"])
    if found and found[0]["id"]:
        result.add_next("rules", "Shows the rule with an example.", id=found[0]["id"])
    return result if result.next else result.add_next("exchanges", "Lists the newest requests.", limit=10)


def _is_standalone(corrected: Mapping[str, Any] | None) -> bool:
    """Whether the corrected request belongs to an app that starts without an EHR launch."""
    sent = parse(urlsplit(str((corrected or {}).get("url") or "")).query)
    return PICKER in (sent.get("scope") or "").split() and not sent.get("launch")


async def _explain_launch(api: SickbayApi, id: str, launch: dict[str, Any]) -> ToolResult:
    own, untrusted = await list_own_urls(api), Untrusted()
    app_id = await find_app_id(api, launch.get("app"))
    timeline = (await api.send("GET", f"/timelines/{quote_segment(id)}")).read_json() or {}
    exchanges = list(timeline.get("exchanges") or ())
    shown: dict[str, Any] = {
        "launch": id,
        "tenant": launch.get("tenant"),
        "state": launch["state"],
        **({"app": app_id} if app_id else {}),
        "steps": [_describe_step(exchange) for exchange in exchanges[-SHOWN_STEPS:]],
    }
    left_out = max(0, len(exchanges) - SHOWN_STEPS) + int(timeline.get("left_out") or 0)
    shown |= {"steps_left_out": left_out} if left_out else {}
    if waiting := launch.get("waiting_for"):
        shown["waiting_for"] = {"step": waiting["step"], "seconds": waiting["seconds"]}
    causes = [findings.reword({"severity": "info", **cause}, own, untrusted) for cause in launch["causes"]]
    shown |= {"likely_causes": causes[: findings.WHOLE_FINDINGS]} if causes else {}
    untrusted.add("client_id", launch.get("app"))
    refused = next((each["id"] for each in reversed(exchanges) if is_refused(each)), None)
    refused = refused or await _find_stray_refusal(api, launch, app_id)
    return _suggest_after_launch(ToolResult(shown, untrusted), id, launch, refused, app_id)


async def _find_stray_refusal(api: SickbayApi, launch: Mapping[str, Any], app_id: str | None) -> str | None:
    """Returns the app's newest refused request since the last step of a launch that names another launch or none."""
    waiting = launch.get("waiting_for")
    if not waiting or not app_id:
        return None
    lines = await ask(api, "GET", make_path("/exchanges", q=f'app:"{app_id}" is:refused', limit=1))
    return next((line["id"] for line in lines if line["at"] >= waiting["since"]), None)


def _describe_step(exchange: Mapping[str, Any]) -> dict[str, Any]:
    worst = next((found["id"] for found in exchange.get("findings") or () if found["severity"] == "error"), None)
    step = {"exchange": exchange["id"], "stage": exchange["stage"], "status": exchange["response"]["status"]}
    return step | ({"refused_by": worst} if worst else {})


def _suggest_after_launch(
    result: ToolResult, id: str, launch: Mapping[str, Any], refused: str | None, app_id: str | None
) -> ToolResult:
    if launch["state"] == "worked":
        base = {"tenant": launch.get("tenant")}
        result.add_next("fhir", "The launch worked. Reads data as any app may: get a token first.", path="metadata", **base)
    elif refused:
        result.add_next("explain", "The app's last request that was refused.", id=refused)
    elif launch["state"] == "running":
        result.add_next("explain", "Look again once the app has sent its next request.", id=id)
    elif result.shown.get("likely_causes"):
        result.add_next("rules", "Shows the likeliest cause.", id=result.shown["likely_causes"][0].get("id"))
    if app_id and launch["state"] != "worked":
        result.add_next("launch", "Launches the app again after a change.", app=app_id, patient=EXAMPLE_PATIENT)
        result.add_next("exchanges", "Other requests of the app, such as ones that name no launch.", app=app_id, limit=10)
    return result
