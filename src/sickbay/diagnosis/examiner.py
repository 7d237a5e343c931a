"""An examiner of the requests of a stage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from msgspec import Struct

from sickbay.authorization.models import Server
from sickbay.diagnosis.corrections import fill_pkce_placeholders
from sickbay.diagnosis.evidence import answer
from sickbay.kernel.checks import Check, Examination, examine

R = TypeVar("R")
K = TypeVar("K")
R_co = TypeVar("R_co", covariant=True)
K_co = TypeVar("K_co", covariant=True)


class Decided(Protocol[R_co, K_co]):
    """A refused request and its context. intended_context: that of the token that was probably meant, if none could be read."""

    @property
    def request(self) -> R_co: ...
    @property
    def context(self) -> K_co: ...
    @property
    def examination(self) -> Examination: ...
    @property
    def intended_context(self) -> Any: ...


def examine_always(*checks: Check[Any, Any]) -> Callable[[Any], Sequence[Check[Any, Any]]]:
    return lambda request: checks


def list_relaxed_refusals(context: Any) -> frozenset[str]:
    """The refusals that the hospital turns into advice."""
    server = getattr(context, "server", None)
    return frozenset(server.policy.relaxed) if isinstance(server, Server) else frozenset()


class Examiner(Struct, Generic[R, K], frozen=True, eq=False):
    """The functions of a stage.

    checks:      request -> all checks that examine it.
    pasted:      checks that run first if the request was pasted. On a live request they run before it is parsed.
    relaxed:     context -> names of the refusals that policy and registration turn into advice.
    to_evidence: request -> the form in which it is recorded, shown and passed to `doctor`.
    recheck:     (refused, corrected request) -> that request and its context, which is read from the refused one without a new
                 lookup; None if corrected requests aren't examined again.
    compared:    the type of context for which the responses of other dialects are shown for comparison.
    """

    checks: Callable[[R], Sequence[Check[Any, Any]]] = examine_always()
    pasted: tuple[Check[Any, Any], ...] = ()
    relaxed: Callable[[K], frozenset[str]] = list_relaxed_refusals
    to_evidence: Callable[[R], dict[str, Any]] = answer.to_evidence
    recheck: Callable[[Decided[R, K], R], tuple[R, K]] | None = None
    compared: type[Any] | None = None

    def examine(self, request: R, context: K) -> Examination:
        return examine(self.checks(request), request, context, self.relaxed(context))

    def examine_again(self, refused: Decided[R, K], corrected: R) -> tuple[Examination, K]:
        """Examines a corrected request. Returns the examination and its context."""
        assert self.recheck is not None
        request, context = self.recheck(refused, corrected)
        return self.examine(fill_pkce_placeholders(request), context), context
