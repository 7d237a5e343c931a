"""The tool rules: shows one rule or cause, or finds them by words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sickbay.agents.api import SickbayApi
from sickbay.agents.findings import title_of
from sickbay.agents.result import ToolResult, refuse
from sickbay.diagnosis.catalogue import BY_ID
from sickbay.doctor import causes, rule_docs, rule_finder
from sickbay.doctor.causes import CausePage
from sickbay.kernel.similar_names import find_closest

SHOWN: Final = 10


async def run(api: SickbayApi, arguments: Mapping[str, Any]) -> ToolResult:
    id, query = arguments.get("id", ""), arguments.get("query", "").strip()
    if bool(id) == bool(query):
        return refuse("Send either id or query.").add_next("rules", "Searches for an error code.", query="invalid_grant")
    return await api.compute(_read_rule, id) if id else await api.compute(_search_rules, query[:200])


def _read_rule(id: str) -> ToolResult:
    if id in BY_ID:
        return _describe_rule(id)
    page = causes.find_page(id)
    if page is not None:
        return _describe_cause(page)
    closest = find_closest(id, BY_ID)
    result = refuse("There is no rule with this id.")
    return (
        result.add_next("rules", "The most similar id.", id=closest)
        if closest
        else result.add_next("docs", "All rules.", page="rules/README")
    )


def _describe_rule(id: str) -> ToolResult:
    """Returns a rule with its case, which contains only Sickbay's own examples."""
    finding, case = rule_docs.example_of(id)
    rule = BY_ID[id]
    shown: dict[str, Any] = {"id": id, "title": finding.title, "why": finding.why, "fix": finding.fix, "outcome": rule.outcome}
    shown |= {"stage": rule.stage, "spec": f"{rule.spec.name}: {rule.spec.url}", "about": case.prose}
    for name, example in (("example", case.refused), ("corrected_example", case.corrected)):
        if example is not None:
            shown[name] = {key: value for key, value in example.items() if key not in ("context", "kind")}
    return ToolResult(shown).add_next("exchanges", "Requests with this finding.", rule=id, limit=5)


def _describe_cause(page: CausePage) -> ToolResult:
    shown: dict[str, Any] = {"id": page.id, "title": page.title, "why": page.why, "check": page.check, "fix": page.fix}
    shown |= {"where": dict(page.where)} if page.where else {}
    return ToolResult(shown | {"basis": page.basis, "source": page.source[1]})


def _search_rules(query: str) -> ToolResult:
    found = rule_finder.search_rules(query)
    shown = [{"id": rule.id, "title": title_of(rule.id), "outcome": rule.outcome} for rule in found.rules]
    shown += [{"id": cause.id, "title": cause.title} for cause in found.causes]
    result = ToolResult({"rules": shown[:SHOWN]} | ({"left_out": len(shown) - SHOWN} if len(shown) > SHOWN else {}))
    if not shown:
        return result.add_next("docs", "Searches the documentation instead.", page="README")
    return result.add_next("rules", "The best match in full.", id=shown[0]["id"])
