"""Parts that several pages share: findings, marked texts, scope chips, options of a form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Verdict: TypeAlias = Literal["refused", "warning", "advice"]

VERDICTS: dict[str, Verdict] = {"error": "refused", "warning": "warning", "info": "advice"}
Mark: TypeAlias = Literal["", "bad", "slip", "good", "cut"]
PUNCTUATION = {
    " ": "space",
    ",": "comma",
    "/": "slash",
    ";": "semicolon",
    ":": "colon",
    "+": "plus",
    "\n": "line break",
    "\t": "tab",
    "#": "hash",
    "&": "ampersand",
    "=": "equals sign",
    "%": "per cent",
    "\r": "carriage return",
}
WORDS: dict[Verdict, str] = {"refused": "Refused", "warning": "Warning", "advice": "Advice"}


@dataclass(frozen=True, slots=True)
class FindingView:
    """number: the same in the list, the table and the plain text. kind: drawn as a square, diamond or circle."""

    number: int
    kind: Verdict
    title: str
    why: str
    fix: str
    rule: str
    spec: str = ""
    spec_href: str = ""
    because: int = 0
    """The number of the finding that causes this one; 0 if it has no other cause."""

    @property
    def word(self) -> str:
        return WORDS[self.kind]


def findings(items: Sequence[Mapping[str, Any]]) -> tuple[FindingView, ...]:
    """Views of the findings of an exchange (`Finding.to_json`), in the same order."""
    numbers = {finding["id"]: number for number, finding in enumerate(items, 1)}
    causes = [numbers.get(finding.get("because") or "", 0) for finding in items]
    return tuple(_finding(number, *pair) for number, pair in enumerate(zip(items, causes, strict=True), 1))


def _finding(number: int, finding: Mapping[str, Any], because: int) -> FindingView:
    spec = finding.get("spec") or {}
    return FindingView(
        number,
        VERDICTS.get(finding["severity"], "advice"),
        finding["title"],
        finding.get("why", ""),
        finding.get("fix", ""),
        finding["id"],
        spec.get("name", ""),
        spec.get("url", ""),
        because,
    )


@dataclass(frozen=True, slots=True)
class TextPiece:
    """A piece of text and its mark. `cut` is empty: here, characters were removed."""

    text: str
    kind: Mark = ""

    @property
    def spoken(self) -> str:
        """The name of a single punctuation character, for screen readers."""
        return PUNCTUATION.get(self.text, "")


@dataclass(frozen=True, slots=True)
class Chip:
    """A scope. state: granted, dropped (then `note` is the reason), unused, or "" for a plain name."""

    scope: str
    state: Literal["", "granted", "dropped", "unused"] = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """One option of a select, a radio group or a list of checkboxes."""

    value: str
    text: str
    chosen: bool = False
    help: str = ""


def initials(name: str) -> str:
    """Two letters for the tile of an app or a person."""
    words = [word for word in name.split() if word[:1].isalnum()] or ["?"]
    return (words[0][0] + words[1][0] if len(words) > 1 else words[0][:2]).upper()
