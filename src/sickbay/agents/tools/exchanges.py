"""The tool exchanges: a list of requests, newest first."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from sickbay.agents.addresses import find_app
from sickbay.agents.api import RequestRefused, SickbayApi, make_path
from sickbay.agents.exchange_outline import describe_request, format_time, is_refused
from sickbay.agents.findings import title_of
from sickbay.agents.result import ToolResult, refuse
from sickbay.diagnosis.catalogue import BY_ID
from sickbay.diagnosis.stages import STAGES
from sickbay.kernel.similar_names import find_closest

SHOWN: Final = 15
COUNTED: Final = 1_000
"""Number at which the server stops counting."""
_FORMS: Final = {
    "status": re.compile(r"[1-5][0-9x]{2}"),
    "rule": re.compile(r"\*?[a-z0-9-]{1,60}\*?"),
    "tenant": re.compile(r"[a-z0-9-]{1,40}"),
    "cursor": re.compile(r"\d{1,19}\.\d{1,6}", re.A),
}
OUTCOMES: Final = ("refused", "failed", "granted", "injected")
_FILTERS: Final = {"tenant": "hospital", "stage": "stage", "status": "status", "rule": "rule", "outcome": "is"}
"""Maps an argument to its filter of GET /exchanges."""


async def run(api: SickbayApi, arguments: Mapping[str, Any]) -> ToolResult:
    if wrong := _check_filter(arguments):
        return wrong
    words = [f"{_FILTERS[name]}:{arguments[name]}" for name in _FILTERS if arguments.get(name)]
    app_id = None
    if arguments.get("app"):
        app = await find_app(api, arguments["app"])
        app_id = app["app_id"]
        words.append(f'app:"{app_id}"')
    limit = arguments.get("limit", SHOWN)
    before, _, seen = arguments.get("cursor", "").partition(".")
    answer = await api.send("GET", make_path("/exchanges", q=" ".join(words), limit=limit, before=before))
    lines = answer.read_json()
    if answer.status != 200 or not isinstance(lines, list):
        raise RequestRefused(answer.status, lines if isinstance(lines, dict) else {})
    result = _describe_lines(lines)
    total, past = int(answer.headers.get("x-total-count", "0")), int(seen or 0) + len(lines)
    harmless = {name: arguments[name] for name in (*_FILTERS, "limit") if name in arguments}
    if lines and total > past:
        result.shown |= {"left_out": total - past} | ({"counted_to": COUNTED} if total >= COUNTED else {})
        result.shown["cursor"] = f"{lines[-1]['arrival']}.{past}"
        result.add_next("exchanges", "The older ones.", app=app_id, cursor=result.shown["cursor"], **harmless)
    if result.next:
        return result
    if lines:
        return result.add_next("explain", "The newest of this list.", id=lines[0]["id"])
    return result.add_next("launch" if app_id else "apps", "Nothing matches. Start here.", app=app_id)


def _check_filter(arguments: Mapping[str, Any]) -> ToolResult | None:
    """Returns a result that names the invalid filter; None if all are valid."""
    wrong = [name for name, form in _FORMS.items() if arguments.get(name) and not form.fullmatch(arguments[name])]
    stage = arguments.get("stage")
    if stage and stage not in STAGES:
        closest = find_closest(stage, STAGES)
        named = {"stage": closest} if closest else {}
        return refuse(f"There is no such stage. Stages: {', '.join(STAGES)}.").add_next("exchanges", "With a stage.", **named)
    if arguments.get("status") in OUTCOMES:
        return refuse("status is an HTTP status.").add_next("exchanges", "By outcome.", outcome=arguments["status"])
    rule = arguments.get("rule") or "*"
    if not wrong and "*" not in rule and rule not in BY_ID:
        closest = find_closest(rule, BY_ID)
        result = refuse("There is no rule with this id.")
        return result.add_next("exchanges", "With the most similar one.", rule=closest) if closest else _offer_rules(result)
    if not wrong:
        return None
    result = refuse(
        f"{wrong[0]} has the wrong format. Examples: status 4xx, rule pkce*, tenant general; cursor as it was returned."
    )
    return result.add_next("exchanges", "Without it.", limit=arguments.get("limit"))


def _offer_rules(result: ToolResult) -> ToolResult:
    return result.add_next("rules", "Searches rules.", query="invalid_grant")


def _describe_lines(lines: list[dict[str, Any]]) -> ToolResult:
    result = ToolResult({"exchanges": [_describe_line(line) for line in lines]})
    result.untrusted.add("requests", [_describe_request(line) for line in lines[:20]])
    refused = next((line["id"] for line in lines if is_refused(line)), None)
    return result.add_next("explain", "The newest refusal of this list.", id=refused) if refused else result


def _describe_line(line: Mapping[str, Any]) -> dict[str, Any]:
    worst = next(iter(line.get("findings") or ()), None)
    described = {"id": line["id"], "at": format_time(line), "tenant": line["tenant"], "stage": line["stage"]}
    described |= {"status": line["response"]["status"], "outcome": line["outcome"]}
    described |= {"launch": line["launch"]} if line.get("launch") else {}
    return described | ({"finding": worst["id"], "title": title_of(worst["id"])} if worst else {})


def _describe_request(line: Mapping[str, Any]) -> str:
    request = describe_request(line["request"])
    return f"{request['method']} {request['address']} client_id={line.get('app') or ''}"
