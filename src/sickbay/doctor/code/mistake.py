"""A mistake in pasted code, and the templates that mistakes are made of."""

from __future__ import annotations

from typing import Literal, NamedTuple

Severity = Literal["error", "warning", "info"]


class Mistake(NamedTuple):
    """A mistake. `lines`: the first and the last line of the paste that show it."""

    id: str
    severity: Severity
    title: str
    why: str
    fix: str
    lines: tuple[int, int]


class MistakeText(NamedTuple):
    """The texts of a mistake. Names in braces are replaced."""

    id: str
    severity: Severity
    title: str
    why: str
    fix: str

    def at(self, lines: tuple[int, int], **facts: str) -> Mistake:
        texts = (self.title, self.why, self.fix)
        for name, value in facts.items():
            texts = (
                texts[0].replace(f"{{{name}}}", value),
                texts[1].replace(f"{{{name}}}", value),
                texts[2].replace(f"{{{name}}}", value),
            )
        return Mistake(self.id, self.severity, *texts, lines)


STOPPED = MistakeText(
    "code-read-in-part",
    "info",
    "The code was read only in part",
    "To find the requests in code, Sickbay follows its variables, for at most a number of steps that depends on the length of "
    "the text. This code needs more, for example because it joins a string to itself again and again.",
    "Paste only the part that sends the request.",
)
