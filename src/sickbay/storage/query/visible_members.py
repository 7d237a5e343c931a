"""Lists the first visible resources of a type, the only ones that an explanation reads. Hidden resources affect neither the
lists nor later reads. Limits count only visible ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Final, NamedTuple

import orjson

from sickbay.fhir.search.query import Filter, TokenValue
from sickbay.fhir.visibility import Clause, Visibility
from sickbay.storage.query.conditions import FALSE, TRUE, join_with_and, match_any
from sickbay.storage.query.dictionary import LIVE
from sickbay.storage.query.filters import Scope
from sickbay.storage.query.keyset import FindOfVersion
from sickbay.storage.query.saving import FACETS
from sickbay.storage.query.statement import Run, Sql, Statement

READ_ROWS: Final = 20_000
"""Maximum number of resources in a list. If there are more, the list is a sample."""
SAMPLED_ROWS: Final = 8_000
"""Number of resources in a sample. It is smaller, so that more values can be tried on it."""
SAMPLED_PATIENTS: Final = 100
"""Number of patients in a sample, lowest numbers first. Each needs a separate select (0.2 ms in PostgreSQL)."""
LISTED_PATIENTS: Final = 150
"""Number of patients whose codes are listed, lowest numbers first."""
PATIENTS_AT_ONCE: Final = 50
"""Number of patients in one statement that lists codes."""
_MEMBER: Final = Sql("c.member = 1")
"""Condition for members of a compartment that aren't deleted."""
_CODES: Final = (
    "WITH RECURSIVE v(patient, hash) AS (SELECT p.value, {first} FROM json_each(?) p"
    " UNION ALL SELECT v.patient, {next} FROM v WHERE v.hash IS NOT NULL)"
    " SELECT hash, count(*) FROM v WHERE hash IS NOT NULL GROUP BY hash"
)
_HASH: Final = (
    "(SELECT min(f.hash) FROM shown_facet f WHERE f.patient = {patient} AND f.type = ? AND f.word = ? AND f.member = 1{after})"
)
CODES_OF_PATIENTS: Final = _CODES.format(
    first=_HASH.format(patient="p.value", after=""), next=_HASH.format(patient="v.patient", after=" AND f.hash > v.hash")
)
"""Lists codes by skipping to the next code in the index, with a step for each patient and code, not for each resource."""


class Members(NamedTuple):
    """nids: in order, each once. is_whole: whether these are all."""

    nids: list[int]
    is_whole: bool


class VisibleMembers:
    """The visible resources of a type. The visibility must allow at least some of them."""

    def __init__(self, run: Run, scope: Scope, find: FindOfVersion, visibility: Visibility, type: str) -> None:
        self._run, self._scope, self._find, self._type = run, scope, find, type
        self._clauses = visibility.of(type, "s")
        self._word = scope.names.word(type)
        self._with_codes: dict[tuple[str, tuple[int, ...]], Members] = {}

    @cached_property
    def _visible_patients(self) -> dict[str, int]:
        """Return the visible patients and their nids, in order. Empty if a clause isn't limited to compartments."""
        if not self._is_limited:
            return {}
        ids = match_any("id", sorted(frozenset[str]().union(*(clause.patients or () for clause in self._clauses))))
        if ids is FALSE:
            return {}
        text = f"SELECT id, nid FROM resource WHERE space = ? AND type = ? AND {ids.text} ORDER BY nid"
        return dict(self._run(Statement(text, (self._scope.space, self._scope.names.word("Patient"), *ids.binds))))

    @property
    def _is_limited(self) -> bool:
        """Whether everything visible is in compartments."""
        return all(clause.patients is not None for clause in self._clauses)

    def _match_visible(self, members: Sql) -> Sql:
        """Match the visible members of compartments: all of them, unless scopes have filters."""
        visible = self._scope.visible(self._type, "s", "c.nid", None) if self._has_filters else TRUE
        return join_with_and([members, visible])

    @property
    def _has_filters(self) -> bool:
        return any(clause.filters for clause in self._clauses)

    @cached_property
    def first(self) -> Members:
        """Return the first resources; if there are too many, a sample across many patients."""
        if not self._is_limited:
            return self._list_members(self._select_everywhere())
        if not self._visible_patients:  # they were deleted
            return Members([], is_whole=True)
        filters = [granular for clause in self._clauses for granular in clause.filters]
        if len(self._clauses) == len(filters) == 1 and filters[0].parameter in FACETS:
            return self._list_with_code(filters[0].parameter, tuple(self._scope.names.hashes(filters[0].codings)))
        return self._members_of_patients(self._visible_patients.values(), condition=self._match_visible(_MEMBER))

    def _members_of_patients(
        self, patients: Iterable[int], table: str = "shown_compartment", condition: Sql = _MEMBER
    ) -> Members:
        """List members of compartments."""
        where = join_with_and([Sql("c.type = ?", (self._word,)), condition])
        text = f"SELECT c.nid FROM json_each(?) p CROSS JOIN {table} c ON c.patient = p.value WHERE {where.text} LIMIT ?"
        members = self._list_members(Sql(text, (_encode_nids(patients), *where.binds, READ_ROWS + 1)))
        return members if members.is_whole else self._sample_members(list(patients)[:SAMPLED_PATIENTS], table, where)

    def _sample_members(self, patients: list[int], table: str, where: Sql) -> Members:
        """List the first resources of each patient."""
        selects = (
            f"SELECT nid FROM (SELECT c.nid FROM {table} c WHERE c.patient = {patient} AND {where.text}"
            f" ORDER BY c.rank, c.nid LIMIT {-(-min(SAMPLED_ROWS, READ_ROWS) // len(patients))}) s{patient}"
            for patient in patients
        )
        rows = self._run(Statement(" UNION ALL ".join(selects), where.binds * len(patients)))
        return Members(sorted({nid for (nid,) in rows}), is_whole=False)

    def _list_members(self, rows: Sql) -> Members:
        """rows: up to READ_ROWS + 1. A resource has one for each compartment that it is in."""
        found = self._run(Statement(rows.text, rows.binds))
        is_whole = len(found) <= READ_ROWS
        return Members(sorted({nid for (nid,) in (found if is_whole else found[:SAMPLED_ROWS])}), is_whole)

    def _select_everywhere(self) -> Sql:
        """Select from the whole type, or for each clause from its compartments or from what meets its first filter."""
        visible = self._scope.visible(self._type, "s", "r.nid", None)
        if visible is FALSE:
            return Sql(f"SELECT r.nid FROM resource r WHERE r.nid < 0 LIMIT {READ_ROWS}")
        where = join_with_and(
            [Sql(f"r.space = ? AND r.type = ? AND r.state = {LIVE}", (self._scope.space, self._word)), visible]
        )
        if visible is TRUE:
            return Sql(f"SELECT r.nid FROM resource r WHERE {where.text} ORDER BY r.nid LIMIT ?", (*where.binds, READ_ROWS + 1))
        selects = [select for clause in self._clauses if (select := self._select_of_clause(clause, where)) is not FALSE]
        if not selects:
            return Sql("SELECT r.nid FROM resource r WHERE r.nid < 0")
        return Sql(
            " UNION ALL ".join(f"SELECT nid FROM ({select.text}) s{place}" for place, select in enumerate(selects))
            + " LIMIT ?",
            (*(bind for select in selects for bind in select.binds), READ_ROWS + 1),
        )

    def _select_of_clause(self, clause: Clause, where: Sql) -> Sql:
        names = self._scope.names
        if clause.patients is not None:
            ids = match_any("p.id", sorted(clause.patients))
            binds = self._scope.space, names.word("Patient"), *ids.binds, self._word, *where.binds, READ_ROWS + 1
            text = (
                "SELECT c.nid FROM resource p CROSS JOIN shown_compartment c ON c.patient = p.nid CROSS JOIN resource r"
                f" ON r.nid = c.nid WHERE p.space = ? AND p.type = ? AND {ids.text} AND c.type = ? AND c.member = 1"
            )
            return ids if ids is FALSE else Sql(f"{text} AND {where.text} LIMIT ?", binds)
        granular = clause.filters[0]
        if self._find(self._type, granular.parameter) is None:  # the index has the codes of all types in one range
            return FALSE
        hashes = match_any("t.hash", names.hashes(granular.codings))
        if hashes is FALSE:
            return FALSE
        binds = self._scope.space, -names.word(granular.parameter), *hashes.binds, *where.binds, READ_ROWS + 1
        return Sql(
            "SELECT t.nid FROM shown_token t CROSS JOIN resource r ON r.nid = t.nid WHERE t.space = ? AND t.parameter = ?"
            f" AND {hashes.text} AND {where.text} ORDER BY t.space, t.parameter, t.hash, t.nid LIMIT ?",
            binds,
        )

    def find_members_with_code(self, filter: Filter) -> Members | None:
        """Return the members that have one of a filter's codes. None if patients aren't grouped by these codes."""
        codes = tuple((value.system, value.code) for value in filter.values if isinstance(value, TokenValue) and value.code)
        parameter = filter.parameter
        is_exact = filter.modifier is None and not filter.leads and not parameter.held and len(codes) == len(filter.values)
        is_grouped = parameter.code in FACETS and parameter.kind == "token" and not self._has_filters
        if not is_grouped or not is_exact or not self._visible_patients:
            return None
        found = tuple(self._scope.names.hashes(codes))
        if (parameter.code, found) not in self._with_codes:
            self._with_codes[parameter.code, found] = self._list_with_code(parameter.code, found)
        return self._with_codes[parameter.code, found]

    def _list_with_code(self, code: str, found: tuple[int, ...]) -> Members:
        hashes = match_any("c.hash", list(found))
        if hashes is FALSE:
            return Members([], is_whole=True)
        condition = join_with_and([Sql("c.word = ?", (self._scope.names.word(code),)), hashes, _MEMBER])
        return self._members_of_patients(self._visible_patients.values(), "shown_facet", condition)

    def members_of_patient(self, id: str) -> Members | None:
        """Return the resources that refer to one of many visible patients; otherwise None."""
        if id not in self._visible_patients or len(self._visible_patients) == 1:
            return None
        visible = self._scope.visible(self._type, "s", "c.nid", None)
        return self._members_of_patients(
            [self._visible_patients[id]], condition=join_with_and([Sql("c.member IN (0, 1)"), visible])
        )

    def count_codes(self, code: str) -> dict[int, int]:
        """Return the hashes of the codes that the patients have in a parameter, and how many patients have each.

        Empty if the parameter isn't grouped by patients, or if scopes have filters. If there are too many codes, only those of
        the first patients.
        """
        word, patients = self._scope.names.word(code), list(self._visible_patients.values())
        if code not in FACETS or not word or self._has_filters:
            return {}
        counts: dict[int, int] = {}
        for start in range(0, min(len(patients), LISTED_PATIENTS), PATIENTS_AT_ONCE):
            listed = _encode_nids(patients[start : start + PATIENTS_AT_ONCE])
            for hash, number in self._run(Statement(CODES_OF_PATIENTS, (self._word, word, listed, self._word, word))):
                counts[hash] = counts.get(hash, 0) + number
        return counts


def _encode_nids(nids: Iterable[int]) -> str:
    return orjson.dumps(list(nids)).decode()
