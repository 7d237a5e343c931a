"""What a request may see: a value that every read and search must be given. It defaults to nothing.

`authorization.access` makes it from a token; storage applies it in SQL at every hop, before LIMIT; `allows` checks
each body once more before it leaves, on facts stored beside the body and independent of the query.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Granular:
    """One `?parameter=value,…` of a scope (SMART 2.2 finer-grained): any of the codings, as term hashes are made of them."""

    parameter: str
    codings: tuple[tuple[str | None, str], ...]
    """(system, code); system None: any system."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One alternative: resources of `type` ("*": any), for `letters` of cruds, in these compartments, meeting all filters."""

    type: str
    letters: str
    patients: frozenset[str] | None = frozenset()
    """Ids of the patients whose compartments; None: not limited by compartment; empty: nobody's."""
    filters: tuple[Granular, ...] = ()


@dataclass(frozen=True, slots=True)
class Visibility:
    """A union of clauses. Empty: nothing is visible."""

    clauses: tuple[Clause, ...] = ()
    _of: dict[tuple[str, str], tuple[Clause, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What `of` said before: a value lives as long as a token is used."""
    _all: dict[tuple[str, str], bool] = field(default_factory=dict, init=False, repr=False, compare=False)
    """The same of `allows_all`."""
    _hash: int = field(default=0, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_hash", hash(self.clauses))

    def __hash__(self) -> int:
        return self._hash

    def of(self, type: str, letters: str) -> tuple[Clause, ...]:
        """The clauses that grant any of `letters` on `type`; empty means refuse by what was asked."""
        found = self._of.get((type, letters))
        if found is None:
            found = self._of[type, letters] = tuple(
                one for one in self.clauses if one.type in ("*", type) and any(letter in one.letters for letter in letters)
            )
        return found

    def allows_all(self, type: str, letters: str) -> bool:
        """Whether `allows` says yes to every resource of the type, whatever its facts."""
        found = self._all.get((type, letters))
        if found is None:
            found = any(one.patients is None and not one.filters for one in self.of(type, letters))
            self._all[type, letters] = found
        return found

    def allows(
        self, type: str, letters: str, patients: Collection[str], codes: Collection[tuple[str, str | None, str]]
    ) -> bool:
        """The second, independent check: facts of one resource against the clauses.

        patients: ids whose compartments hold it. codes: (parameter, system, code) for granular scopes.
        """
        return any(_meets(one, patients, codes) for one in self.of(type, letters))

    def reach(self, type: str, letter: str, codes: Collection[tuple[str, str | None, str]]) -> frozenset[str] | None:
        """Ids of the patients for whom a resource with these codes is within reach; None: it is so for everyone."""
        held = [one.patients for one in self.of(type, letter) if all(_coded(each, codes) for each in one.filters)]
        return None if None in held else frozenset().union(*(one for one in held if one is not None))


def through(visibility: Visibility, letter: str) -> Visibility:
    """What may be changed (u) or deleted (d), for reading it first: its clauses as if they were of `r` and `s`."""
    return Visibility(tuple(replace(one, letters="rs") for one in visibility.clauses if letter in one.letters))


def within(visibility: Visibility, patients: frozenset[str]) -> Visibility:
    """No more than what lies in these patients' compartments."""
    held = [one for one in visibility.clauses if one.patients is None or one.patients & patients]
    return Visibility(
        tuple(replace(one, patients=patients if one.patients is None else one.patients & patients) for one in held)
    )


def to_groups(visibility: Visibility) -> Visibility:
    """For an export by an app that is registered for Groups: its token, which has no scope for them, must show all patients."""
    if visibility.of("Group", "r") or not visibility.allows_all("Patient", "s"):
        return visibility
    return Visibility((*visibility.clauses, Clause("Group", "r", None)))


def _meets(clause: Clause, patients: Collection[str], codes: Collection[tuple[str, str | None, str]]) -> bool:
    if clause.patients is not None and clause.patients.isdisjoint(patients):
        return False
    return not clause.filters or all(_coded(one, codes) for one in clause.filters)


def _coded(one: Granular, codes: Collection[tuple[str, str | None, str]]) -> bool:
    return any(
        parameter == one.parameter and code == wanted and (system is None or held == system)
        for parameter, held, code in codes
        for system, wanted in one.codings
    )


NOTHING = Visibility()
EVERYTHING = Visibility((Clause("*", "cruds", None),))
