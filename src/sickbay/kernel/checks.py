"""Defines checks, and runs them: each check asserts one thing, and examine() collects the results of all.

A check returns None, or a Refusal with the facts. No refusal stops the others, so that a single response can name every
independent problem. The first refusal (or a dialect's precedence) determines the response. A check is skipped if one of
its prerequisites failed or isn't known. A skipped check never counts as passed.

`run_checks` is the loop that defines what this means. `compile_checks` prepares the checks of a stage, so that a request that
passes all of them costs little more than the calls themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Final, Generic, Literal, NamedTuple, TypeAlias, TypeVar

from msgspec import Struct, structs

Facts: TypeAlias = Mapping[str, Any]
Outcome: TypeAlias = Literal["passed", "refused", "skipped"]

R = TypeVar("R", contravariant=True)
K = TypeVar("K", contravariant=True)


class Unknown(Enum):
    """The type of UNKNOWN: a value that wasn't loaded, or that can't be known offline. None means known to be absent."""

    UNKNOWN = "unknown"

    def __bool__(self) -> Literal[False]:
        return False


UNKNOWN: Final = Unknown.UNKNOWN


@dataclass(frozen=True, slots=True)
class Refusal:
    """A named reason to refuse a request. To create one, call its RefusalType, which documents the other fields.

    facts: values for the explanation, such as received, registered and expected.
    """

    name: str
    error: str
    facts: Facts = field(default_factory=dict)
    status: int = 400
    redirectable: bool = field(default=False, compare=False)


class RefusalType(Struct, frozen=True):
    """The declaration of a refusal. Call it with facts to create the Refusal: `AUD_MISSING(received=None)`.

    name:         the id of the rule that explains it in general, e.g. "redirect-uri-mismatch".
    error:        the OAuth error code (RFC 6749 4.1.2.1, 5.2; RFC 6750 3.1) or the FHIR issue type.
    status:       HTTP status, if the response is not a redirect.
    redirectable: whether the error may be sent to the redirect URI, once that URI is verified.
    """

    name: str
    error: str
    status: int = 400
    redirectable: bool = False

    def __call__(self, /, **facts: Any) -> Refusal:
        return self.with_facts(facts)

    def with_facts(self, facts: Facts) -> Refusal:
        return Refusal(self.name, self.error, facts, self.status, self.redirectable)


class Check(Struct, Generic[R, K], frozen=True, eq=False):
    """One assertion about a request: `decide(request, context)` returns a Refusal, or None.

    requires:   names of attributes of `context` that must not be UNKNOWN.
    after:      checks that must have passed before this one can decide.
    inputs:     the attribute of `context` that the check examines. If it is empty, the check passes without being called.
    applies_to: the kinds of request that the check may refuse; empty for all kinds.
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
    names: Mapping[str, str] = MappingProxyType({}),
) -> Callable[[Callable[[R, K], Refusal | None]], Check[R, K]]:
    """Turns a function `(request, context) -> Refusal | None` into a Check. The arguments are the fields of Check.

    names: functions that don't have the name of their check, with that name.
    """

    def wrap(decide: Callable[[R, K], Refusal | None]) -> Check[R, K]:
        name = names.get(decide.__name__, decide.__name__)
        return Check(name, decide, tuple(requires), tuple(after), inputs, tuple(applies_to))

    return wrap


class Checked(Struct, frozen=True):
    """The result of one check.

    waits_for: the missing attribute or check that caused the skip. A relaxed refusal counts as passed.
    """

    name: str
    outcome: Outcome
    refusal: Refusal | None = None
    waits_for: str | None = None


class Examination(Struct, frozen=True):
    """The results of all checks of a stage, in order."""

    checked: tuple[Checked, ...]
    granted: bool = False
    """True only if every check ran and passed."""
    relaxed: tuple[Refusal, ...] = ()
    """Refusals that the tenant's policy or dialect turned into advice."""

    def __post_init__(self) -> None:
        relaxed = tuple([result.refusal for result in self.checked if result.refusal and result.outcome == "passed"])
        structs.force_setattr(self, "granted", {result.outcome for result in self.checked} <= {"passed"})
        structs.force_setattr(self, "relaxed", relaxed)

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        if self.granted:
            return ()
        return tuple([result.refusal for result in self.checked if result.refusal and result.outcome == "refused"])

    def has_passed(self, check: Check[Any, Any]) -> bool:
        name = check.name
        for result in self.checked:
            if result.name == name:
                return result.outcome == "passed"
        return False

    def decisive(self, precedence: Sequence[str] = ()) -> Refusal | None:
        """Returns the refusal that determines the response: by the dialect's precedence, otherwise the first."""
        if self.granted:
            return None
        by_name = {refusal.name: refusal for refusal in reversed(self.refusals)}
        for name in precedence:
            if name in by_name:
                return by_name[name]
        return self.refusals[0] if self.refusals else None


def run_checks(checks: Sequence[Check[R, K]], request: R, context: K, relaxed: Collection[str] = ()) -> Examination:
    """Calls every check in order. relaxed: names of the refusals that this tenant turns into advice."""
    passed: set[str] = set()
    results: list[Checked] = []
    for check in checks:
        result = _skip_if_unmet(check, context, passed) if check.after or check.requires else None
        if result is None:
            refusal = check.decide(request, context)
            result = Checked(check.name, "passed") if refusal is None else _refuse_or_relax(check.name, refusal, relaxed)
        if result.outcome == "passed":
            passed.add(check.name)
        results.append(result)
    return Examination(tuple(results))


def _skip_if_unmet(check: Check[R, K], context: K, passed: set[str]) -> Checked | None:
    """Returns a skipped result if a prerequisite is missing; None if the check may decide."""
    for earlier in check.after:
        if earlier.name not in passed:
            return Checked(check.name, "skipped", waits_for=earlier.name)
    for need in check.requires:
        if getattr(context, need) is UNKNOWN:
            return Checked(check.name, "skipped", waits_for=need)
    return None


def _refuse_or_relax(name: str, refusal: Refusal, relaxed: Collection[str]) -> Checked:
    return Checked(name, "passed" if refusal.name in relaxed else "refused", refusal)


Group: TypeAlias = tuple[str, tuple[Callable[[Any, Any], Refusal | None], ...]]
"""An attribute of `context`, and the functions of the checks that examine it."""


class CompiledChecks(NamedTuple, Generic[R, K]):
    """The checks of one kind of request.

    required: returns the attributes of `context` that must not be UNKNOWN.
    groups:   the checks to call, grouped by the attribute that they examine.
    passed:   the Examination if all checks pass; None if a check is listed before one of its prerequisites.
    """

    checks: tuple[Check[R, K], ...]
    required: Callable[[K], tuple[Any, ...]]
    groups: tuple[Group, ...]
    passed: Examination | None


@lru_cache(maxsize=512)
def compile_checks(
    checks: tuple[Check[R, K], ...], kind: str | None = None, proven: tuple[Check[R, K], ...] = ()
) -> CompiledChecks[R, K]:
    """Compiles the checks for a kind of request, or for all kinds if `kind` is None.

    proven: checks that already passed with exactly the same context, and aren't called again.
    """
    ordered = all(before in checks[:at] for at, check in enumerate(checks) for before in check.after)
    called = [
        check for check in checks if check not in proven and (kind is None or not check.applies_to or kind in check.applies_to)
    ]
    groups: dict[str, list[Callable[[Any, Any], Refusal | None]]] = {}
    for check in called:
        groups.setdefault(check.inputs, []).append(check.decide)
    passed = Examination(tuple(Checked(check.name, "passed") for check in checks))
    requires = tuple(dict.fromkeys(need for check in called for need in check.requires))
    listed = tuple((inputs, tuple(group)) for inputs, group in groups.items())
    return CompiledChecks(checks, _attribute_reader(requires), listed, passed if ordered else None)


def _attribute_reader(names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    """Returns a function that reads these attributes. The first is read twice: attrgetter of one name returns no tuple."""
    return attrgetter(names[0], *names) if names else lambda context: ()


def examine(
    checks: Sequence[Check[R, K]] | CompiledChecks[R, K], request: R, context: K, relaxed: Collection[str] = ()
) -> Examination:
    """Returns the same Examination as `run_checks`, which it calls only if a check refuses or is skipped."""
    compiled: CompiledChecks[R, K] = checks if isinstance(checks, CompiledChecks) else compile_checks(tuple(checks))
    passed = examine_fast(compiled, request, context)
    return passed if passed is not None else run_checks(compiled.checks, request, context, relaxed)


def examine_fast(compiled: CompiledChecks[R, K], request: R, context: K) -> Examination | None:
    """Returns the Examination if all checks pass; None if a check refuses or can't be called."""
    _, required, groups, passed = compiled
    for value in required(context):
        if value is UNKNOWN:
            return None
    for inputs, group in groups:
        if not inputs or getattr(context, inputs):
            for decide in group:
                if decide(request, context) is not None:
                    return None
    return passed
