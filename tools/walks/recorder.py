"""Records the functions of src/sickbay that one ASGI call enters, and the files that call each other, threads included."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SOURCES = f"{ROOT / 'src' / 'sickbay'}/"
TOOL = 4
"""One of the ids that sys.monitoring reserves for general use."""


@dataclass(slots=True)
class Walk:
    """What one request does.

    functions: file -> the functions that were entered there, in the order of first entry.
    calls:     (file, other file) -> the functions of the other file that were called from the file.
    stacks:    the call stacks at all entries, as files without repetition, outermost first.
    total:     the number of calls.
    """

    functions: dict[str, dict[str, None]] = field(default_factory=dict)
    calls: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    stacks: set[tuple[str, ...]] = field(default_factory=set)
    total: int = 0

    def enter(self, names: list[tuple[str, str]]) -> None:
        """names: file and function of the frames of Sickbay, innermost first."""
        file, function = names[0]
        self.total += 1
        self.functions.setdefault(file, {})[function] = None
        self.stacks.add(tuple(dict.fromkeys(name for name, _ in reversed(names))))
        if len(names) > 1 and names[1][0] != file:
            self.calls.setdefault((names[1][0], file), set()).add(function)


class Recorder:
    """An ASGI application that records what one call of another application does."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.walk = Walk()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        async def sent(message: Any) -> None:
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                self.stop()

        self.start()
        try:
            await self.app(scope, receive, sent)
        finally:
            self.stop()

    def start(self) -> None:
        monitoring = sys.monitoring
        monitoring.use_tool_id(TOOL, "walk")
        monitoring.register_callback(TOOL, monitoring.events.PY_START, self._entered)
        monitoring.set_events(TOOL, monitoring.events.PY_START)

    def stop(self) -> None:
        if sys.monitoring.get_tool(TOOL):
            sys.monitoring.set_events(TOOL, 0)
            sys.monitoring.free_tool_id(TOOL)

    def _entered(self, code: CodeType, offset: int) -> Any:
        if not _is_ours(code):
            return sys.monitoring.DISABLE
        codes = [*_codes_on_stack(sys._getframe(1))]
        if not any(code.co_name == "<module>" for code in codes):  # imported now, which a later request wouldn't do
            self.walk.enter([(code.co_filename.removeprefix(SOURCES), code.co_qualname) for code in codes])
        return None


def _codes_on_stack(frame: FrameType | None) -> Iterator[CodeType]:
    """The code of Sickbay on the call stack, innermost first."""
    while frame is not None:
        if _is_ours(frame.f_code):
            yield frame.f_code
        frame = frame.f_back


def _is_ours(code: CodeType) -> bool:
    return code.co_filename.startswith(SOURCES) and code.co_filename.endswith(".py")
