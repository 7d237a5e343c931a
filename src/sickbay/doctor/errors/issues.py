"""Writes the issues that FHIR validators and compilers print in logs and tables as members of an OperationOutcome."""

from __future__ import annotations

import json
import re

from sickbay.kernel.late_patterns import compile_late

_LEVEL = r"(?P<level>fatal|error|warning|information)"
_PATH = r"(?P<path>(?-i:[A-Z][a-z])\w{2,40}(?:[./:\[][^|\n]{0,250}?)?)"
_SAID = r"(?P<said>[^\n]{8,900})"
_ISSUES = tuple(
    compile_late(pattern, re.I | re.M)
    for pattern in (
        r"^[ \t>`*\[-]{0,12}SingleValidationMessage\[(?:(?:col|row)=\d*,){0,2}locationString=(?P<path>[^\n,]{0,300}),message="
        rf"(?P<said>[^\n]{{1,900}}?)(?:,[^,\s]{{1,200}})?,severity={_LEVEL}\]",
        rf"^[ \t>*-]{{0,12}}{_LEVEL} ?@ ?(?P<path>[^\s(:][^\n(:]{{0,300}}?)(?: ?\([^()\n]{{1,40}}\))? ?: ?{_SAID}",
        rf"^[ \t>|`]{{0,12}}{_PATH} ?\| ?{_LEVEL} ?\| ?(?P<said>[^|\n]{{8,900}})",
    )
)
_LINE = compile_late(r"^[ \t>`*-]{0,12}(?P<level>fatal|error)(?P<path>):? (?P<said>[A-Z][a-z]{1,30} [^\n]{8,900})", re.M)
"""A line of SUSHI or a validator, which other software prints too."""


def write_as_members(text: str, *, lines: bool = False) -> str:
    """The text with the members of each issue in JSON. lines: also those with only a level before them."""
    for pattern in (*_ISSUES, _LINE) if lines else _ISSUES:
        text = pattern.sub(_write, text)
    return text


def _write(issue: re.Match[str]) -> str:
    members = {"severity": issue["level"].lower(), "expression": issue["path"], "diagnostics": issue["said"].strip(" `")}
    return ", ".join(f'"{name}": {json.dumps(value, ensure_ascii=False)}' for name, value in members.items() if value)
