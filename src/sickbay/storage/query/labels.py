"""Reads the profiles, security labels and tags of the visible resources, for $meta of a type and of the whole server."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from sickbay.fhir.search.parameters import AS_WRITTEN, CASELESS_VERSIONS, SearchParameter, add_offset
from sickbay.fhir.visibility import Visibility
from sickbay.storage.answers import Labels
from sickbay.storage.query.conditions import FALSE, TRUE
from sickbay.storage.query.filters import Scope
from sickbay.storage.query.keyset import Find
from sickbay.storage.query.statement import Run, Sql, Statement
from sickbay.storage.query.visibility import select_compartments

NAMES = {"profile": "_profile", "security": "_security", "tag": "_tag"}


def load_labels(run: Run, scope: Scope, find: Find, version: str, types: Sequence[str], visibility: Visibility) -> Labels:
    """Return each label once, sorted. If all of a type is visible, the cost depends on the number of labels, not resources."""
    values: dict[str, set[tuple[str, str]]] = {name: set() for name in NAMES}
    for name, code in NAMES.items():
        parameters = [
            _find_written_form(version, parameter)
            for type in types
            if scope.names.word(type) and (parameter := find(version, type, code)) is not None
        ]
        visible = {parameter: scope.visible(parameter.type, "s", "t.nid", None) for parameter in parameters}
        unrestricted = [parameter for parameter in parameters if visible[parameter] is TRUE]
        statements = [_distinct_values(scope, name, unrestricted)] if unrestricted else []
        statements += [
            _visible_values(scope, name, parameter, visible[parameter], visibility)
            for parameter in parameters
            if visible[parameter] not in (TRUE, FALSE)
        ]
        for statement in statements:
            values[name] |= {(system, code) for system, code in run(statement)}
    profiles = tuple(sorted(uri for _, uri in values["profile"]))
    return Labels(profiles, tuple(sorted(values["security"])), tuple(sorted(values["tag"])))


def _find_written_form(version: str, parameter: SearchParameter) -> SearchParameter:
    """Return the parameter with whose number the codes are stored as they are written."""
    is_caseless = version in CASELESS_VERSIONS and parameter.kind == "token"
    return add_offset(parameter, AS_WRITTEN, "token") if is_caseless else parameter


def _table_and_column(name: str) -> tuple[str, str]:
    """Return (table, column). Profiles are stored as URIs."""
    return ("shown_uri", "value") if name == "profile" else ("shown_token", "hash")


def _select_with_names(name: str, values: str) -> str:
    """Add the names of the values, as (system, code). values: a SELECT of the values as x."""
    if name == "profile":
        return f"SELECT '', v.x FROM ({values}) v"
    return f"SELECT w.system, w.code FROM ({values}) v CROSS JOIN term w ON w.hash = v.x"


def _distinct_values(scope: Scope, name: str, parameters: Sequence[SearchParameter]) -> Statement:
    table, column = _table_and_column(name)
    least = f"SELECT min(s.{column}) FROM {table} s WHERE s.space = ? AND s.parameter ="
    distinct = (
        f"WITH RECURSIVE e(p, x) AS (SELECT n.value, ({least} n.value) FROM json_each(?) n UNION ALL"
        f" SELECT e.p, ({least} e.p AND s.{column} > e.x) FROM e WHERE e.x IS NOT NULL)"
        " SELECT DISTINCT e.x AS x FROM e WHERE e.x IS NOT NULL"
    )
    numbers = orjson.dumps([parameter.number for parameter in parameters]).decode()
    return Statement(_select_with_names(name, distinct), (scope.space, numbers, scope.space))


def _visible_values(scope: Scope, name: str, parameter: SearchParameter, visible: Sql, visibility: Visibility) -> Statement:
    table, column = _table_and_column(name)
    members = select_compartments(scope.names, scope.space, visibility, "s", parameter.type)
    source = f"{members.text} c CROSS JOIN {table} t ON t.nid = c.nid" if members else f"{table} t"
    values = f"SELECT DISTINCT t.{column} AS x FROM {source} WHERE t.space = ? AND t.parameter = ? AND {visible.text}"
    return Statement(
        _select_with_names(name, values), (*(members.binds if members else ()), scope.space, parameter.number, *visible.binds)
    )
