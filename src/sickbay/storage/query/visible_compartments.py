"""Reads what a token sees in the compartments of some patients: all of a type, a sample of it, and the codes that it has.

What it costs depends only on the compartments that are visible, so hidden records change neither the answer nor its cost.
"""

from __future__ import annotations

from functools import cached_property
from typing import Final

import orjson

from sickbay.fhir.search.query import Filter, Query, TokenValue
from sickbay.fhir.visibility import Visibility
from sickbay.storage.probe import COUNT_LIMIT, OutOfTime
from sickbay.storage.query.access_path import AccessPath
from sickbay.storage.query.filters import FALSE, Scope, one_of
from sickbay.storage.query.saving import FACETS
from sickbay.storage.query.statement import Run, Sql, Statement

ALL_MEMBERS: Final = 3 * COUNT_LIMIT
"""Up to this number, all members of the compartments are read and sorted."""
READ_MEMBERS: Final = 20_000
"""Up to this number, all members are compared with the conditions of a search."""
FIRST_ROWS: Final = 4 * COUNT_LIMIT
"""Rows that are read to find the first COUNT_LIMIT resources. A resource has a row in each compartment."""
SAMPLED_PATIENTS: Final = 100
"""The patients of a sample, the first ones by their numbers. Each has a select of its own, which costs PostgreSQL 0.2 ms."""
LISTED_PATIENTS: Final = 150
"""The patients whose codes are listed, the first ones by their numbers."""
PATIENTS_AT_ONCE: Final = 50
"""In one of the statements that list codes."""
MEMBERS: Final = (
    "(SELECT c.nid FROM json_each(?) p CROSS JOIN compartment_index c ON c.patient = p.value WHERE c.type = ? AND c.member = 1)"
)
"""What isn't deleted. A resource may be in several compartments."""
MEMBERS_WITH_CODE: Final = (
    "(SELECT c.nid FROM json_each(?) p CROSS JOIN facet_index c ON c.patient = p.value"
    " AND c.type = ? AND c.word = ? AND {hashes} WHERE c.member = 1)"
)
_CODES: Final = (
    "WITH RECURSIVE v(patient, hash) AS (SELECT p.value, {first} FROM json_each(?) p"
    " UNION ALL SELECT v.patient, {next} FROM v WHERE v.hash IS NOT NULL)"
    " SELECT hash, count(*) FROM v WHERE hash IS NOT NULL GROUP BY hash"
)
_HASH: Final = (
    "(SELECT min(f.hash) FROM facet_index f WHERE f.patient = {patient} AND f.type = ? AND f.word = ? AND f.member = 1{after})"
)
CODES_OF_PATIENTS: Final = _CODES.format(
    first=_HASH.format(patient="p.value", after=""), next=_HASH.format(patient="v.patient", after=" AND f.hash > v.hash")
)
"""Skips from one code to the next in the index, so that it takes a step for each patient and code, not for each resource."""


class VisibleCompartments:
    """The resources of a type in the compartments of a visibility."""

    def __init__(self, run: Run, scope: Scope, visibility: Visibility, type: str) -> None:
        self._run, self._scope, self._type = run, scope, type
        self._clauses = visibility.of(type, "s")

    @cached_property
    def _patients(self) -> list[int]:
        """The visible patients; empty if visibility isn't limited to compartments."""
        if any(clause.patients is None for clause in self._clauses):
            return []
        ids = one_of("id", sorted(frozenset[str]().union(*(clause.patients or () for clause in self._clauses))))
        if ids is FALSE:
            return []
        text = f"SELECT nid FROM resource WHERE space = ? AND type = ? AND {ids.text} ORDER BY nid"
        return [
            nid for (nid,) in self._run(Statement(text, (self._scope.space, self._scope.names.word("Patient"), *ids.binds)))
        ]

    @cached_property
    def _patient_list(self) -> str:
        return orjson.dumps(self._patients).decode()

    @cached_property
    def nids(self) -> list[int] | None:
        """The resources of the sample, in order. None if all can be read, because there are at most ALL_MEMBERS."""
        patients = self._patients[:SAMPLED_PATIENTS]
        if len(patients) < 2 or self._member_count <= ALL_MEMBERS:
            return None
        of_each = -(-COUNT_LIMIT // len(patients))
        member = f"c.type = {self._scope.names.word(self._type)} AND c.member = 1"
        selects = (
            f"SELECT nid FROM (SELECT c.nid FROM compartment_index c WHERE c.patient = {patient} AND {member}"
            f" ORDER BY c.rank, c.nid LIMIT {of_each}) s{patient}"
            for patient in patients
        )
        return sorted({nid for (nid,) in self._run(Statement(" UNION ALL ".join(selects), ()))})

    @cached_property
    def _member_count(self) -> int:
        """The members of the compartments, some of them counted twice, up to just above READ_MEMBERS."""
        text = (
            "SELECT count(*) FROM (SELECT 1 FROM json_each(?) p CROSS JOIN compartment_index c ON c.patient = p.value"
            " WHERE c.type = ? AND c.member = 1 LIMIT ?) m"
        )
        binds = self._patient_list, self._scope.names.word(self._type), READ_MEMBERS + 1
        return int(self._run(Statement(text, binds))[0][0])

    @property
    def _table(self) -> Sql:
        return Sql(MEMBERS, (self._patient_list, self._scope.names.word(self._type)))

    @property
    def members(self) -> Sql | None:
        """All nids, as a table. None if visibility isn't limited to compartments, or if they have too many members."""
        return self._table if self._patients and self._member_count <= READ_MEMBERS else None

    def path(self, query: Query, *, ordered: bool) -> AccessPath | None:
        """Return an access path that reads nothing else, and a resource once for each compartment that it is in.

        None if visibility isn't limited to compartments. ordered: the first matches are needed, not only their number.
        """
        if not self._patients:
            return None
        members, rest = self._table, query.filters
        for filter in query.filters:
            if (found := self._with_code(filter)) is not None:
                members, rest = found, tuple(other for other in query.filters if other is not filter)
                break
        is_whole = not rest and not query.updated and query.within is None and not self._has_filters
        return self._read(_limit(members) if ordered and is_whole else members, rest)

    @property
    def _has_filters(self) -> bool:
        return any(clause.filters for clause in self._clauses)

    def _read(self, members: Sql, rest: tuple[Filter, ...]) -> AccessPath:
        """Read members. Without filters in scopes, they are all visible, whosever compartment they are in."""
        patient = None if self._has_filters else min(self._clauses[0].patients or (), default=None)
        return AccessPath(f"{members.text} d", "TRUE", members.binds, "d.nid", rest, patient=patient)

    def _with_code(self, filter: Filter) -> Sql | None:
        """Return the members that have one of the codes of a filter. None if patients aren't grouped by these codes."""
        codes = [(value.system, value.code) for value in filter.values if isinstance(value, TokenValue) and value.code]
        parameter = filter.parameter
        is_exact = filter.modifier is None and not filter.leads and not parameter.held and len(codes) == len(filter.values)
        if parameter.code not in FACETS or parameter.kind != "token" or not is_exact:
            return None
        hashes = one_of("c.hash", self._scope.names.hashes(tuple(codes)))
        binds = (self._patient_list, self._scope.names.word(self._type), self._scope.names.word(parameter.code), *hashes.binds)
        return Sql(MEMBERS_WITH_CODE.format(hashes=hashes.text), binds) if hashes is not FALSE else None

    def count_codes(self, code: str) -> dict[int, int]:
        """Return the hashes of the codes that the patients have in a parameter, and how many patients have each.

        Empty if the parameter isn't grouped by patients, or if scopes have filters. Those of the first patients only, if there
        are too many codes.
        """
        word = self._scope.names.word(code)
        if code not in FACETS or not word or self._has_filters:
            return {}
        type, counts = self._scope.names.word(self._type), dict[int, int]()
        try:
            for start in range(0, min(len(self._patients), LISTED_PATIENTS), PATIENTS_AT_ONCE):
                listed = orjson.dumps(self._patients[start : start + PATIENTS_AT_ONCE]).decode()
                for hash, number in self._run(Statement(CODES_OF_PATIENTS, (type, word, listed, type, word))):
                    counts[hash] = counts.get(hash, 0) + number
        except OutOfTime:
            return counts
        return counts


def _limit(members: Sql) -> Sql:
    """Read the first rows only, so that no condition is tried on the others."""
    return Sql(f"{members.text[:-1]} ORDER BY c.nid LIMIT {FIRST_ROWS})", members.binds)
