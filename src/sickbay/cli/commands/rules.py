"""`sickbay rules`: lists all rules, or explains one with its example."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from sickbay.cli.output import as_json, say, table, wrong
from sickbay.diagnosis import rule_docs
from sickbay.diagnosis.catalogue import BY_ID, RULES
from sickbay.kernel import english


def rules(id: Annotated[str | None, Parameter(name="ID")] = None, /) -> None:
    """List all rules, or explain one.

    Parameters
    ----------
    id
        A rule, such as state-missing. Omit it to list all rules.
    """
    say(_list() if id is None else _page(id))


def _list() -> str:
    return table([(rule.id, rule.stage, rule.outcome) for rule in RULES], ("RULE", "STAGE", "OUTCOME"))


def _page(id: str) -> str:
    if id not in BY_ID:
        alike = [known for known in BY_ID if set(id.split("-")) & set(known.split("-"))]
        wrong(
            f"There is no rule {id}."
            + (f" Did you mean {english.join(alike[:5], 'or')}?" if alike else " Run `sickbay rules` to list all.")
        )
    finding, case = rule_docs.entry(id)
    shown = {key: value for key, value in case.refused.items() if key not in ("context", "kind")}
    example = shown["url"] if shown.keys() == {"url"} else as_json(shown)
    return (
        f"{finding.title}  [{id}]\n\n{case.prose}\n\nWhy: {finding.why}\nFix: {finding.fix}\n"
        f"{finding.spec.name}: {finding.spec.url}\n\nExample:\n\n{example}"
    )
