"""Reads the settings of OAuth libraries in pasted code and in configuration files, with the names of OAuth parameters."""

from __future__ import annotations

import re
from functools import cache
from itertools import chain
from typing import Any, NamedTuple

from sickbay.diagnosis.lists import LISTS
from sickbay.doctor import compiled
from sickbay.doctor.code.conversions import read_conversion
from sickbay.doctor.code.draft import RequestDraft
from sickbay.doctor.code.evaluator import ObjectsEvaluator
from sickbay.doctor.code.models import AppSettings
from sickbay.doctor.code.places import CodePlaces
from sickbay.doctor.code.values import (
    CodeBody,
    CodeFields,
    CodeItems,
    CodeObject,
    CodeValue,
    Invocation,
    Meter,
    fields_of,
    spend,
    text_of,
)
from sickbay.kernel.late_patterns import compile_late, compile_once
from sickbay.kernel.text_search import Lines

_FEWEST = 2
"""Settings are only reported if this many names are known, including a client ID or a redirect URI."""
_CALLS = compile_late("|".join(LISTS["functions_with_settings"]))


class _Found(NamedTuple):
    library: str
    fields: CodeFields
    start: int
    end: int


class SettingsReader:
    """Collects the objects that can be settings while an Evaluator runs the code."""

    def __init__(self) -> None:
        self.found: list[_Found] = []
        self._owners: dict[str, _Found] = {}

    def list_settings(self, text: str, evaluator: ObjectsEvaluator, meter: Meter) -> list[AppSettings]:
        """The settings in a text that was run. Nested settings belong to the object around them."""
        lines, result = Lines(text), list[AppSettings]()
        objects = [_Found("", *found) for found in evaluator.objects]
        with meter.limit():
            for item in [*self.found, *self._owners.values(), *objects]:
                settings = _settings_of_item(item, evaluator, lines)
                result += [settings] if settings else []
        result += property_settings(text, lines)
        return _leave_out_parts(sorted(result, key=lambda item: (-len(item.values), item.first_line)))

    def call(self, invocation: Invocation) -> CodeValue | None:
        if _CALLS.fullmatch(invocation.name):
            for item in invocation.arguments:
                if fields := fields_of(item.value):
                    self.found.append(_Found(invocation.path, fields, invocation.start, invocation.end))
            named = CodeFields([(item.key, item.value) for item in invocation.arguments if item.key])
            if named.pairs:
                self.found.append(_Found(invocation.path, named, invocation.start, invocation.end))
        if oauth_name(invocation.name) and len(invocation.arguments) == 1:
            return self._add_builder_setting(invocation)
        return read_conversion(invocation)

    def _add_builder_setting(self, call: Invocation) -> CodeValue:
        """`builder.clientId("…").redirectUri("…")`: each call adds a setting to those before it."""
        base = call.base if isinstance(call.base, CodeObject) else CodeObject(call.path)
        spend(1 + len(base.properties))
        result = CodeObject(base.path, properties={**base.properties, call.name: call.arguments[0].value})
        self.found.append(_Found(base.path, CodeFields([*result.properties.items()]), call.start, call.end))
        return result

    def imply(self, owner: str, name: str, start: int) -> CodeValue | None:
        return None

    def note_assignment(self, path: str, value: CodeValue, start: int, end: int) -> None:
        """`options.ClientId = "…"`: a setting of an object that the paste doesn't show being made."""
        owner, _, name = path.rpartition(".")
        if owner and oauth_name(name):
            before = self._owners.get(owner, _Found(owner, CodeFields(), start, end))
            self._owners[owner] = before._replace(fields=CodeFields([*before.fields.pairs, (name, value)]), end=end)

    def assign(self, base: CodeValue, name: str, value: CodeValue, end: int) -> None:
        if isinstance(base, CodeFields):
            base.set(name, text_of(value) if isinstance(value, CodeBody) else value)
        elif isinstance(base, CodeObject) and not isinstance(base, RequestDraft):
            base.properties[name] = value


def _leave_out_parts(found: list[AppSettings]) -> list[AppSettings]:
    """The settings that aren't a part of earlier ones. The same settings can be an object and the argument of a call."""
    result: list[AppSettings] = []
    taken: dict[int, int] = {}
    places: dict[frozenset[tuple[str, str]], int] = {}
    for settings in found:
        overlapped = [taken[line] for line in (settings.first_line, settings.last_line) if line in taken]
        same = places.get(frozenset(settings.values.items()))
        if same is not None and same <= min(overlapped, default=same):
            result[same] = result[same]._replace(library=result[same].library or settings.library)
        elif not overlapped:
            places.setdefault(frozenset(settings.values.items()), len(result))
            for line in range(settings.first_line, settings.last_line + 1):
                taken.setdefault(line, len(result))
            result.append(settings)
    return sorted(result, key=lambda item: item.first_line)


def _settings_of_item(item: _Found, evaluator: CodePlaces, lines: Lines) -> AppSettings | None:
    """The settings of a call or an object; None if it has too few of them, or isn't code."""
    values = _read_oauth_values(item.fields, 0)
    library = library_of(item.library, dict(item.fields.pairs))
    is_known = len(values) >= _FEWEST and {"client_id", "redirect_uri"} & values.keys() and "grant_type" not in values
    if not is_known or (not library and _is_json(evaluator, item.start)):
        return None
    tokens = evaluator.tokens
    end = tokens[min(item.end, len(tokens) - 1)].end
    return AppSettings(library, values, lines.at(tokens[item.start].start), lines.at(end - 1))


def _is_json(evaluator: CodePlaces, index: int) -> bool:
    """Whether an object is JSON that no variable is set to. It can also be a response or a registration."""
    following = evaluator.tokens[index + 1] if index + 1 < len(evaluator.tokens) else evaluator.tokens[index]
    is_value = index > 0 and evaluator.is_operator(index - 1, "=", ":=", "(")
    return evaluator.is_operator(index, "{") and following.quote == '"' and not is_value


def _read_oauth_values(fields: CodeFields, depth: int) -> dict[str, str]:
    values: dict[str, str] = {}
    for name, value in fields.pairs:
        spend()
        inner = fields_of(value)
        if inner is not None and depth < 3:
            values = {**_read_oauth_values(inner, depth + 1), **values}
        elif oauth := oauth_name(name):
            text = _text_of_value(value)
            if text:
                values[oauth] = " ".join(text.replace(",", " ").split()) if oauth == "scope" else text
    return values


def _text_of_value(value: CodeValue) -> str:
    if isinstance(value, CodeItems):
        spend(len(value.values))
        return " ".join(str(text_of(item)) for item in value.values)
    return str(text_of(value))


def oauth_name(name: str) -> str:
    """The OAuth name of a setting, "" if it isn't known."""
    return _setting_names().get(re.sub(r"[_\W]", "", name).lower(), "")


@cache
def _setting_names() -> dict[str, str]:
    """The OAuth names of the settings of libraries."""
    named = compiled.load_knowledge().code.settings
    return {word: name for name, spellings in named.items() for word in spellings.split()}


def library_of(path: str, fields: dict[str, Any]) -> str:
    """The library that a call or the names of the settings belong to, "" if unknown."""
    libraries, names = compiled.load_knowledge().code.libraries.items(), {name.lower() for name in fields}
    by_path = (name for name, library in libraries if library.path and compile_once(library.path).search(path))
    by_names = (name for name, library in libraries if any(map(names.issuperset, library.names)))
    return next(chain(by_path, by_names), "")


_LINE = compile_late(
    r"^(?P<indent>[ \t]*)(?:-[ \t]+)?(?P<name>[\w.\[\]-]+)[ \t]*(?P<mark>[:=])(?:[ \t]+|(?<==)|$)(?P<value>[^\n]*+)", re.M
)
_COMMENT = compile_late(r"(?<!\s)\s++#.*", re.S)
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
    return [settings for group in groups if (settings := _settings_of_lines(group))]


def _settings_of_lines(group: list[tuple[int, str, str, str]]) -> AppSettings | None:
    values: dict[str, str] = {}
    used: list[int] = []
    is_spring = any(name.startswith("spring") or name == "registration" for _, name, _, _ in group)
    for line, name, value, _ in group:
        oauth = _oauth_name(name)
        cleaned = _clean_value(value)
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


def _clean_value(value: str) -> str:
    """The value without a comment, a comma and quotation marks."""
    value = _COMMENT.sub("", value).strip().rstrip(",;").strip()
    if value[:1] in ("{", "[", "(") and value[-1:] not in ("}", "]"):
        return ""
    return value.strip("\"'`")
