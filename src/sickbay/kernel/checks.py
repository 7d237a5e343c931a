"""Decide: a check asserts one thing, examine() runs all of them, an Examination keeps what each said.

A check returns nothing, or a named Refusal with the facts. Nothing is short-circuited: all refusals of a request
are kept, so that one answer names every independent fault. The first refusal (or a dialect's precedence) decides
the wire answer. A check whose prerequisite failed, or is not known, is skipped and never counts as passed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, Generic, Literal, TypeAlias, TypeVar

Facts: TypeAlias = Mapping[str, Any]
Outcome: TypeAlias = Literal["passed", "refused", "skipped"]

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
    """One assertion: `decide(request, known)`, the known things it `requires`, the checks it comes `after`.

    about: the attribute of `known` in which it looks for something to refuse; where that is empty it need not be asked.
    of: the kinds of request of which it may refuse one; none named: any.
    """

    name: str
    decide: Callable[[R, K], Refusal | None]
    requires: tuple[str, ...] = ()
    after: tuple[Check[Any, Any], ...] = ()
    inputs: str = ""
    applies_to: tuple[str, ...] = ()


def check(
    *,
    requires: Iterable[str] = (),
    after: Iterable[Check[Any, Any]] = (),
    inputs: str = "",
    applies_to: Iterable[str] = (),
) -> Callable[[Callable[[R, K], Refusal | None]], Check[R, K]]:
    """Make a plain function `(request, known) -> Refusal | None` a Check.

    needs: names of attributes of `known` that must not be UNKNOWN.
    after: checks that must have passed before this one can say anything.
    about: the attribute of `known` that holds what it refuses, if it has any.
    of: kinds of request; of others it says nothing.
    """

    def wrap(decide: Callable[[R, K], Refusal | None]) -> Check[R, K]:
        return Check(decide.__name__, decide, tuple(requires), tuple(after), inputs, tuple(applies_to))

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


def examine(checks: Sequence[Check[R, K]], request: R, known: K, relaxed: Collection[str] = ()) -> Examination:
    """Run every check; `relaxed` names refusals that this tenant lets pass.

    This loop defines what checks mean. Stages that meet many requests use `kernel.compiled_checks`, which agrees with it.
    """
    passed: set[str] = set()
    said: list[Checked] = []
    for one in checks:
        result = _missing(one, known, passed) if one.after or one.requires else None
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
    for need in one.requires:
        if getattr(known, need) is UNKNOWN:
            return Checked(one.name, "skipped", waits_for=need)
    return None


def _refused(name: str, refusal: Refusal, relaxed: Collection[str]) -> Checked:
    return Checked(name, "passed" if refusal.name in relaxed else "refused", refusal)
