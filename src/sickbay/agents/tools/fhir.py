"""The tool fhir: a GET below a FHIR base, as an app would send it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote

from sickbay.agents.addresses import find_app, find_app_id, list_hospitals
from sickbay.agents.api import NO_RESPONSE, ApiAnswer, RequestRefused, SickbayApi, quote_segment
from sickbay.agents.harmless import is_scope
from sickbay.agents.result import ToolResult, refuse
from sickbay.agents.tools.explain import EXAMPLE_PATIENT
from sickbay.diagnosis.catalogue import BY_ID
from sickbay.services.redaction import vocabulary

ENTRIES: Final = 5
PATH_CHARACTERS: Final = 2_000
TOLD: Final = tuple(
    """id status name gender birthDate code category subject valueQuantity effectiveDateTime onsetDateTime authoredOn period
    start medicationCodeableConcept type text""".split()
)
"""Members of a resource that an outline contains."""
_TRAVERSAL: Final = re.compile(r"(?:^|/)(?:\.|%2e){1,2}(?:/|$)", re.I)


async def run(api: SickbayApi, arguments: Mapping[str, Any]) -> ToolResult:
    hospitals = {hospital["name"]: hospital for hospital in await list_hospitals(api)}
    hospital = hospitals.get(arguments.get("tenant") or "general")
    if hospital is None:
        raise RequestRefused(404, {})
    version = arguments.get("version") or next(iter(hospital["fhir"]))
    if version not in hospital["fhir"]:
        known = ", ".join(hospital["fhir"])
        return refuse(f"This hospital doesn't serve this version. It serves {known}.").add_next(
            "sandbox", "Shows it.", action="status"
        )
    base = hospital["fhir"][version]
    path = _path_below_base(arguments["path"].strip(), base)
    if path is None:
        text = "path must be relative to the FHIR base, such as Patient?name=peters."
        return refuse(text).add_next("fhir", "An example.", path="Patient/p-0001", tenant=hospital["name"])
    token = await api.find_token(arguments["token"]) if arguments.get("token") else ""
    if token is None:
        return refuse("This isn't a token handle.").add_next("apps", "Choose an app, then call token.", action="list")
    root = base.removeprefix(hospital["ehr"].removesuffix(f"/{hospital['name']}/ehr"))
    result = _describe_answer(await api.send("GET", f"{root}/{path}", token=token or ""))
    return await _add_token(api, result) if result.shown["status"] == 401 else result


async def _add_token(api: SickbayApi, result: ToolResult) -> ToolResult:
    """Adds the call that creates a new token for the same app, if known, because this token isn't accepted."""
    exchange = (await api.send("GET", f"/exchanges/{quote_segment(result.shown['exchange'])}")).read_json() or {}
    app_id = await find_app_id(api, exchange.get("app"))
    if app_id is None:
        return result.add_next("apps", "A token is needed: choose an app, then call token.", action="list")
    permitted = (await find_app(api, app_id))["scope"].split()
    scope = " ".join(name for name in permitted if is_scope(name) and name.startswith(("patient/", "user/", "system/")))
    patient = EXAMPLE_PATIENT if "patient/" in scope else None
    return (
        result.add_next("token", "A new token for the same app.", app=app_id, scope=scope, patient=patient) if scope else result
    )


def _path_below_base(path: str, base: str) -> str | None:
    """Returns the path below the base, percent-encoded if needed; None if it leads elsewhere."""
    below = path.removeprefix(f"{base}/").lstrip("/")
    if len(below) > PATH_CHARACTERS or "://" in below.partition("?")[0] or _TRAVERSAL.search(below.partition("?")[0]):
        return None
    return quote(below.partition("#")[0], safe="/?&=%:+,;|$@!*'()~._-")


def _describe_answer(answer: ApiAnswer) -> ToolResult:
    exchange = answer.headers.get("x-correlation-id", "")
    result = ToolResult({"status": answer.status, "exchange": exchange})
    if answer.status == NO_RESPONSE and not answer.body:
        result.shown["note"] = "No response came. An injected fault may be the reason."
        return result.add_next("faults", "Shows the active faults.", action="list")
    body = answer.read_json() if answer.is_whole else None
    if not isinstance(body, dict):
        result.shown["note"] = "The response isn't JSON." if answer.is_whole else "The response is too large. Add _count=5."
        return result.add_next("explain", "The request and its response.", id=exchange)
    kind = body.get("resourceType")
    result.shown["type"] = kind if kind in vocabulary.TYPES else "other"
    if kind == "Bundle":
        _add_entries(result, body)
    elif kind == "OperationOutcome":
        _add_issues(result, body)
    else:
        result.untrusted.add("resource", _outline_resource(body))
    return result.add_next("explain", "Explains the response, even an empty one.", id=exchange)


def _add_entries(result: ToolResult, bundle: dict[str, Any]) -> None:
    entries = [entry.get("resource") or {} for entry in bundle.get("entry") or () if isinstance(entry, dict)]
    types = Counter(str(resource.get("resourceType")) for resource in entries)
    total = bundle.get("total")
    result.shown |= {"total": total} if isinstance(total, int) else {}
    result.shown["entries"] = {name: number for name, number in types.items() if name in vocabulary.TYPES}
    result.shown |= {"left_out": len(entries) - ENTRIES} if len(entries) > ENTRIES else {}
    result.shown["has_next_page"] = any(link.get("relation") == "next" for link in bundle.get("link") or ())
    result.untrusted.add("resources", [_outline_resource(resource) for resource in entries[:ENTRIES]])


def _add_issues(result: ToolResult, outcome: dict[str, Any]) -> None:
    """Adds the rules that an OperationOutcome names, but not its texts, which quote the request."""
    issues = outcome.get("issue") or []
    codes = [coding.get("code") for issue in issues for coding in (issue.get("details") or {}).get("coding") or ()]
    result.shown["rules"] = [code for code in dict.fromkeys(codes) if code in BY_ID]
    result.untrusted.add("diagnostics", [issue.get("diagnostics") for issue in issues[:3]])


def _outline_resource(resource: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": resource.get("resourceType")} | {
        name: _shorten_element(resource[name]) for name in TOLD if name in resource
    }


def _shorten_element(value: Any) -> Any:
    """Returns the text of a concept, the first item of a list, or the unchanged narrative."""
    if isinstance(value, list):
        return _shorten_element(value[0]) if value else None
    if isinstance(value, dict):
        return next((value[name] for name in ("text", "div", "display", "reference", "family") if name in value), value)
    return value
