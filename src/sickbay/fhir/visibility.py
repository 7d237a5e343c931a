"""The resources a request may see, as a value that every read and search requires. By default it allows nothing.

`authorization.access` creates it from a token. Storage applies it in SQL at every hop, before LIMIT. `allows` checks
each body again before it is sent, using facts stored with the body and independent of the query.

Also reads the ?filters of scopes (SMART 2.2, Finer-grained resource constraints using search parameters). A scope is issued
only if its filters can be enforced, and a scope of a token with other filters grants nothing. Both use `filters_of`.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace

from sickbay.fhir.versions import VERSIONS
from sickbay.kernel.memoize import memoize
from sickbay.protocol.scopes import ResourceScope, Scope

FILTERABLE = frozenset(
    """
    category class clinical-status code intent modality service-category service-type specialty status type vaccine-code
    verification-status _security _tag
    """.split()
)
"""The parameters that a scope may filter by. Their codes are stored with each resource."""


@dataclass(frozen=True, slots=True)
class Granular:
    """A `?parameter=value,…` of a scope (SMART 2.2, finer-grained scopes): any of the codings, written as in the index."""

    parameter: str
    codings: tuple[tuple[str | None, str], ...]
    """(system, code); system None: any system."""


@dataclass(frozen=True, slots=True)
class Clause:
    """Allows `letters` of cruds on resources of `type` ("*": any) in these compartments that meet all filters."""

    type: str
    letters: str
    patients: frozenset[str] | None = frozenset()
    """Ids of the patients whose compartments are allowed; None: not limited by compartment; empty: no resource."""
    filters: tuple[Granular, ...] = ()


@dataclass(frozen=True, slots=True)
class Visibility:
    """A union of clauses. Empty: no resource is visible."""

    clauses: tuple[Clause, ...] = ()
    _of: dict[tuple[str, str], tuple[Clause, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Caches the results of `of`, because a value is used as long as its token."""
    _all: dict[tuple[str, str], bool] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Caches the results of `allows_all`."""
    _hash: int = field(default=0, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash(self.clauses))

    def __hash__(self) -> int:
        return self._hash

    def of(self, type: str, letters: str) -> tuple[Clause, ...]:
        """Returns the clauses that grant any of `letters` on `type`; if empty, the request must be refused."""
        clauses = self._of.get((type, letters))
        if clauses is None:
            clauses = self._of[type, letters] = tuple(
                clause
                for clause in self.clauses
                if clause.type in ("*", type) and any(letter in clause.letters for letter in letters)
            )
        return clauses

    def allows_all(self, type: str, letters: str) -> bool:
        """Returns whether `allows` is true for every resource of the type."""
        allowed = self._all.get((type, letters))
        if allowed is None:
            allowed = any(clause.patients is None and not clause.filters for clause in self.of(type, letters))
            self._all[type, letters] = allowed
        return allowed

    def allows(
        self, type: str, letters: str, patients: Collection[str], codes: Collection[tuple[str, str | None, str]]
    ) -> bool:
        """Second, independent check: compares the facts of one resource with the clauses.

        patients: ids of the patients whose compartments contain it. codes: (parameter, system, code) for granular scopes.
        """
        return any(_meets_clause(clause, patients, codes) for clause in self.of(type, letters))

    def reach(self, type: str, letter: str, codes: Collection[tuple[str, str | None, str]]) -> frozenset[str] | None:
        """Returns the ids of the patients for whom resources with these codes are visible; None: for all patients."""
        reached: set[str] = set()
        for clause in self.of(type, letter):
            if not clause.filters or all(_has_coding(granular, codes) for granular in clause.filters):
                if clause.patients is None:
                    return None
                reached |= clause.patients
        return frozenset(reached)


def visible_before_change(visibility: Visibility, letter: str) -> Visibility:
    """Returns what may be read before a change (u) or a delete (d): the clauses for that letter with `r` and `s`."""
    return Visibility(tuple(replace(clause, letters="rs") for clause in visibility.clauses if letter in clause.letters))


def limit_to_patients(visibility: Visibility, patients: frozenset[str]) -> Visibility:
    """Limits the visibility to these patients' compartments."""
    clauses = [clause for clause in visibility.clauses if clause.patients is None or clause.patients & patients]
    return Visibility(
        tuple(
            replace(clause, patients=patients if clause.patients is None else clause.patients & patients) for clause in clauses
        )
    )


def add_groups(visibility: Visibility) -> Visibility:
    """Adds Groups for an export by an app registered for them. Its token has no Group scope but must show all patients."""
    if visibility.of("Group", "r") or not visibility.allows_all("Patient", "s"):
        return visibility
    return Visibility((*visibility.clauses, Clause("Group", "r", None)))


def _meets_clause(clause: Clause, patients: Collection[str], codes: Collection[tuple[str, str | None, str]]) -> bool:
    if clause.patients is not None and clause.patients.isdisjoint(patients):
        return False
    return not clause.filters or all(_has_coding(granular, codes) for granular in clause.filters)


def _has_coding(granular: Granular, codes: Collection[tuple[str, str | None, str]]) -> bool:
    return any(
        parameter == granular.parameter and code == wanted and (system is None or coded_system == system)
        for parameter, coded_system, code in codes
        for system, wanted in granular.codings
    )


NOTHING = Visibility()
EVERYTHING = Visibility((Clause("*", "cruds", None),))


def is_enforceable(scope: Scope) -> bool:
    """Whether this server can enforce the filters of the scope, if it has any."""
    return not isinstance(scope, ResourceScope) or filters_of(scope) is not None


def filters_of(scope: ResourceScope) -> tuple[Granular, ...] | None:
    """Returns None if a filter can't be enforced, or if a question mark has no filter after it: such a scope grants nothing."""
    filters = [_read_filter(scope, name, value) for name, value in scope.filters]
    if None in filters or ("?" in scope.text and not filters):
        return None
    return tuple(granular for granular in filters if granular)


def _read_filter(scope: ResourceScope, name: str, value: str) -> Granular | None:
    return parse_granular(name, value) if scope.wildcard or _has_codes(scope.type, name) else None


@memoize(1024)
def _has_codes(type: str, name: str) -> bool:
    """Whether the parameter searches codes of this type in any FHIR version. Another check refuses unknown types."""
    from sickbay.fhir.search.parameters import find, known_types  # most scopes have no filter

    versions = [version for version in VERSIONS if type in known_types(version)]
    parameters = [parameter for version in versions if (parameter := find(version, type, name))]
    return not versions or any(parameter.kind == "token" for parameter in parameters)


def parse_granular(name: str, value: str) -> Granular | None:
    """Parses one ?parameter=system|code,… of a scope. Returns None for anything else: modifiers, chains, _filter, no code."""
    pairs = [coding.rpartition("|") for coding in value.split(",")]
    if name not in FILTERABLE or not all(code for _, _, code in pairs):
        return None
    return Granular(name, tuple((system if bar else None, code) for system, bar, code in pairs))
