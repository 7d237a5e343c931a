"""What a canonical names: resources by their `url`, and by their `version` where one stands behind a bar (R4, 2.3.0.4.1)."""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from sickbay.fhir.search.expressions import kinds
from sickbay.fhir.search.query import SearchParameter
from sickbay.storage.query.filters import LAST, Scope, one_of
from sickbay.storage.query.order import Find
from sickbay.storage.query.statement import Run, Statement

_AMONG = "IN (SELECT value FROM json_each(?))"


def is_canonical(version: str, parameter: SearchParameter) -> bool:
    return "canonical" in kinds(version, parameter.type, parameter.expression)


def named(run: Run, scope: Scope, find: Find, version: str, parameter: SearchParameter, nids: list[int]) -> list[int]:
    """The resources whose urls these name by the parameter."""
    text = f"SELECT DISTINCT f.value FROM uri_index f WHERE f.nid {_AMONG} AND f.parameter = ?"
    asked = [row[0].partition("|") for row in run(Statement(text, (_list(nids), parameter.number)))]
    if not asked:
        return []
    types = _numbers(find, version, parameter.targets, "url")
    by, urls = one_of("u.parameter", types), sorted({url for url, _, _ in asked})
    text = f"SELECT u.nid, u.value FROM uri_index u WHERE u.space = ? AND {by.text} AND u.value {_AMONG}"
    held = run(Statement(text, (scope.space, *by.binds, orjson.dumps(urls).decode())))
    versions = _versions(run, find, version, parameter.targets, [row[0] for row in held])
    wanted = {(url, bar and number.lower()) for url, bar, number in asked}
    return [nid for nid, url in held if (url, "") in wanted or any((url, one) in wanted for one in versions.get(nid, ()))]


def naming(
    run: Run, scope: Scope, find: Find, version: str, parameter: SearchParameter, type: str, nids: list[int], most: int
) -> list[int]:
    """Who names these resources of a type by the parameter; no more than `most` by each url."""
    by = one_of("u.parameter", _numbers(find, version, (type,), "url"))
    text = f"SELECT u.nid, u.value FROM uri_index u WHERE u.nid {_AMONG} AND {by.text}"
    held = run(Statement(text, (_list(nids), *by.binds)))
    versions = _versions(run, find, version, (type,), nids)
    found: dict[int, None] = {}
    for nid, url in held:
        text = (
            "SELECT f.nid, f.value FROM uri_index f WHERE f.space = ? AND f.parameter = ? AND"
            " (f.value = ? OR (f.value >= ? AND f.value < ?)) ORDER BY f.nid LIMIT ?"
        )
        binds = (scope.space, parameter.number, url, f"{url}|", f"{url}|{LAST}{LAST}", most)
        for other, value in run(Statement(text, binds)):
            number = value.partition("|")[2].lower()
            if not number or number in versions.get(nid, ()):
                found[other] = None
    return list(found)


def _numbers(find: Find, version: str, types: Iterable[str], code: str) -> list[int]:
    every = (find(version, type, code) for type in types)
    return [one.number for one in every if one is not None]


def _versions(run: Run, find: Find, version: str, types: Iterable[str], nids: list[int]) -> dict[int, list[str]]:
    """What each calls its version, in small letters, as a token that is a text is held."""
    by = one_of("t.parameter", _numbers(find, version, types, "version"))
    text = f"SELECT t.nid, m.code FROM token_index t CROSS JOIN term m ON m.hash = t.hash WHERE t.nid {_AMONG} AND {by.text}"
    found: dict[int, list[str]] = {}
    for nid, code in run(Statement(text, (_list(nids), *by.binds))) if nids else ():
        found.setdefault(nid, []).append(code)
    return found


def _list(nids: list[int]) -> str:
    return orjson.dumps(nids).decode()
