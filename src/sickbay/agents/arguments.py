"""Checks the arguments of a call against the definition of its tool, and corrects a wrong call."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sickbay.agents.definitions import MEMBERS
from sickbay.agents.harmless import is_harmless
from sickbay.agents.result import ToolResult, refuse
from sickbay.authorization.policy import SETTINGS
from sickbay.diagnosis.catalogue import BY_ID
from sickbay.faults.kinds import list_kinds, list_presets
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
"""The placeholder for an argument that is missing."""
SYNONYMS: Final[dict[str, tuple[str, ...]]] = {
    "exchange": ("id",),
    "exchange_id": ("id",),
    "launch": ("id",),
    "launch_id": ("id",),
    "rule": ("id",),
    "rule_id": ("id",),
    "name": ("id", "app", "page"),
    "topic": ("query",),
    "search": ("query",),
    "q": ("query",),
    "app_id": ("app",),
    "client": ("app",),
    "client_id": ("app",),
    "hospital": ("tenant",),
    "error": ("text",),
    "message": ("text",),
    "input": ("text",),
    "url": ("path", "id", "text"),
    "resource": ("path",),
    "access_token": ("token",),
    "handle": ("token",),
    "settings": ("set",),
    "create": ("add",),
    "register": ("add",),
    "inject": ("add",),
    "update": ("edit",),
    "change": ("edit",),
    "delete": ("remove", "clear"),
    "remove": ("clear",),
    "get": ("show", "list", "status"),
    "read": ("show",),
    "restore": ("reset",),
}
"""Synonyms of arguments and actions, with their meanings. The first one that the tool has is used."""


_MEMBERS: Final[Mapping[str, tuple[str, Sequence[str]]]] = {**MEMBERS, "policies": ("set", tuple(SETTINGS))}
_WITHOUT_MEMBERS: Final = ("list", "show", "remove", "enable", "clear")
"""Actions that take no members of an object."""


def check(tool: Mapping[str, Any], arguments: Mapping[str, Any]) -> ToolResult | None:
    """Returns None if the arguments are valid, otherwise a result with the reasons and the corrected call."""
    schema = tool["inputSchema"]
    known: Mapping[str, Any] = schema["properties"]
    problems: list[str] = []
    fixed: dict[str, Any] = {}
    whole, members = _MEMBERS.get(tool["name"], ("", ()))
    loose = members if arguments.get("action") not in _WITHOUT_MEMBERS and whole in known else ()
    for name, value in list(arguments.items())[:40]:
        if name not in known and name in loose:
            problems.append(f"{name} belongs in {whole}.")
            fixed[whole] = fixed.get(whole, {}) | {name: _repeat_member(name, value)}
            continue
        meant = name if name in known else _find_intended_name(name, tuple(known))
        if name not in known:
            problems.append(_describe_unknown(meant, known))
        if meant is None:
            continue
        problem, better = _check_value(meant, value, known[meant])
        problems += [problem] if problem else []
        if meant == whole and isinstance(value, dict):
            better = fixed[whole] = _repeat_object(value, members) | fixed.get(whole, {})
        fixed.setdefault(meant, better)
    for name in schema.get("required", ()):
        if not fixed.get(name):
            problems.append(f"{name} is missing.")
            fixed[name] = EXAMPLES[name]
    if not problems:
        return None
    result = refuse(" ".join(dict.fromkeys(problems)))
    return result.add_next(tool["name"], "The same call, corrected. Replace values in capitals.", **fixed)


def _find_intended_name(name: str, known: Sequence[str]) -> str | None:
    """Returns the argument or value that a synonym means, or the most similar name."""
    synonym = next((meant for meant in SYNONYMS.get(name, ()) if meant in known), None)
    return synonym or find_closest(name, known, longest=40)


def make_repeatable(tool: Mapping[str, Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Returns valid arguments for another call, without words that a stranger could have written."""
    known, members = tool["inputSchema"]["properties"], _MEMBERS.get(tool["name"], ("", ()))[1]
    return {
        name: _repeat_object(value, members) if isinstance(value, dict) else _repeat_or_placeholder(name, value, known[name])
        for name, value in arguments.items()
    }


def _repeat_object(value: Mapping[str, Any], members: Sequence[str]) -> dict[str, Any]:
    return {member: _repeat_member(member, value[member]) for member in members if member in value}


def _repeat_member(name: str, value: Any) -> Any:
    """Returns a member of an object in the corrected call."""
    is_chosen = name in ("kind", "preset") and value in (*list_kinds(), *list_presets())
    return value if is_chosen or is_harmless(value) else name.upper().replace("_", "-")


def _describe_unknown(meant: str | None, known: Mapping[str, Any]) -> str:
    if meant is not None:
        return f"An argument isn't known. Did you mean {meant}?"
    return f"An argument isn't known. The arguments are {join(list(known))}." if known else "This tool has no arguments."


def _check_value(name: str, value: Any, member: Mapping[str, Any]) -> tuple[str, Any]:
    """Returns what is wrong with a value ("" if it is valid), and the value for the corrected call."""
    kind = str(member["type"])
    if kind == "integer" and isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 6:
        return f"{name} must be a number, not a string.", _limit_to_range(int(value), member)
    if not isinstance(value, _TYPES[kind]) or (kind == "integer" and isinstance(value, bool)):
        return f"{name} must be of type {kind}.", {} if kind == "object" else _example_value(name, member)
    if kind == "integer" and _limit_to_range(value, member) != value:
        return f"{name} must be from {member['minimum']} to {member['maximum']}.", _limit_to_range(value, member)
    if "enum" in member and value not in member["enum"]:
        closest = _find_intended_name(value, member["enum"])
        return f"{name} must be one of {join(member['enum'], 'or')}.", closest or member["enum"][0]
    if len(value) > member["maxLength"] if "maxLength" in member else False:
        return f"{name} may have at most {member['maxLength']:,} characters. Send the part with the error.", _example_value(
            name, member
        )
    return "", _repeat_or_placeholder(name, value, member)


def _limit_to_range(value: int, member: Mapping[str, Any]) -> int:
    return int(max(member["minimum"], min(value, member["maximum"])))


def _example_value(name: str, member: Mapping[str, Any]) -> Any:
    if member["type"] == "boolean":
        return False
    return member["enum"][0] if "enum" in member else EXAMPLES.get(name, member.get("maximum", name.upper()))


def _repeat_or_placeholder(name: str, value: Any, member: Mapping[str, Any]) -> Any:
    """Returns a value for the corrected call. Text that could be a stranger's is replaced by its name in capitals."""
    if not isinstance(value, str) or "enum" in member or is_harmless(value) or is_random_id(value) or value in BY_ID:
        return {} if isinstance(value, dict) else value
    return EXAMPLES.get(name, name.upper())


def is_random_id(text: str) -> bool:
    """Whether the text is one of Sickbay's random ids, and not words."""
    return _RANDOM_ID.fullmatch(text) is not None and len(_CHANGE.findall(text)) >= 3
