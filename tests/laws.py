"""How many examples and cases a law tries: all of them in `make prove`, and a share in `make test`. And laws over a table."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

import pytest
from _pytest.mark.structures import ParameterSet
from hypothesis import is_hypothesis_test, settings

Case = TypeVar("Case")

SHARE = 10
LEAST_EXAMPLES, LONG_EXAMPLES = 50, 100
"""The examples of a law that doesn't say how many it needs, in `make test` and in `make prove`."""
STRIDE = 7
"""`make test` tries every seventh case of a table. Few tables have rows of a multiple of seven, so each value is tried."""
LONG_PROFILE = "prove"
DESCRIPTION_CHARACTERS = 200


def is_long() -> bool:
    return settings.get_current_profile_name() == LONG_PROFILE


def examples(count: int, least: int = LEAST_EXAMPLES) -> int:
    """The number of examples for a law that `make prove` tries this many times: a tenth in `make test`, but at least `least`.

    least: fewer than 50 for a law whose examples take long, and that fails at once if it is wrong.
    """
    return count if is_long() else min(count, max(count // SHARE, least))


def pairs(first: Iterable[Any], second: Sequence[Any]) -> list[ParameterSet]:
    """Parameters for all pairs: in `make test` each value occurs once or a few times, in `make prove` with all others."""
    return [
        pytest.param(left, right, marks=() if number % len(second) == place else pytest.mark.prove)
        for number, left in enumerate(first)
        for place, right in enumerate(second)
    ]


def cases(table: Iterable[Case]) -> list[Case]:
    """The cases of a large table: every seventh in `make test`."""
    return [*table][:: 1 if is_long() else STRIDE]


def for_each(names: str, table: Iterable[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Tries a law with each case of a table in one test, and reports every case that fails. Otherwise like `parametrize`.

    For laws that take a few milliseconds, because pytest itself takes two for each case. Cases share function fixtures.
    """
    fields = [name.strip() for name in names.split(",")]
    rows = [case if len(fields) > 1 else (case,) for case in table]
    if not rows:
        raise ValueError(f"No case for {names}.")

    def decorate(law: Callable[..., None]) -> Callable[..., None]:
        def test(**fixtures: Any) -> None:
            failures = [failure for row in rows if (failure := _try(law, dict(zip(fields, row, strict=True)), fixtures))]
            if failures:
                raise ExceptionGroup(f"{len(failures)} of {len(rows)} cases failed", failures)

        if inspect.iscoroutinefunction(law) or is_hypothesis_test(law):
            raise ValueError(f"{law.__name__} is a coroutine or has examples, so it needs `parametrize`.")
        parameters = inspect.signature(law).parameters
        if not parameters.keys() >= set(fields):
            raise ValueError(f"{law.__name__} has no parameter {', '.join(sorted(set(fields) - parameters.keys()))}.")
        kept = [parameter for name, parameter in parameters.items() if name not in fields]
        functools.update_wrapper(test, law)
        vars(test).pop("__wrapped__")  # from it pytest would learn the parameters of the law
        vars(test)["__signature__"] = inspect.Signature(kept)
        return test

    return decorate


def _try(law: Callable[..., None], case: dict[str, Any], fixtures: dict[str, Any]) -> Exception | None:
    """The failure, with a note that names the case. A skipped case is a failure too, because it must not hide the others."""
    try:
        law(**case, **fixtures)
    except (Exception, pytest.fail.Exception, pytest.skip.Exception) as failure:
        cause = failure if isinstance(failure, Exception) else AssertionError(f"{type(failure).__name__}: {failure}")
        cause.add_note("with " + ", ".join(f"{name} = {_describe(value)}" for name, value in case.items()))
        return cause
    return None


def _describe(value: Any) -> str:
    """The ID or name of an object, if it has one: all of a rule would fill a page."""
    text = repr(getattr(value, "id", None) or getattr(value, "name", None) or value)
    return text if len(text) <= DESCRIPTION_CHARACTERS else text[:DESCRIPTION_CHARACTERS] + "…"
