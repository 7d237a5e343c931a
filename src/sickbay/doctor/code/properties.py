"""Reads OAuth settings in application.yml, application.properties and .env files."""

from __future__ import annotations

import re

from sickbay.doctor.code.models import AppSettings, Lines
from sickbay.doctor.code.setting_names import oauth_name

_LINE = re.compile(
    r"^(?P<indent>[ \t]*)(?:-[ \t]+)?(?P<name>[\w.\[\]-]+)[ \t]*(?P<mark>[:=])(?:[ \t]+|(?<==)|$)(?P<value>[^\n]*+)", re.M
)
_COMMENT = re.compile(r"(?<!\s)\s++#.*", re.S)
_LONGEST_GAP = 3
"""Lines further apart than this belong to different settings."""


def property_settings(text: str, lines: Lines) -> list[AppSettings]:
    """Settings of consecutive lines `name: value` or `name=value`. The last part of a dotted name counts."""
    groups: list[list[tuple[int, str, str, str]]] = [[]]
    for match in _LINE.finditer(text):
        line = lines.at(match.start("name"))
        if groups[-1] and line - groups[-1][-1][0] > _LONGEST_GAP:
            groups.append([])
        groups[-1].append((line, match["name"], match["value"], match["mark"]))
    return [settings for group in groups if (settings := _settings(group))]


def _settings(group: list[tuple[int, str, str, str]]) -> AppSettings | None:
    values: dict[str, str] = {}
    used: list[int] = []
    is_spring = any(name.startswith("spring") or name == "registration" for _, name, _, _ in group)
    for line, name, value, _ in group:
        oauth = _oauth_name(name)
        cleaned = _cleaned(value)
        if oauth and cleaned and oauth not in values:
            values[oauth] = " ".join(cleaned.replace(",", " ").split()) if oauth == "scope" else cleaned
            used.append(line)
    if len(values) < 2 or not {"client_id", "redirect_uri"} & values.keys() or ("grant_type" in values and not is_spring):
        return None
    return AppSettings("Spring" if is_spring else "", values, min(used), max(used))


def _oauth_name(name: str) -> str:
    """The OAuth name of `spring.security.….client-id` and of `REACT_APP_CLIENT_ID`."""
    last = name.rpartition(".")[2]
    if found := oauth_name(last):
        return found
    words = last.split("_")
    return (
        next((found for start in range(1, len(words)) if (found := oauth_name("_".join(words[start:])))), "")
        if last.isupper()
        else ""
    )


def _cleaned(value: str) -> str:
    """The value without a comment, a comma and quotation marks."""
    value = _COMMENT.sub("", value).strip().rstrip(",;").strip()
    if value[:1] in ("{", "[", "(") and value[-1:] not in ("}", "]"):
        return ""
    return value.strip("\"'`")
