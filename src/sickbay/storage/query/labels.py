"""The profiles, security labels and tags in use among what may be seen: $meta of a type and of the whole server."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from sickbay.fhir.search.query import SearchParameter
from sickbay.fhir.visibility import Visibility
from sickbay.storage.interface import Labels
from sickbay.storage.query.filters import FALSE, TRUE, Scope
from sickbay.storage.query.order import Find
from sickbay.storage.query.statement import Run, Sql, Statement
from sickbay.storage.query.visible import compartments

NAMES = {"profile": "_profile", "security": "_security", "tag": "_tag"}


def labels(run: Run, scope: Scope, find: Find, version: str, types: Sequence[str], visibility: Visibility) -> Labels:
    """Each once, in order. Where all of a type may be seen, each label costs one look and not each resource."""
    found: dict[str, set[tuple[str, str]]] = {name: set() for name in NAMES}
    for name, code in NAMES.items():
        held = [one for type in types if scope.names.word(type) and (one := find(version, type, code)) is not None]
        seen = {one: scope.visible(one.type, "s", "t.nid", None) for one in held}
        whole = [one for one in held if seen[one] is TRUE]
        statements = [_each(scope, name, whole)] if whole else []
        statements += [_among(scope, name, one, seen[one], visibility) for one in held if seen[one] not in (TRUE, FALSE)]
        for statement in statements:
            found[name] |= {(system, code) for system, code in run(statement)}
    profiles = tuple(sorted(uri for _, uri in found["profile"]))
    return Labels(profiles, tuple(sorted(found["security"])), tuple(sorted(found["tag"])))


def _place(name: str) -> tuple[str, str]:
    """(table, column): profiles are addresses."""
    return ("uri_index", "value") if name == "profile" else ("token_index", "hash")


def _said(name: str, values: str) -> str:
    """What the values are called, as (system, code); values: a SELECT of them as x."""
    if name == "profile":
        return f"SELECT '', v.x FROM ({values}) v"
    return f"SELECT w.system, w.code FROM ({values}) v CROSS JOIN term w ON w.hash = v.x"


def _each(scope: Scope, name: str, held: Sequence[SearchParameter]) -> Statement:
    table, column = _place(name)
    least = f"SELECT min(s.{column}) FROM {table} s WHERE s.space = ? AND s.parameter ="
    walk = (
        f"WITH RECURSIVE e(p, x) AS (SELECT n.value, ({least} n.value) FROM json_each(?) n UNION ALL"
        f" SELECT e.p, ({least} e.p AND s.{column} > e.x) FROM e WHERE e.x IS NOT NULL)"
        " SELECT DISTINCT e.x AS x FROM e WHERE e.x IS NOT NULL"
    )
    numbers = orjson.dumps([one.number for one in held]).decode()
    return Statement(_said(name, walk), (scope.space, numbers, scope.space))


def _among(scope: Scope, name: str, one: SearchParameter, held: Sql, visibility: Visibility) -> Statement:
    table, column = _place(name)
    there = compartments(scope.names, scope.space, visibility, "s", one.type)
    begin = f"{there.text} c CROSS JOIN {table} t ON t.nid = c.nid" if there else f"{table} t"
    values = f"SELECT DISTINCT t.{column} AS x FROM {begin} WHERE t.space = ? AND t.parameter = ? AND {held.text}"
    return Statement(_said(name, values), (*(there.binds if there else ()), scope.space, one.number, *held.binds))
