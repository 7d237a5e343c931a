"""The tool doctor: explains a pasted text of any server, without contacting one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sickbay.agents import corrected, findings
from sickbay.agents.addresses import find_ids, list_own_urls
from sickbay.agents.api import NotRunning, SickbayApi, quote_segment
from sickbay.agents.result import ToolResult, refuse
from sickbay.agents.untrusted import Untrusted
from sickbay.diagnosis.catalogue import BY_ID
from sickbay.doctor import causes
from sickbay.doctor.diagnose import WHAT_TO_PASTE
from sickbay.doctor.text import diagnose_text
from sickbay.services.redaction import pasted_diagnosis

CAUSES: Final = 3
_UNREADABLE: Final = "The text can't be read: a part of it has the wrong format. Send the request as a URL or a curl command."


async def run(api: SickbayApi, arguments: Mapping[str, Any]) -> ToolResult:
    text = arguments["text"]
    if not text.strip():
        return refuse(f"There is nothing to examine. {WHAT_TO_PASTE}")
    own = await list_own_urls(api)
    try:
        examined = await api.compute(_examine_text, text)
    except (ValueError, KeyError, AttributeError, TypeError):
        return refuse(_UNREADABLE)
    result = _describe_diagnosis(examined, own, show_all=arguments.get("all", False))
    for id in await _exchanges_in(api, text):
        result.add_next("explain", "The text names this exchange, which has more details.", id=id)
    return _add_next(result, examined)


def _examine_text(text: str) -> dict[str, Any]:
    evidence, diagnosis = diagnose_text(text)
    return pasted_diagnosis.mask_diagnosis(evidence, diagnosis)


def _describe_diagnosis(examined: Mapping[str, Any], own: frozenset[str], *, show_all: bool) -> ToolResult:
    untrusted = Untrusted()
    limit = findings.LISTED_FINDINGS if show_all else findings.WHOLE_FINDINGS
    shown: dict[str, Any] = {"verdict": examined.get("verdict", "unknown")}
    shown |= findings.outline(examined["findings"] or examined.get("advice") or (), own, untrusted, limit)
    named = {each.get("id") for each in shown["findings"]}
    likely = [_outline_cause(cause["id"]) for cause in examined.get("causes", ()) if cause["id"] not in named]
    shown |= {"causes": [cause for cause in likely[:CAUSES] if cause]} if likely else {}
    shown |= {"causes_left_out": len(likely) - CAUSES} if len(likely) > CAUSES else {}
    sent = corrected.outline(examined.get("corrected"), own, untrusted)
    shown |= {"corrected": sent} if sent else {}
    shown |= {"related": examined["related"]} if examined.get("related") else {}
    shown |= {"help": WHAT_TO_PASTE} if shown["verdict"] == "unknown" else {}
    untrusted.add("recognised", examined.get("recognised"))
    return ToolResult(shown, untrusted)


def _outline_cause(id: str) -> dict[str, str] | None:
    """Returns a cause in words without values."""
    page = causes.find_page(id)
    return {"id": page.id, "title": page.title, "check": page.check, "fix": page.fix} if page else None


async def _exchanges_in(api: SickbayApi, text: str) -> list[str]:
    """Returns ids in the text that exist as exchanges or launches here, so that no stranger's words become a call."""
    try:
        known = [id for id in find_ids(text) if (await api.send("GET", f"/exchanges/{quote_segment(id)}")).status == 200]
    except NotRunning:
        return []
    return known[:1]


def _add_next(result: ToolResult, examined: Mapping[str, Any]) -> ToolResult:
    first = next((each["id"] for each in result.shown["findings"] if each.get("id")), None)
    if first in BY_ID or (first and causes.find_page(first)):
        result.add_next("rules", "Shows the rule with an example and its specification.", id=first)
    if not result.next or result.shown["verdict"] in ("unknown", "unexamined"):
        result.add_next("exchanges", "Lists the requests that Sickbay refused.", outcome="refused", limit=5)
    return result
