"""Prepares the checks of a stage, so that a request that passes all of them costs little more than the calls themselves.

The loop in `kernel.checks.examine` defines what checks mean. This module gives the same result for requests that pass, and
calls that loop for all others. A property test in tests/kernel/test_compiled_checks.py compares the two.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

from sickbay.kernel import checks as kernel_checks
from sickbay.kernel.checks import UNKNOWN, Check, Checked, Examination, Refusal

R = TypeVar("R")
K = TypeVar("K")
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
def compile(
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
    return CompiledChecks(checks, _reading(requires), listed, passed if ordered else None)


def _reading(names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    """Returns a function that reads these attributes. The first is read twice: attrgetter of one name returns no tuple."""
    return attrgetter(names[0], *names) if names else lambda context: ()


def examine(
    checks: Sequence[Check[R, K]] | CompiledChecks[R, K], request: R, context: K, relaxed: Collection[str] = ()
) -> Examination:
    """Returns the same Examination as `kernel_checks.examine`."""
    compiled: CompiledChecks[R, K] = checks if isinstance(checks, CompiledChecks) else compile(tuple(checks))
    passed = granted(compiled, request, context)
    return passed if passed is not None else kernel_checks.examine(compiled.checks, request, context, relaxed)


def granted(compiled: CompiledChecks[R, K], request: R, context: K) -> Examination | None:
    """The Examination if all checks pass; None if one of them doesn't, or can't be called."""
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
