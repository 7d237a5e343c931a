"""`sickbay doctor` of a HAR file: what is wrong with each exchange of a launch, and not one of its secrets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from sickbay.cli.findings import finding_text, sent_text
from sickbay.cli.output import as_json, say
from sickbay.diagnosis.doctor import PROBLEMS, diagnose_all
from sickbay.diagnosis.har import HarExchange
from sickbay.diagnosis.rule import SEVERITIES
from sickbay.protocol.parameters import parse
from sickbay.services.journal import masking

NONE = "No exchange of a launch is in this HAR file: no authorization or token request, no discovery, no FHIR request."


def told(seen: Sequence[HarExchange], *, json: bool) -> int:
    """Printed; 1 if there is a problem in any exchange, else 0."""
    hidden = {secret for one in seen for secret in _secrets(one.sent)}
    found = masking.mask([_told(one) for one in seen], hidden)
    say(as_json(_as_json(found)) if json else _as_text(found))
    problems = (finding["severity"] in PROBLEMS for one in found for finding in one["findings"])
    return int(any(problems) or any(one.answers for one in seen))


def _told(one: HarExchange) -> dict[str, Any]:
    """Of several inputs each finding once, and the first that can be corrected. The error answer belongs to the exchange."""
    every = diagnose_all(one.inputs, one.answers)
    findings = {finding.id: finding.to_json() for each in reversed(every) for finding in reversed(each.explanation.findings)}
    corrected = next((each.corrected for each in every if each.corrected), None)
    return {
        "number": one.number,
        "method": one.method,
        "url": one.url,
        "status": one.status,
        "kind": one.inputs[0]["kind"],
        "findings": list(findings.values())[::-1],
        "corrected": None if corrected is None else {name: it for name, it in corrected.items() if name != "context"},
    }


def _as_json(found: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Each finding once, with its first exchange; `exchanges` has all of them."""
    once: dict[str, dict[str, Any]] = {}
    for finding in (finding for one in found for finding in one["findings"]):
        once.setdefault(finding["id"], finding)
    order = sorted(once.values(), key=lambda finding: SEVERITIES.index(finding["severity"]))
    corrected = next((one["corrected"] for one in found if one["corrected"]), None)
    return {"findings": order, "corrected": corrected, "exchanges": list(found)}


def _secrets(sent: dict[str, Any]) -> set[str]:
    """Also the code of a launch, and what an answer gave, by JSON, Location or cookie."""
    queries = [parse(sent["query"]), parse(sent["url"].partition("#")[2]), parse(sent["body"])]
    queries += [parse(text) for text in sent["answer_headers"].get("location", "").replace("#", "?").split("?")[1:]]
    found = masking.secrets(sent["headers"], *queries) | _given(sent["answer"]) | _given(sent["body"])
    found |= {value for query in queries for value in query.all("launch")}
    cookies = sent["answer_headers"].get("set-cookie", "").splitlines()
    return found | {line.partition("=")[2].partition(";")[0].strip() for line in cookies}


def _given(text: str | None) -> set[str]:
    try:
        return masking.given(orjson.loads(text or ""))
    except orjson.JSONDecodeError:
        return set()


def _as_text(found: Sequence[dict[str, Any]]) -> str:
    if not found:
        return NONE
    return "\n\n".join(part for one in found for part in _parts(one))


def _parts(one: dict[str, Any]) -> list[str]:
    head = f"{one['number']}. {one['method']} {one['url']} → {one['status'] or 'no answer'}"
    if not one["findings"]:
        return [f"{head}\n  Nothing is wrong with it, so far as can be told without its registration."]
    parts = [head, *map(finding_text, one["findings"])]
    return [*parts, f"What to send instead:\n\n  {sent_text(one['corrected'])}"] if one["corrected"] else parts
