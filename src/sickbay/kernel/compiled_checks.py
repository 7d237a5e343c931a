"""The checks of a stage, prepared so that a request which passes all of them is decided by little more than calling each.

`examine` of kernel.checks defines what checks mean: one plain loop. This is the same for the many requests that pass; for any
other the plain loop gives the Examination. A law in tests/kernel/test_compiled_checks.py holds that both agree.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import lru_cache
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

from sickbay.kernel import checks as kernel_checks
from sickbay.kernel.checks import UNKNOWN, Check, Checked, Examination, Refusal

R = TypeVar("R")
K = TypeVar("K")
Group: TypeAlias = tuple[str, tuple[Callable[[Any, Any], Refusal | None], ...]]
"""What checks are about, and what they decide by."""


class CompiledChecks(NamedTuple, Generic[R, K]):
    """The checks of one kind of request. needs: attributes of `known`; groups: the checks to call, by what they are about.

    passed: the Examination in which all of them passed; None if a check comes before one that it comes after.
    """

    checks: tuple[Check[R, K], ...]
    requires: tuple[str, ...]
    groups: tuple[Group, ...]
    passed: Examination | None


@lru_cache(maxsize=512)
def compile(
    checks: tuple[Check[R, K], ...], kind: str | None = None, proven: tuple[Check[R, K], ...] = ()
) -> CompiledChecks[R, K]:
    """kind: of request; None: every check is called. proven: those that passed before, of the very same that is known."""
    ordered = all(before in checks[:at] for at, one in enumerate(checks) for before in one.after)
    called = [one for one in checks if one not in proven and (kind is None or not one.applies_to or kind in one.applies_to)]
    groups: dict[str, list[Callable[[Any, Any], Refusal | None]]] = {}
    for one in called:
        groups.setdefault(one.inputs, []).append(one.decide)
    passed = Examination(tuple(Checked(one.name, "passed") for one in checks))
    requires = tuple(dict.fromkeys(need for one in called for need in one.requires))
    listed = tuple((inputs, tuple(group)) for inputs, group in groups.items())
    return CompiledChecks(checks, requires, listed, passed if ordered else None)


def examine(
    checks: Sequence[Check[R, K]] | CompiledChecks[R, K], request: R, known: K, relaxed: Collection[str] = ()
) -> Examination:
    """What `kernel_checks.examine` gives of the same checks."""
    compiled: CompiledChecks[R, K] = checks if isinstance(checks, CompiledChecks) else compile(tuple(checks))
    granted = _granted(compiled, request, known)
    return granted if granted is not None else kernel_checks.examine(compiled.checks, request, known, relaxed)


def _granted(compiled: CompiledChecks[R, K], request: R, known: K) -> Examination | None:
    """None if a check doesn't pass, or can't be called."""
    _, requires, groups, passed = compiled
    for need in requires:
        if getattr(known, need) is UNKNOWN:
            return None
    for inputs, group in groups:
        if not inputs or getattr(known, inputs):
            for decide in group:
                if decide(request, known) is not None:
                    return None
    return passed
