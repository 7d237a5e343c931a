"""Decide: a check asserts one thing, examine() runs all of them, an Examination keeps what each said.

A check returns nothing, or a named Refusal with the facts. Nothing is short-circuited: all refusals of a request
are kept, so that one answer names every independent fault. The first refusal (or a dialect's precedence) decides
the wire answer. A check whose prerequisite failed, or is not known, is skipped and never counts as passed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import Any, Final, Generic, Literal, TypeAlias, TypeVar

Facts: TypeAlias = Mapping[str, Any]
Outcome: TypeAlias = Literal["passed", "refused", "skipped"]

Group: TypeAlias = tuple[str, tuple[Callable[[Any, Any], "Refusal | None"], ...]]
"""What checks are about, and what they decide by."""

R = TypeVar("R")
K = TypeVar("K")


class Unknown(Enum):
    """The type of UNKNOWN: not loaded, or not to be known offline. Different from None, which says: known to be absent."""

    UNKNOWN = "unknown"

    def __bool__(self) -> bool:
        return False


UNKNOWN: Final = Unknown.UNKNOWN


@dataclass(frozen=True, slots=True)
class Refusal:
    """A named reason to refuse.

    name:   the id of the rule that explains it in general, e.g. "redirect-uri-mismatch".
    error:  the OAuth error code (RFC 6749 4.1.2.1, 5.2; RFC 6750 3.1) or the FHIR issue type.
    facts:  what the explanation may quote: received, registered, expected, ...
    status: HTTP status, where the answer is not a redirect.
    """

    name: str
    error: str
    facts: Facts = field(default_factory=dict)
    status: int = 400


@dataclass(frozen=True, slots=True, eq=False)
class Check(Generic[R, K]):
    """One assertion: `decide(request, known)`, the known things it `needs`, the checks it comes `after`.

    about: the attribute of `known` in which it looks for something to refuse; where that is empty it need not be asked.
    """

    name: str
    decide: Callable[[R, K], Refusal | None]
    needs: tuple[str, ...] = ()
    after: tuple[Check[Any, Any], ...] = ()
    about: str = ""


def check(
    *, needs: Iterable[str] = (), after: Iterable[Check[Any, Any]] = (), about: str = ""
) -> Callable[[Callable[[R, K], Refusal | None]], Check[R, K]]:
    """Make a plain function `(request, known) -> Refusal | None` a Check.

    needs: names of attributes of `known` that must not be UNKNOWN.
    after: checks that must have passed before this one can say anything.
    about: the attribute of `known` that holds what it refuses, if it has any.
    """

    def wrap(decide: Callable[[R, K], Refusal | None]) -> Check[R, K]:
        return Check(decide.__name__, decide, tuple(needs), tuple(after), about)

    return wrap


@dataclass(frozen=True, slots=True)
class Checked:
    """What one check said. `waits_for` names what a skipped one lacks; a relaxed refusal is kept with outcome passed."""

    name: str
    outcome: Outcome
    refusal: Refusal | None = None
    waits_for: str | None = None


@dataclass(frozen=True, slots=True)
class Examination:
    """All checks of a stage, in order."""

    checked: tuple[Checked, ...]
    granted: bool = field(init=False)
    """True only if every check ran and passed."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "granted", all(one.outcome == "passed" for one in self.checked))

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        return tuple(one.refusal for one in self.checked if one.refusal and one.outcome == "refused")

    @property
    def relaxed(self) -> tuple[Refusal, ...]:
        """Refusals that the tenant's policy or dialect turned into advice."""
        return tuple(one.refusal for one in self.checked if one.refusal and one.outcome == "passed")

    def passed(self, name: str) -> bool:
        return any(one.name == name and one.outcome == "passed" for one in self.checked)

    def decisive(self, precedence: Sequence[str] = ()) -> Refusal | None:
        """The refusal that decides the wire answer: by the dialect's precedence, else the first."""
        if self.granted:
            return None
        by_name = {refusal.name: refusal for refusal in reversed(self.refusals)}
        for name in precedence:
            if name in by_name:
                return by_name[name]
        return self.refusals[0] if self.refusals else None


def examine(checks: Sequence[Check[R, K]], request: R, known: K, relaxed: frozenset[str] = frozenset()) -> Examination:
    """Run every check; `relaxed` names refusals that this tenant lets pass."""
    granted = _granted(tuple(checks), request, known)
    return granted if granted is not None else _examined(checks, request, known, relaxed)


def _granted(checks: tuple[Check[R, K], ...], request: R, known: K) -> Examination | None:
    """The Examination in which every check passed; None where one did not: then it is done anew, with what waits for what.

    Nearly every request is such a one, and of it no more is done than to call each check.
    """
    needs, groups, passed = _prepared(checks)
    if passed is None:
        return None
    for need in needs:
        if getattr(known, need) is UNKNOWN:
            return None
    for about, group in groups:
        if not about or getattr(known, about):
            for decide in group:
                if decide(request, known) is not None:
                    return None
    return passed


@lru_cache(maxsize=256)
def _prepared(checks: tuple[Check[Any, Any], ...]) -> tuple[tuple[str, ...], tuple[Group, ...], Examination | None]:
    """What the checks need to know, all by what they are about, and what is said where they pass.

    None is said where one comes before what it comes after.
    """
    ordered = all(before in checks[:at] for at, one in enumerate(checks) for before in one.after)
    needs = tuple(dict.fromkeys(need for one in checks for need in one.needs))
    groups: dict[str, list[Callable[[Any, Any], Refusal | None]]] = {}
    for one in checks:
        groups.setdefault(one.about, []).append(one.decide)
    passed = Examination(tuple(Checked(one.name, "passed") for one in checks))
    return needs, tuple((about, tuple(group)) for about, group in groups.items()), passed if ordered else None


def _examined(checks: Sequence[Check[R, K]], request: R, known: K, relaxed: frozenset[str]) -> Examination:
    passed: set[str] = set()
    said: list[Checked] = []
    for one in checks:
        result = _missing(one, known, passed) if one.after or one.needs else None
        if result is None:
            refusal = one.decide(request, known)
            result = Checked(one.name, "passed") if refusal is None else _refused(one.name, refusal, relaxed)
        if result.outcome == "passed":
            passed.add(one.name)
        said.append(result)
    return Examination(tuple(said))


def _missing(one: Check[R, K], known: K, passed: set[str]) -> Checked | None:
    """Skipped where something is missing; None where the check may decide."""
    for before in one.after:
        if before.name not in passed:
            return Checked(one.name, "skipped", waits_for=before.name)
    for need in one.needs:
        if getattr(known, need) is UNKNOWN:
            return Checked(one.name, "skipped", waits_for=need)
    return None


def _refused(name: str, refusal: Refusal, relaxed: frozenset[str]) -> Checked:
    return Checked(name, "passed" if refusal.name in relaxed else "refused", refusal)
