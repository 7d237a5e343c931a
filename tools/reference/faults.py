"""docs/reference/faults.md: every kind of fault that can be injected."""

from __future__ import annotations

from collections.abc import Iterator

from tools.reference.tables import WRITTEN

from sickbay.faults.kinds import FaultKind, Member, list_kinds

PLACES = {
    "any": "Any request",
    "authorize": "The authorization response",
    "token": "The token response",
    "discovery": "Discovery",
    "fhir": "FHIR",
    "export": "Bulk export",
}
TYPES = {
    "object": "a JSON object",
    "names": "a list of names",
    "expiry": "null, a number, or a number as a string",
    "any": "any JSON",
}


def make_page() -> str:
    parts = [
        f"# Kinds of faults\n\n{WRITTEN} [Make Sickbay misbehave](../faults.md) explains how to inject one. "
        "`sickbay fault kinds KIND` prints the same.\n"
    ]
    for place, title in PLACES.items():
        parts.append(f"## {title}\n")
        parts += [_kind_section(name, kind) for name, kind in list_kinds().items() if kind.at == place]
    return "\n".join(parts)


def _kind_section(name: str, kind: FaultKind) -> str:
    members = "".join(f"- `{member}`: {text}\n" for member, text in _rows_of_members(kind))
    return (
        f"### {name}\n\n{kind.title}.\n\n{members}{chr(10) if members else ''}Seen: {kind.seen}\n\nA good app: {kind.advice}\n"
    )


def _rows_of_members(kind: FaultKind) -> Iterator[tuple[str, str]]:
    for name, member in kind.members.items():
        yield name, _describe_member(member) + ("" if member.required else " (optional)")


def _describe_member(member: Member) -> str:
    if member.values:
        return ", ".join(f"`{value}`" for value in member.values)
    if member.type in ("integer", "number"):
        return f"{member.minimum:g} to {int(member.maximum):,}"
    return TYPES.get(member.type, "a text")
