"""Reads a rule's case: a Markdown file that is both its test and the example on its page.

# <id>
Prose for the page.
## Refused          a fenced ```json block: the input for diagnose(), without its context
## Fix              one paragraph: the expected `fix` of the finding
## Corrected        a fenced ```json block: the expected corrected input, or the word None
## Known            optional ```json block, merged into the context of `cases/<stage>/context.json`
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any

from sickbay.kernel.packed_folder import PackedFolder

CASES = PackedFolder(Path(__file__).with_name("cases"), Path(__file__).with_name("cases.json"))


@dataclass(frozen=True, slots=True)
class Case:
    """refused, corrected: inputs with their context. corrected: None if the request can't be corrected."""

    id: str
    prose: str
    refused: dict[str, Any]
    fix: str
    corrected: dict[str, Any] | None


def load(path: PurePosixPath) -> Case:
    """path: relative to CASES, as `paths` lists it."""
    parts = re.split(r"^#+ (.+)$", read_text(path), flags=re.M)
    sections = {name.strip().lower(): text.strip() for name, text in zip(parts[3::2], parts[4::2], strict=True)}
    context = _merge(json.loads(read_text(path.parent / "context.json")), _json_object_or_none(sections.get("known", "")) or {})
    return Case(
        parts[1].strip(),
        parts[2].strip(),
        _read_input(sections["refused"], context) or {},
        sections["fix"],
        _read_input(sections["corrected"], context),
    )


@cache
def list_paths() -> Mapping[str, PurePosixPath]:
    """The case of each rule by its ID, relative to CASES, listed once."""
    return {path.stem: path for path in map(PurePosixPath, CASES.list_files(".md"))}


def read_text(path: PurePosixPath) -> str:
    """The text of a case or of its context."""
    return CASES.read_text(path.as_posix())


def _read_input(text: str, context: dict[str, Any]) -> dict[str, Any] | None:
    evidence = _json_object_or_none(text)
    return None if evidence is None else evidence | {"context": _merge(context, evidence.get("context", {}))}


def _json_object_or_none(text: str) -> dict[str, Any] | None:
    block = text.partition("```json\n")[2].partition("```")[0]
    return dict(json.loads(block)) if block else None


def _merge(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Merges `over` into `base`, objects recursively. A null in `over` removes the key."""
    merged = dict(base)
    for key, value in over.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = _merge(merged[key], value)
        else:
            merged[key] = value
    return merged
