"""Parts that several pages show: findings, chips, fields of a list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Verdict: TypeAlias = Literal["refused", "warning", "advice"]

VERDICTS: dict[str, Verdict] = {"error": "refused", "warning": "warning", "info": "advice"}
WORDS: dict[Verdict, str] = {"refused": "Refused", "warning": "Warning", "advice": "Advice"}


@dataclass(frozen=True, slots=True)
class FindingView:
    """number: the same here, in the table and in the text. kind: square, diamond or circle."""

    number: int
    kind: Verdict
    title: str
    why: str
    fix: str
    rule: str
    spec: str = ""
    spec_href: str = ""
    because: int = 0
    """The number of the finding from which this one follows."""

    @property
    def word(self) -> str:
        return WORDS[self.kind]


def findings(given: Sequence[Mapping[str, Any]]) -> tuple[FindingView, ...]:
    """From the findings of the outside contract (`Finding.to_json`), in the order given."""
    numbers = {one["id"]: number for number, one in enumerate(given, 1)}
    return tuple(_finding(number, one, numbers.get(one.get("because") or "", 0)) for number, one in enumerate(given, 1))


def _finding(number: int, one: Mapping[str, Any], because: int) -> FindingView:
    spec = one.get("spec") or {}
    return FindingView(
        number,
        VERDICTS.get(one["severity"], "advice"),
        one["title"],
        one.get("why", ""),
        one.get("fix", ""),
        one["id"],
        spec.get("name", ""),
        spec.get("url", ""),
        because,
    )


@dataclass(frozen=True, slots=True)
class Chip:
    """A scope. state: granted, dropped (then `note` is the reason), unused, or "" where it is only named."""

    scope: str
    state: Literal["", "granted", "dropped", "unused"] = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """One option of a select, a radio group or a list of boxes."""

    value: str
    text: str
    chosen: bool = False
    help: str = ""


def initials(name: str) -> str:
    """Two letters for an app's tile."""
    words = [word for word in name.split() if word[:1].isalnum()] or ["?"]
    return (words[0][0] + words[1][0] if len(words) > 1 else words[0][:2]).upper()


def count(number: int, one: str, many: str) -> str:
    """'no faults', 'one fault', '4 faults'."""
    small = {0: "no", 1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six", 7: "seven", 8: "eight", 9: "nine"}
    return f"{small.get(number, number)} {one if number == 1 else many}"
