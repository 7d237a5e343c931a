"""The result of a tool: an outline, next calls and, separately, text that strangers wrote."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from sickbay.agents.untrusted import Untrusted

NEXT_CALLS: Final = 3


@dataclass
class ToolResult:
    """The result of a tool. shown: only Sickbay's words. next: calls that an agent can make unchanged, the best one first."""

    shown: dict[str, Any] = field(default_factory=dict)
    untrusted: Untrusted = field(default_factory=Untrusted)
    next: list[dict[str, Any]] = field(default_factory=list)
    is_error: bool = False

    def add_next(self, tool: str, why: str, **arguments: Any) -> ToolResult:
        """Add a next call. Arguments without a value are left out."""
        given = {name: value for name, value in arguments.items() if value not in (None, "")}
        call = {"tool": tool, "arguments": given, "why": why}
        if len(self.next) < NEXT_CALLS and call not in self.next:
            self.next.append(call)
        return self

    def to_json(self) -> dict[str, Any]:
        """Return the result of tools/call: the same object as text and structured."""
        marked = self.untrusted.to_json()
        structured = {**self.shown, "next": self.next} | ({"untrusted": marked} if marked else {})
        text = orjson.dumps(structured).decode()
        result = {"content": [{"type": "text", "text": text}], "structuredContent": structured}
        return result | ({"isError": True} if self.is_error else {})


def refuse(text: str) -> ToolResult:
    """Returns a result that says what to change. text: only words of Sickbay."""
    return ToolResult({"error": text}, is_error=True)
