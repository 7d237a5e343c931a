"""Decide: a check asserts one thing, examine() runs all of them, an Examination keeps what each said.

A check returns nothing, or a named Refusal with the facts. Nothing is short-circuited: all refusals of a request
are kept, so that one answer names every independent fault. The first refusal (or a dialect's precedence) decides
the wire answer. A check whose prerequisite failed, or is not known, is skipped and never counts as passed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import Any, Final, Generic, Literal, NamedTuple, TypeAlias, TypeVar

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

    Made by calling its declaration, a RefusalType, which says what the other fields mean.
    facts: what the explanation may quote: received, registered, expected, ...
    """

    name: str
    error: str
    facts: Facts = field(default_factory=dict)
    status: int = 400
    redirectable: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class RefusalType:
    """The declaration of a refusal. Calling it with facts makes the Refusal: `AUD_MISSING(received=None)`.

    name:         the id of the rule that explains it in general, e.g. "redirect-uri-mismatch".
    error:        the OAuth error code (RFC 6749 4.1.2.1, 5.2; RFC 6750 3.1) or the FHIR issue type.
    status:       HTTP status, if the response is not a redirect.
    redirectable: whether the error may be sent to the redirect URI, once that URI is proven.
    """

    name: str
    error: str
    status: int = 400
    redirectable: bool = False

    def __call__(self, /, **facts: Any) -> Refusal:
        return self.with_facts(facts)

    def with_facts(self, facts: Facts) -> Refusal:
        return Refusal(self.name, self.error, facts, self.status, self.redirectable)


@dataclass(frozen=True, slots=True, eq=False)
class Check(Generic[R, K]):
    """One assertion: `decide(request, known)`, the known things it `needs`, the checks it comes `after`.

    about: the attribute of `known` in which it looks for something to refuse; where that is empty it need not be asked.
    of: the kinds of request of which it may refuse one; none named: any.
    """

    name: str
    decide: Callable[[R, K], Refusal | None]
    needs: tuple[str, ...] = ()
    after: tuple[Check[Any, Any], ...] = ()
    about: str = ""
    of: tuple[str, ...] = ()


def check(
    *,
    needs: Iterable[str] = (),
    after: Iterable[Check[Any, Any]] = (),
    about: str = "",
    of: Iterable[str] = (),
) -> Callable[[Callable[[R, K], Refusal | None]], Check[R, K]]:
    """Make a plain function `(request, known) -> Refusal | None` a Check.

    needs: names of attributes of `known` that must not be UNKNOWN.
    after: checks that must have passed before this one can say anything.
    about: the attribute of `known` that holds what it refuses, if it has any.
    of: kinds of request; of others it says nothing.
    """

    def wrap(decide: Callable[[R, K], Refusal | None]) -> Check[R, K]:
        return Check(decide.__name__, decide, tuple(needs), tuple(after), about, tuple(of))

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
        if self.granted:
            return ()
        return tuple(one.refusal for one in self.checked if one.refusal and one.outcome == "refused")

    @property
    def relaxed(self) -> tuple[Refusal, ...]:
        """Refusals that the tenant's policy or dialect turned into advice."""
        return tuple(one.refusal for one in self.checked if one.refusal and one.outcome == "passed")

    def passed(self, check: Check[Any, Any]) -> bool:
        return any(one.name == check.name and one.outcome == "passed" for one in self.checked)

    def decisive(self, precedence: Sequence[str] = ()) -> Refusal | None:
        """The refusal that decides the wire answer: by the dialect's precedence, else the first."""
        if self.granted:
            return None
        by_name = {refusal.name: refusal for refusal in reversed(self.refusals)}
        for name in precedence:
            if name in by_name:
                return by_name[name]
        return self.refusals[0] if self.refusals else None


class Plan(NamedTuple, Generic[R, K]):
    """What is asked of one kind of request. needs: of `known`; groups: what is asked, by what it is about.

    passed: what is said where all of it passes; None where a check comes before what it comes after.
    """

    checks: tuple[Check[R, K], ...]
    needs: tuple[str, ...]
    groups: tuple[Group, ...]
    passed: Examination | None


@lru_cache(maxsize=512)
def plan(checks: tuple[Check[R, K], ...], kind: str | None = None, proven: tuple[Check[R, K], ...] = ()) -> Plan[R, K]:
    """kind: of request; None: every check is asked. proven: those that passed before, of the very same that is known."""
    ordered = all(before in checks[:at] for at, one in enumerate(checks) for before in one.after)
    asked = [one for one in checks if one not in proven and (kind is None or not one.of or kind in one.of)]
    groups: dict[str, list[Callable[[Any, Any], Refusal | None]]] = {}
    for one in asked:
        groups.setdefault(one.about, []).append(one.decide)
    passed = Examination(tuple(Checked(one.name, "passed") for one in checks))
    needs = tuple(dict.fromkeys(need for one in asked for need in one.needs))
    listed = tuple((about, tuple(group)) for about, group in groups.items())
    return Plan(checks, needs, listed, passed if ordered else None)


def examine(checks: Sequence[Check[R, K]] | Plan[R, K], request: R, known: K, relaxed: Collection[str] = ()) -> Examination:
    """Run every check; `relaxed` names refusals that this tenant lets pass."""
    ready: Plan[R, K] = checks if isinstance(checks, Plan) else plan(tuple(checks))
    granted = _granted(ready, request, known)
    return granted if granted is not None else _examined(ready.checks, request, known, relaxed)


def _granted(ready: Plan[R, K], request: R, known: K) -> Examination | None:
    """The Examination in which every check passed; None where one did not: then it is done anew, with what waits for what.

    Nearly every request is such a one, and of it no more is done than to call each check that may refuse it.
    """
    _, needs, groups, passed = ready
    for need in needs:
        if getattr(known, need) is UNKNOWN:
            return None
    for about, group in groups:
        if not about or getattr(known, about):
            for decide in group:
                if decide(request, known) is not None:
                    return None
    return passed


def _examined(checks: Sequence[Check[R, K]], request: R, known: K, relaxed: Collection[str]) -> Examination:
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


def _refused(name: str, refusal: Refusal, relaxed: Collection[str]) -> Checked:
    return Checked(name, "passed" if refusal.name in relaxed else "refused", refusal)
