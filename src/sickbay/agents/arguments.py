"""Checks the arguments of a call against the definition of its tool, and makes the right call of a wrong one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from sickbay.agents.harmless import is_harmless
from sickbay.agents.result import ToolResult, refuse
from sickbay.kernel.english import join
from sickbay.kernel.similar_names import find_closest

_TYPES: Final[dict[str, type[Any]]] = {"string": str, "integer": int, "boolean": bool, "object": dict}
_RANDOM_ID: Final = re.compile(r"[A-Za-z0-9_-]{12,24}")
_CHANGE: Final = re.compile(r"[a-z][A-Z0-9]|[A-Z][a-z0-9]|[0-9][A-Za-z]")
EXAMPLES: Final = {
    "text": "ERROR-OR-URL",
    "app": "APP-ID",
    "scope": "user/Patient.rs",
    "path": "Patient/p-0001",
    "tenant": "general",
    "id": "ID",
}
"""What stands for an argument that is missing."""


def check(tool: Mapping[str, Any], arguments: Mapping[str, Any]) -> ToolResult | None:
    """None if the arguments fit the tool; else a result with the reasons and the right call."""
    schema = tool["inputSchema"]
    known: Mapping[str, Any] = schema["properties"]
    problems: list[str] = []
    fixed: dict[str, Any] = {}
    for name, value in list(arguments.items())[:40]:
        meant = name if name in known else find_closest(name, tuple(known)) if len(name) <= 40 else None
        if name not in known:
            problems.append(_describe_unknown(meant, known))
        if meant is None:
            continue
        problem, better = _check_value(meant, value, known[meant])
        problems += [problem] if problem else []
        fixed.setdefault(meant, better)
    for name in schema.get("required", ()):
        if name not in fixed:
            problems.append(f"{name} is missing.")
            fixed[name] = EXAMPLES[name]
    if not problems:
        return None
    result = refuse(" ".join(dict.fromkeys(problems)))
    return result.then(tool["name"], "The same call, corrected. Replace values in capitals.", **fixed)


def _describe_unknown(meant: str | None, known: Mapping[str, Any]) -> str:
    if meant is not None:
        return f"An argument isn't known. Did you mean {meant}?"
    return f"An argument isn't known. The arguments are {join(list(known))}." if known else "This tool has no arguments."


def _check_value(name: str, value: Any, member: Mapping[str, Any]) -> tuple[str, Any]:
    """What is wrong with a value, "" if nothing is, and the value for the right call."""
    kind = str(member["type"])
    if kind == "integer" and isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 6:
        return f"{name} must be a number, not a string.", _clamp(int(value), member)
    if not isinstance(value, _TYPES[kind]) or (kind == "integer" and isinstance(value, bool)):
        return f"{name} must be of type {kind}.", {} if kind == "object" else _example(name, member)
    if kind == "integer" and _clamp(value, member) != value:
        return f"{name} must be from {member['minimum']} to {member['maximum']}.", _clamp(value, member)
    if "enum" in member and value not in member["enum"]:
        closest = find_closest(value[:40], member["enum"])
        return f"{name} must be one of {join(member['enum'], 'or')}.", closest or member["enum"][0]
    if len(value) > member["maxLength"] if "maxLength" in member else False:
        return f"{name} may have {member['maxLength']:,} characters. Send the part with the error.", _example(name, member)
    return "", _repeat(name, value, member)


def _clamp(value: int, member: Mapping[str, Any]) -> int:
    return int(max(member["minimum"], min(value, member["maximum"])))


def _example(name: str, member: Mapping[str, Any]) -> Any:
    if member["type"] == "boolean":
        return False
    return member["enum"][0] if "enum" in member else EXAMPLES.get(name, member.get("minimum", name.upper()))


def _repeat(name: str, value: Any, member: Mapping[str, Any]) -> Any:
    """A value in the right call. A text that could be a stranger's is replaced by its name in capitals."""
    if not isinstance(value, str) or "enum" in member or is_harmless(value) or _is_random(value):
        return {} if isinstance(value, dict) else value
    return EXAMPLES.get(name, name.upper())


def _is_random(text: str) -> bool:
    """Whether the text is one of Sickbay's random ids, and not words."""
    return _RANDOM_ID.fullmatch(text) is not None and len(_CHANGE.findall(text)) >= 3
