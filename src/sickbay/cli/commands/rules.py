"""`sickbay rules`: the list of everything that can be found, or one rule with its example."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from sickbay.cli.output import as_json, say, table, wrong
from sickbay.diagnosis import rule_docs
from sickbay.diagnosis.catalogue import BY_ID, RULES


def rules(id: Annotated[str | None, Parameter(name="ID")] = None, /) -> None:
    """List every finding that Sickbay knows, or explain one with its example.

    Parameters
    ----------
    id
        Such as state-missing.
    """
    say(_list() if id is None else _page(id))


def _list() -> str:
    return table([(rule.id, rule.stage, rule.outcome) for rule in RULES], ("RULE", "STAGE", "OUTCOME"))


def _page(id: str) -> str:
    if id not in BY_ID:
        alike = [known for known in BY_ID if set(id.split("-")) & set(known.split("-"))]
        wrong(
            f"There is no rule {id}." + (f" Is it one of {', '.join(alike[:5])}?" if alike else " `sickbay rules` lists all.")
        )
    finding, case = rule_docs.entry(id)
    shown = {key: value for key, value in case.refused.items() if key not in ("context", "kind")}
    example = shown["url"] if shown.keys() == {"url"} else as_json(shown)
    return (
        f"{finding.title}  [{id}]\n\n{case.prose}\n\nWhy: {finding.why}\nFix: {finding.fix}\n"
        f"{finding.spec.name}: {finding.spec.url}\n\nExample:\n\n{example}"
    )
