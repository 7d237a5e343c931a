"""`sickbay rules`: lists or searches the rules and causes, or explains one."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from sickbay.cli.output import format_json, format_table, print_result, reject_argument
from sickbay.diagnosis.catalogue import BY_ID, RULES
from sickbay.doctor import causes, compiled, rule_docs, topics
from sickbay.doctor.causes import CausePage
from sickbay.kernel import english

FOUND = 20
"""Maximum number of rules and causes that a search prints."""


def rules(id: Annotated[str | None, Parameter(name="ID")] = None, /, *, search: str | None = None) -> None:
    """List all rules, search them, or explain one.

    Parameters
    ----------
    id
        A rule, such as state-missing, or a cause that the doctor named. Omit it to list all rules.
    search
        Words, such as "audience keycloak". Lists the rules and causes with these words, the best first.
    """
    if search is not None:
        print_result(_list_matching_topics(search))
        return
    print_result(_list_rules() if id is None else _rule_page(id))


def _list_rules() -> str:
    return format_table([(rule.id, rule.stage, rule.outcome) for rule in RULES], ("RULE", "STAGE", "OUTCOME"))


def _list_matching_topics(words: str) -> str:
    found = topics.find_topics(compiled.load_topics(), words, "rule", "cause")[:FOUND]
    if not found:
        reject_argument("No rule and no cause has any of these words.")
    return format_table([(topic.id, topic.kind, topic.title) for topic in found], ("ID", "KIND", "TITLE"))


def _rule_page(id: str) -> str:
    if id not in BY_ID:
        return _cause_page(cause) if (cause := causes.find_page(id)) else _report_unknown(id)
    finding, case = rule_docs.example_of(id)
    shown = {key: value for key, value in case.refused.items() if key not in ("context", "kind")}
    example = shown["url"] if shown.keys() == {"url"} else format_json(shown)
    return (
        f"{finding.title}  [{id}]\n\n{case.prose}\n\nWhy: {finding.why}\nFix: {finding.fix}\n"
        f"{finding.spec.name}: {finding.spec.url}\n\nExample:\n\n{example}"
    )


def _cause_page(cause: CausePage) -> str:
    places = "".join(f"\n  {name}: {place}" for name, place in cause.where)
    text = f"{cause.title}  [{cause.id}]\n\n{cause.why}\n\nCheck: {cause.check}\nFix: {cause.fix}{places}"
    return f"{text}\n{cause.basis.capitalize()}: {cause.source[1]}"


def _report_unknown(id: str) -> str:
    alike = [known for known in BY_ID if set(id.split("-")) & set(known.split("-"))]
    reject_argument(
        f"There is no rule {id}."
        + (f" Did you mean {english.join(alike[:5], 'or')}?" if alike else " Run `sickbay rules` to list all.")
    )
