"""Reads a file of rules: a Markdown file with their constant fields, and a Python file of that name with their functions.

## <id>
parameter: scope                 any field of `Rule` that is a constant, one per line
spec: [<name>](<url>)

The title: one paragraph.

Why: one paragraph.

The fix: one paragraph.

{slot} by reason:                for a slot that no function fills: its text by the value of a fact, or of several
- unknown: The text, in which other slots are filled.
- otherwise: The text for all other values.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from msgspec import Struct

from sickbay.authorization import refusals
from sickbay.diagnosis import rules
from sickbay.diagnosis.rule import Rule, RuleFunctions, WordList, read_spec
from sickbay.diagnosis.stages import STAGES
from sickbay.kernel.packed_folder import PackedFolder

_RULES = PackedFolder(Path(__file__).with_name("rules"), Path(__file__).with_name("rules.json"))
_REFUSALS = refusals.index_refusals()
_SECTION, _ITEM = re.compile(r"^## ", re.M), re.compile(r"^- ", re.M)
ADVICE = "advice"


class RuleText(Struct, frozen=True):
    """The section of a rule. fields: as declared, without what follows from its folder, its id and the refusal."""

    id: str
    fields: Mapping[str, Any]


@cache
def load_rules(place: str) -> tuple[Rule, ...]:
    """The rules of a file, which is read once. place: below `rules`, such as `authorize.scope`."""
    return tuple(read_rules(place))


def read_rules(place: str) -> Iterator[Rule]:
    """The rules of a file, with their stages, refusals and outcomes."""
    stage = place.partition(".")[0]
    functions = read_functions(place)
    for text in read_texts(place):
        explains = find_refusal(text.id, text.fields.get("explains"))
        outcome = text.fields.get("outcome") or default_outcome(explains, stage)
        own = functions.get(text.id, {})
        yield Rule(id=text.id, **{**text.fields, **own, "stage": stage, "explains": explains, "outcome": outcome})


def read_texts(place: str) -> Iterator[RuleText]:
    for section in _SECTION.split(_RULES.read_text(f"{_path_of_rules(place)}.md"))[1:]:
        head, title, why, fix, *lists = section.strip().split("\n\n")
        id, *lines = head.split("\n")
        fields = dict(_read_field(*line.split(": ", 1)) for line in lines)
        words = {"words": dict(map(_read_list, lists))} if lists else {}
        yield RuleText(id, fields | {"title": _join_lines(title), "why": _join_lines(why), "fix": _join_lines(fix)} | words)


def has_functions(place: str) -> bool:
    """Whether a file of rules has functions, which are in a Python file of its name."""
    return os.path.isfile(f"{_RULES.folder}/{_path_of_rules(place)}.py")


def _path_of_rules(place: str) -> str:
    return place.replace(".", "/")


def read_functions(place: str) -> RuleFunctions:
    """The functions of the rules in this file, by id; none if all of its rules are only words."""
    if not has_functions(place):
        return {}
    functions: RuleFunctions = import_module(f"{rules.__name__}.{place}").FUNCTIONS
    return functions


def find_refusal(id: str, explains: str | None) -> str | None:
    """The refusal that a rule explains: the one that it names, or else the one with its id. `-` is none."""
    if explains is not None:
        return None if explains == "-" else explains
    return id if id in _REFUSALS else None


def default_outcome(explains: str | None, stage: str) -> str:
    return ADVICE if explains is None else STAGES[stage].outcome_of(_REFUSALS[explains])


def _read_field(name: str, text: str) -> tuple[str, Any]:
    if name == "spec":
        return name, read_spec(text)
    return name, tuple(text.split()) if name == "at" else text == "yes" if name == "root" else text


def _read_list(paragraph: str) -> tuple[str, WordList]:
    """A slot and its texts. Raises ValueError if the paragraph is something else."""
    first, _, items = paragraph.partition("\n")
    slot, names = first.removeprefix("{").removesuffix(":").split("} by ")
    return slot, WordList(names.split(", "), read_items(items))


def _join_lines(paragraph: str) -> str:
    """The lines of a paragraph as one. A paragraph that is only `-` is empty."""
    return "" if paragraph == "-" else paragraph.replace("\n", " ")


def read_items(text: str) -> dict[str, str]:
    """The texts of a list of `- name: text` by their names. A text may continue on the next lines.

    Raises ValueError if an item has no name.
    """
    return dict(" ".join(item.split()).split(": ", 1) for item in _ITEM.split(text)[1:])


def read_sections(path: Path) -> dict[str, dict[str, str]]:
    """The list below each heading of level 2."""
    sections = _SECTION.split(path.read_text(encoding="utf-8"))[1:]
    return {heading: read_items(items) for heading, _, items in (section.partition("\n") for section in sections)}
