"""Removes strangers' words from findings: each text is filled in with names instead of quoted values, such as ‹received›."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from sickbay.agents.harmless import is_harmless
from sickbay.agents.untrusted import Untrusted
from sickbay.diagnosis.catalogue import BY_ID
from sickbay.diagnosis.own_texts import is_composed
from sickbay.diagnosis.rule import GUESS, SEVERITIES, fill_rule, strip_facts

_SLOT: Final = re.compile(r"\{(\w+)")
_BARE: Final = re.compile(r"(?<![`=/\"“])\{(\w+)\}(?![`/\"”])")
"""Matches slots without quotation marks, such as those for sentences that a rule composes."""
SENTENCE_CHARACTERS: Final = 1_000
"""Maximum length of a fact that can be a sentence of Sickbay, in characters."""
WHOLE_FINDINGS, LISTED_FINDINGS = 3, 12
"""Maximum number of findings that a result has in full, and with at least their title."""


def reword(finding: Mapping[str, Any], own: Collection[str], untrusted: Untrusted) -> dict[str, Any]:
    """Returns a finding as JSON. Values that strangers may have written are moved to `untrusted`."""
    id = str(finding.get("id"))
    rule = BY_ID.get(id)
    if rule is None:
        return _describe_cause(id, finding)
    facts = dict(finding.get("facts") or {})
    guess = facts.pop(GUESS, None)
    texts = f"{rule.title} {rule.why} {rule.fix}"
    quoted, bare = frozenset(_SLOT.findall(texts)) | {"told"}, frozenset(_BARE.findall(texts)) - {"told"}
    safe = {}
    for name, value in facts.items():
        is_safe = name not in quoted or is_harmless(value, own)
        sentence = None if is_safe or name not in bare else _reword_sentence(name, value, own, untrusted)
        safe[name] = value if is_safe else sentence or _name_fact(name, value, untrusted)
    filled = fill_rule(rule, safe, refused=True)
    shown: dict[str, Any] = {
        "id": id,
        "severity": _severity_of_finding(finding),
        "title": filled.title,
        "why": filled.why,
        "fix": filled.fix,
    }
    shown |= {"likely": True} if guess or filled.degree == "probable" else {}
    because = finding.get("because")
    return shown | ({"because": because} if because in BY_ID else {}) | {"spec": rule.spec.url}


def _reword_sentence(name: str, value: Any, own: Collection[str], untrusted: Untrusted) -> str | None:
    """Returns a rule's sentence with the names of the values that it quotes in backticks; None if it isn't one."""
    parts = value.split("`") if isinstance(value, str) and len(value) <= SENTENCE_CHARACTERS else []
    if len(parts) % 2 == 0 or not all(map(is_composed, parts[::2])):
        return None
    quoted = (part if is_harmless(part, own) else untrusted.add_fact(name, part) for part in parts[1::2])
    return parts[0] + "".join(f"`{quote}`{after}" for quote, after in zip(quoted, parts[2::2], strict=True))


def _name_fact(name: str, value: Any, untrusted: Untrusted) -> str:
    """Returns the placeholder for a fact in a text. A fact that is a sentence begins with a space."""
    space = " " if isinstance(value, str) and value.startswith(" ") else ""
    return space + untrusted.add_fact(name, value)


def _severity_of_finding(finding: Mapping[str, Any]) -> str:
    severity = finding.get("severity")
    return severity if severity in SEVERITIES else "info"


def _describe_cause(id: str, finding: Mapping[str, Any]) -> dict[str, Any]:
    """Describes a finding that names a cause of the doctor, without values."""
    from sickbay.doctor import causes  # reads the doctor's knowledge

    page = causes.find_page(id)
    if page is None:
        return {
            "severity": _severity_of_finding(finding),
            "title": "A finding of another version of Sickbay",
            "why": "",
            "fix": "",
        }
    shown = {
        "id": page.id,
        "severity": _severity_of_finding(finding),
        "title": page.title,
        "why": page.why,
        "check": page.check,
    }
    return shown | {"fix": page.fix, "likely": True, "spec": page.source[1]}


def outline(
    findings: Sequence[Mapping[str, Any]], own: Collection[str], untrusted: Untrusted, limit: int = WHOLE_FINDINGS
) -> dict[str, Any]:
    """Returns the first findings in full, and the titles of the others."""
    whole = [reword(finding, own, untrusted) for finding in findings[:limit]]
    rest = [_name_finding(finding) for finding in findings[limit:LISTED_FINDINGS]]
    more = {"more_findings": rest} if rest else {}
    return {"findings": whole} | more | ({"findings_left_out": left} if (left := len(findings) - LISTED_FINDINGS) > 0 else {})


def _name_finding(finding: Mapping[str, Any]) -> dict[str, Any]:
    id = finding["id"]
    described = {"id": id, "title": title_of(id)} if id in BY_ID else _describe_cause(id, finding)
    return {name: described[name] for name in ("id", "title") if name in described}


def title_of(id: str) -> str:
    """Returns the title of a rule without facts; "" if there is no such rule."""
    return strip_facts(BY_ID[id].title) if id in BY_ID else ""
