"""Resolves canonicals to resources by their `url`, and by their `version` if one follows the bar (R4, 2.3.0.4.1)."""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from sickbay.fhir.search.expressions import list_kinds
from sickbay.fhir.search.parameters import SearchParameter
from sickbay.storage.query.conditions import match_any
from sickbay.storage.query.filters import LAST, Scope
from sickbay.storage.query.keyset import Find
from sickbay.storage.query.statement import Run, Statement

_AMONG = "IN (SELECT value FROM json_each(?))"


def is_canonical(version: str, parameter: SearchParameter) -> bool:
    return "canonical" in list_kinds(version, parameter.type, parameter.expression)


def find_named_resources(
    run: Run, scope: Scope, find: Find, version: str, parameter: SearchParameter, nids: list[int]
) -> list[int]:
    """Return the resources whose urls are the canonicals that these resources have in the parameter."""
    text = f"SELECT DISTINCT f.value FROM shown_uri f WHERE f.nid {_AMONG} AND f.parameter = ?"
    canonicals = [row[0].partition("|") for row in run(Statement(text, (_list_nids(nids), parameter.number)))]
    if not canonicals:
        return []
    types = _parameter_numbers(find, version, parameter.targets, "url")
    parameters, urls = match_any("u.parameter", types), sorted({url for url, _, _ in canonicals})
    text = f"SELECT u.nid, u.value FROM shown_uri u WHERE u.space = ? AND {parameters.text} AND u.value {_AMONG}"
    rows = run(Statement(text, (scope.space, *parameters.binds, orjson.dumps(urls).decode())))
    versions = _versions_by_nid(run, find, version, parameter.targets, [row[0] for row in rows])
    canonical_set = {(url, bar and number.lower()) for url, bar, number in canonicals}
    return [
        nid
        for nid, url in rows
        if (url, "") in canonical_set or any((url, version_name) in canonical_set for version_name in versions.get(nid, ()))
    ]


def find_referring_resources(
    run: Run, scope: Scope, find: Find, version: str, parameter: SearchParameter, type: str, nids: list[int], most: int
) -> list[int]:
    """Return the resources that refer to these resources of a type by the parameter, at most `most` per url."""
    parameters = match_any("u.parameter", _parameter_numbers(find, version, (type,), "url"))
    text = f"SELECT u.nid, u.value FROM shown_uri u WHERE u.nid {_AMONG} AND {parameters.text}"
    rows = run(Statement(text, (_list_nids(nids), *parameters.binds)))
    versions = _versions_by_nid(run, find, version, (type,), nids)
    naming_nids: dict[int, None] = {}
    for nid, url in rows:
        text = (
            "SELECT f.nid, f.value FROM shown_uri f WHERE f.space = ? AND f.parameter = ? AND"
            " (f.value = ? OR (f.value >= ? AND f.value < ?)) ORDER BY f.nid LIMIT ?"
        )
        binds = (scope.space, parameter.number, url, f"{url}|", f"{url}|{LAST}{LAST}", most)
        for other, value in run(Statement(text, binds)):
            number = value.partition("|")[2].lower()
            if not number or number in versions.get(nid, ()):
                naming_nids[other] = None
    return list(naming_nids)


def _parameter_numbers(find: Find, version: str, types: Iterable[str], code: str) -> list[int]:
    parameters = (find(version, type, code) for type in types)
    return [parameter.number for parameter in parameters if parameter is not None]


def _versions_by_nid(run: Run, find: Find, version: str, types: Iterable[str], nids: list[int]) -> dict[int, list[str]]:
    """Return the versions of each resource in lower case, as tokens without a system are stored."""
    by = match_any("t.parameter", _parameter_numbers(find, version, types, "version"))
    text = f"SELECT t.nid, m.code FROM shown_token t CROSS JOIN term m ON m.hash = t.hash WHERE t.nid {_AMONG} AND {by.text}"
    versions: dict[int, list[str]] = {}
    for nid, code in run(Statement(text, (_list_nids(nids), *by.binds))) if nids else ():
        versions.setdefault(nid, []).append(code)
    return versions


def _list_nids(nids: list[int]) -> str:
    return orjson.dumps(nids).decode()
