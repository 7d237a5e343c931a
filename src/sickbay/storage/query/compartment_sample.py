"""Reads a part of what a token sees in many compartments: some resources of each patient, and the codes that each patient has.

What it costs depends only on the compartments that are visible, so hidden records change neither the answer nor its cost.
"""

from __future__ import annotations

from functools import cached_property
from typing import Final

import orjson

from sickbay.fhir.visibility import Visibility
from sickbay.storage.probe import COUNT_LIMIT, OutOfTime
from sickbay.storage.query.filters import FALSE, Scope, one_of
from sickbay.storage.query.saving import FACETS
from sickbay.storage.query.statement import Run, Statement

ALL_MEMBERS: Final = 3 * COUNT_LIMIT
"""Up to this number, all members of the compartments are read and sorted."""
SAMPLED_PATIENTS: Final = 400
"""The patients of a sample, the first ones by their numbers. SQLite joins at most 500 selects."""
LISTED_PATIENTS: Final = 250
"""The patients whose codes are listed."""
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


class CompartmentSample:
    """A sample of the resources of a type in the compartments of a visibility."""

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
        text = f"SELECT nid FROM resource WHERE space = ? AND type = ? AND {ids.text} ORDER BY nid LIMIT ?"
        binds = (self._scope.space, self._scope.names.word("Patient"), *ids.binds, SAMPLED_PATIENTS)
        return [nid for (nid,) in self._run(Statement(text, binds))]

    @cached_property
    def nids(self) -> list[int] | None:
        """The resources of the sample, in order. None if all can be read, because there are at most ALL_MEMBERS."""
        if len(self._patients) < 2 or self._count_members() <= ALL_MEMBERS:
            return None
        of_each = -(-COUNT_LIMIT // len(self._patients))
        member = f"c.type = {self._scope.names.word(self._type)} AND c.member IN (1, 2)"
        selects = (
            f"SELECT nid FROM (SELECT c.nid FROM compartment_index c WHERE c.patient = {patient} AND {member}"
            f" ORDER BY c.rank, c.nid LIMIT {of_each}) s{patient}"
            for patient in self._patients
        )
        return sorted({nid for (nid,) in self._run(Statement(" UNION ALL ".join(selects), ()))})

    def _count_members(self) -> int:
        """Count the members of the compartments, some of them twice, to just above ALL_MEMBERS."""
        text = (
            "SELECT count(*) FROM (SELECT 1 FROM json_each(?) p CROSS JOIN compartment_index c ON c.patient = p.value"
            " WHERE c.type = ? AND c.member IN (1, 2) LIMIT ?) m"
        )
        binds = orjson.dumps(self._patients).decode(), self._scope.names.word(self._type), ALL_MEMBERS + 1
        return int(self._run(Statement(text, binds))[0][0])

    def count_codes(self, code: str) -> dict[int, int]:
        """Return the hashes of the codes that the patients have in a parameter, and how many patients have each.

        Empty if the parameter isn't grouped by patients, if scopes have filters, or if there are too many codes.
        """
        word = self._scope.names.word(code)
        if code not in FACETS or not word or any(clause.filters for clause in self._clauses):
            return {}
        patients = orjson.dumps(self._patients[:LISTED_PATIENTS]).decode()
        type = self._scope.names.word(self._type)
        try:
            return dict(self._run(Statement(CODES_OF_PATIENTS, (type, word, patients, type, word))))
        except OutOfTime:
            return {}
