"""Chooses the columns that matter for a resource type, and writes the cells of a resource."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from sickbay.fhir.elements import list_children
from sickbay.fhir.readable.references import Target, target_of
from sickbay.fhir.readable.tree import find_child, humanize_name
from sickbay.fhir.readable.values import describe_value, list_of, object_of, text_of
from sickbay.fhir.search.parameters import known_types

COLUMNS: Final = 5
CELL_CHARACTERS: Final = 120
OTHERWISE: Final = (
    ("name", "title", "code", "type", "category", "description", "identifier", "url", "kind"),
    ("status", "lifecycleStatus", "state", "active"),
    ("date", "period", "created", "authoredOn", "authored", "issued", "recorded", "occurrence", "effective", "sent", "start"),
    ("subject", "patient", "beneficiary", "for"),
    ("publisher", "author", "organization", "manufacturer", "provider", "owner"),
)
"""Columns for all other types: of each row, the first element that the type has."""
LISTED: Final = 2
"""Maximum number of values of a repeated element in a cell. The cell shows how many more there are."""


class TableCell(NamedTuple):
    text: str
    target: Target | None = None


@cache
def _columns_by_type() -> Mapping[str, tuple[tuple[str, ...], ...]]:
    rows = tomllib.loads((Path(__file__).parent / "columns.toml").read_text())
    return {type: tuple(tuple(column.split("|")) for column in text.split()) for type, text in rows.items()}


@cache
def list_columns(version: str, type: str) -> tuple[tuple[str, ...], ...]:
    """Returns, for each column, the alternative elements that this version has."""
    known = list_children(version, type)
    wanted = _columns_by_type().get(type, OTHERWISE)
    columns = (tuple(name for name in alternatives if name in known) for alternatives in wanted)
    return tuple(column for column in columns if column)[:COLUMNS]


def name_column(alternatives: Sequence[str]) -> str:
    return humanize_name(alternatives[0])


def make_cells(version: str, resource: Mapping[str, Any], bases: Sequence[str]) -> tuple[TableCell, ...]:
    type = text_of(resource.get("resourceType"))
    return tuple(_cell_of_column(version, type, resource, column, bases) for column in list_columns(version, type))


def _cell_of_column(
    version: str, type: str, resource: Mapping[str, Any], column: Sequence[str], bases: Sequence[str]
) -> TableCell:
    """Returns the value of the first alternative that the resource has."""
    for name in column:
        key = next((key for key in resource if _is_of(version, type, key, name)), None)
        if key is not None:
            return _make_cell(version, resource, key, bases)
    return TableCell("")


def _is_of(version: str, type: str, key: str, name: str) -> bool:
    """Whether a member is this element: valueQuantity is `value`."""
    return key == name or any(child.key == key for child in list_children(version, type).get(name, ()))


def _make_cell(version: str, resource: Mapping[str, Any], key: str, bases: Sequence[str]) -> TableCell:
    child, values = find_child(version, text_of(resource.get("resourceType")), key), list_of(resource[key])
    lines = [_line_for_value(version, child.type, child.path, value) for value in values[: LISTED + 1]]
    texts = [_title_contained_resource(version, resource, line) if line.startswith("#") else line for line in lines if line]
    more = len(values) - LISTED
    text = ", ".join(texts[:LISTED]) + (f" and {more} more" if more > 0 and len(texts) > LISTED else "")
    target = target_of(version, child.type, values[0], bases) if len(values) == 1 else None
    return TableCell(text if len(text) <= CELL_CHARACTERS else f"{text[: CELL_CHARACTERS - 1]}…", target)


def _line_for_value(version: str, type: str, path: str, value: Any) -> str:
    """Returns one line for a value. An element with children is reduced to a code and its value, or an actor."""
    if text := describe_value(type, value):
        return text
    members = [(find_child(version, path, key), list_of(member)) for key, member in object_of(value).items()]
    texts = [(child.type, describe_value(child.type, values[0])) for child, values in members if values]
    parts = [text for type, text in texts if text and type not in ("boolean", "code", "string")]
    return " ".join((parts or [text for type, text in texts if text and type == "string"])[:LISTED])


def _title_contained_resource(version: str, resource: Mapping[str, Any], reference: str) -> str:
    """Returns the title of a contained resource; the reference if it has none."""
    contained = map(object_of, list_of(resource.get("contained")))
    found = next((inner for inner in contained if f"#{inner.get('id')}" == reference and "contained" not in inner), None)
    return (title_of(version, {**found, "contained": []}) if found else "") or reference


def title_of(version: str, resource: Mapping[str, Any]) -> str:
    """Returns the display name of a resource: the first cell with text; "" if all are empty."""
    return next((cell.text for cell in make_cells(version, resource, ()) if cell.text), "")


@cache
def list_usual_types(version: str) -> tuple[str, ...]:
    """Returns the types of this version that have their own columns, because people often look at them."""
    return tuple(type for type in _columns_by_type() if type in known_types(version))
