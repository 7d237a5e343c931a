"""The language in which exchanges are filtered: `status:4xx app:finder rule:pkce* -stage:access patient`.

A word is `name:value`, or a text. All words must hold. Values that are separated by commas are alternatives, a minus before a
word excludes what it matches, and quotes keep spaces and colons in a value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from sickbay.diagnosis.stages import STAGES
from sickbay.kernel import english
from sickbay.kernel.similar_names import find_closest
from sickbay.services.journal.outcomes import RULE, STAGE
from sickbay.storage.exchange_filter import Column, ColumnCondition, ExchangeFilter, escape_wildcards

MAXIMUM_CHARACTERS: Final = 300
MAXIMUM_WORDS: Final = 12
MAXIMUM_VALUES: Final = 8
"""Maximum number of alternatives of a word."""
OUTCOMES: Final = ("refused", "failed", "granted", "injected")
"""The values of `is:`."""
RECORDED_STAGES: Final = tuple(name for name, stage in STAGES.items() if stage.recorded)
"""Stages that an exchange can have, some of them only in its line (`line.KINDS`)."""
ADDRESSES: Final = ("http", "https")
"""Names that aren't filters, but the beginning of an address."""
STATUS: Final = re.compile(r"[1-5][0-9x]{2}")
_WORD: Final = re.compile(r'(?:"[^"]*+"?|[^\s"]++)++')
_NAME: Final = re.compile(r"[A-Za-z]\w*")
_VALUE: Final = re.compile(r'(?:"[^"]*+"?|[^,"]++)++')


class Word(NamedTuple):
    """name: "" for a text. text: as it was written."""

    name: str
    values: tuple[str, ...]
    excluded: bool
    text: str


class KnownNames(NamedTuple):
    """Names that values of a filter are compared with. apps: names, app_ids and client_ids in lower case, each with its
    client_ids."""

    apps: Mapping[str, tuple[str, ...]]
    hospitals: Sequence[str]
    rules: Sequence[str]


class FilterReading(NamedTuple):
    """A parsed filter. problems: one sentence for each invalid word."""

    wanted: ExchangeFilter = ()
    problems: tuple[str, ...] = ()


def split_filter(text: str) -> tuple[Word, ...]:
    return tuple(_split_word(text) for text in _WORD.findall(text))


def _split_word(text: str) -> Word:
    excluded = text.startswith("-") and len(text) > 1
    name, colon, value = text.removeprefix("-" if excluded else "").partition(":")
    if not colon or not _NAME.fullmatch(name) or name.lower() in ADDRESSES:
        return Word("", ((name + colon + value).replace('"', ""),), excluded, text)
    values = tuple(part for found in _VALUE.findall(value) if (part := found.replace('"', "").strip()))
    return Word(name.lower(), values, excluded, text)


def parse_filter(text: str, names: KnownNames) -> FilterReading:
    """Parse a filter. A word that can't be parsed is left out and named in the problems."""
    if len(text) > MAXIMUM_CHARACTERS:
        return FilterReading(problems=(f"The filter has {len(text)} characters; at most {MAXIMUM_CHARACTERS} are read.",))
    words = split_filter(text)
    if len(words) > MAXIMUM_WORDS:
        return FilterReading(problems=(f"The filter has {len(words)} words; at most {MAXIMUM_WORDS} are read.",))
    conditions: list[ColumnCondition] = []
    problems: list[str] = []
    for word in words:
        found = _read_word(word, names)
        if isinstance(found, ColumnCondition):
            conditions.append(found)
        else:
            problems.append(found)
    return FilterReading(tuple(conditions), tuple(problems))


def _read_word(word: Word, names: KnownNames) -> ColumnCondition | str:
    """Returns the condition of a word, or its error."""
    if word.name and word.name not in NAMES:
        return (
            f"There is no filter {word.name}.{_suggest_word(word.name, NAMES, ':')} Filters: {english.join(NAMES)}. "
            f'To search for this text, put it in quotes: "{word.text}".'
        )
    if not word.values:
        return f"{word.text} has no value. For example: {EXAMPLES[word.name]}."
    if len(word.values) > MAXIMUM_VALUES:
        return f"{word.name} has {len(word.values)} values; at most {MAXIMUM_VALUES} are read."
    patterns: list[str] = []
    for value in word.values:
        found = READERS[word.name](value, names)
        if isinstance(found, str):
            return found
        patterns += found
    return ColumnCondition(COLUMNS.get(word.name, "line"), tuple(patterns), word.excluded)


def _read_text(value: str, names: KnownNames) -> list[str] | str:
    return [f"%{escape_wildcards(value.lower())}%"]


def _read_app(value: str, names: KnownNames) -> list[str] | str:
    found = dict.fromkeys(id for name in _find_names(value.lower(), names.apps) for id in names.apps[name])
    if not found:
        return f"There is no app {value}.{_suggest_word(value.lower(), names.apps)} Write its name, app_id or client_id."
    return [escape_wildcards(id) for id in found]


def _read_hospital(value: str, names: KnownNames) -> list[str] | str:
    found = _find_names(value.lower(), names.hospitals)
    return [
        escape_wildcards(name) for name in found
    ] or f"There is no hospital {value}. Hospitals: {english.join(names.hospitals)}."


def _read_stage(value: str, names: KnownNames) -> list[str] | str:
    found = _find_names(value.lower(), RECORDED_STAGES)
    if found:
        return [f"%{STAGE}{escape_wildcards(stage)} %" for stage in found]
    known = STAGES.get(value.lower())
    if known is not None and known.part_of:
        return f"Requests of the stage {value} are recorded as {known.part_of}: write stage:{known.part_of}."
    suggestion = _suggest_word(value.lower(), RECORDED_STAGES)
    return f"No exchange has the stage {value}.{suggestion} Stages: {english.join(RECORDED_STAGES)}."


def _read_status(value: str, names: KnownNames) -> list[str] | str:
    if not STATUS.fullmatch(value.lower()):
        return f"{value} is not a status. Write three digits such as 404, or 4xx for all from 400 to 499."
    return [f"{value.lower().replace('x', '_')} %"]


def _read_rule(value: str, names: KnownNames) -> list[str] | str:
    found = _find_names(value.lower(), names.rules)
    if not found:
        return f"There is no rule {value}.{_suggest_word(value.lower(), names.rules)} /rules lists all of them."
    body = value.lower().strip("*")
    before, after = f"%{RULE}{'%' if value.startswith('*') else ''}", "%" if value.endswith("*") else " %"
    return [f"{before}{escape_wildcards(body)}{after}"]


def _read_launch(value: str, names: KnownNames) -> list[str] | str:
    return [escape_wildcards(value)]


def _read_outcome(value: str, names: KnownNames) -> list[str] | str:
    if value.lower() not in OUTCOMES:
        return f"is:{value} has no meaning. Write is: and {english.join(OUTCOMES, 'or')}."
    return [f"% {value.lower()} %"]


READERS: Final[Mapping[str, Callable[[str, KnownNames], list[str] | str]]] = {
    "": _read_text,
    "app": _read_app,
    "hospital": _read_hospital,
    "stage": _read_stage,
    "status": _read_status,
    "rule": _read_rule,
    "launch": _read_launch,
    "is": _read_outcome,
}
"""Maps the name of a filter to the function that returns the patterns of a value, or an error."""
NAMES: Final = tuple(name for name in READERS if name)
COLUMNS: Final[Mapping[str, Column]] = {"app": "owner", "hospital": "tenant", "launch": "family"}
"""The columns that filters search. All other filters search the line."""
EXAMPLES: Final = {
    "app": "app:sample-app-general",
    "hospital": "hospital:general",
    "stage": "stage:token",
    "status": "status:4xx",
    "rule": "rule:pkce*",
    "launch": "launch:ID, with the ID of a timeline",
    "is": "is:refused",
}


def _find_names(value: str, names: Iterable[str]) -> list[str]:
    """The names that a value means. An asterisk at its beginning or end stands for any characters."""
    body = value.strip("*")
    if value.startswith("*") and value.endswith("*"):
        return [name for name in names if body in name]
    if value.endswith("*"):
        return [name for name in names if name.startswith(body)]
    if value.startswith("*"):
        return [name for name in names if name.endswith(body)]
    return [name for name in names if name == value]


def _suggest_word(word: str, names: Iterable[str], suffix: str = "") -> str:
    closest = find_closest(word, names)
    return f" Did you mean {closest}{suffix}?" if closest else ""


def format_word(name: str, value: str) -> str:
    """A word of a filter, in quotes if the value needs them."""
    plain = value.replace('"', "")
    return f"{name}:{plain}" if re.fullmatch(r"[\w.*-]+", plain) else f'{name}:"{plain}"'
