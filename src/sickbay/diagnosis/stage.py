"""A stage of a flow: its name on the wire, its words on pages, its folder, and what examines its requests.

`stages` is the list of all stages. A stage whose requests are examined as part of another stage has no checks of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, Protocol, TypeAlias, TypeVar

from sickbay.authorization.models import Server
from sickbay.diagnosis.corrections import with_well_formed_pkce
from sickbay.diagnosis.evidence import answer
from sickbay.kernel.checks import Check, Examination, RefusalType, examine

R = TypeVar("R")
K = TypeVar("K")
R_co = TypeVar("R_co", covariant=True)
K_co = TypeVar("K_co", covariant=True)
Delivery: TypeAlias = Literal["redirect", "page", "json", "fhir"]
"""How a refusal is returned: as a redirect or else a page, always as a page, as OAuth's JSON, or as an OperationOutcome."""
Party: TypeAlias = Literal["browser", "app", "auth", "fhir"]
"""An end of an arrow in a timeline. `auth` and `fhir` are the authorization server and the FHIR server of Sickbay."""


class Decided(Protocol[R_co, K_co]):
    """A refused request and its context. intended_context: of the token that was probably meant, if none could be read."""

    @property
    def request(self) -> R_co: ...
    @property
    def context(self) -> K_co: ...
    @property
    def examination(self) -> Examination: ...
    @property
    def intended_context(self) -> Any: ...


def no_checks(request: object) -> tuple[Check[Any, Any], ...]:
    return ()


def by_policy(context: Any) -> frozenset[str]:
    """The refusals that the hospital turns into advice."""
    server = getattr(context, "server", None)
    return frozenset(server.policy.relaxed) if isinstance(server, Server) else frozenset()


@dataclass(frozen=True, slots=True, eq=False)
class Stage(Generic[R, K]):
    """One stage of a flow. Its rules and cases are in the folder with its name.

    name:        the name in storage, in filters and in metrics, and of the folder of its rules and cases.
    title:       the name on pages.
    part_of:     the name of the stage whose requests it is about; "" if it has requests of its own.
    recorded:    whether exchanges have this stage, so that they can be filtered by it.
    sender, receiver, sentence: its arrow in a timeline. Without a sentence, the arrow has the title.
    delivery:    how a refusal is returned.
    outcome:     what a refusal comes to, if no endpoint of OAuth or FHIR returns it.
    checks:      request -> all checks that examine it.
    pasted:      checks that run first if the request was pasted. On a live request they run before it is parsed.
    relaxed:     context -> names of the refusals that policy and registration turn into advice.
    to_evidence: request -> the form in which it is recorded, shown and passed to `doctor`.
    recheck:     (refused, corrected request) -> that request and its context, which is read from the refused one without a new
                 lookup; None if corrected requests aren't examined again.
    compared:    the type of context for which the responses of other dialects are shown for comparison.
    """

    name: str
    title: str
    part_of: str = ""
    recorded: bool = True
    sender: Party = "app"
    receiver: Party = "auth"
    sentence: str = ""
    delivery: Delivery = "json"
    outcome: str = ""
    checks: Callable[[R], Sequence[Check[Any, Any]]] = no_checks
    pasted: tuple[Check[Any, Any], ...] = ()
    relaxed: Callable[[K], frozenset[str]] = by_policy
    to_evidence: Callable[[R], dict[str, Any]] = answer.to_evidence
    recheck: Callable[[Decided[R, K], R], tuple[R, K]] | None = None
    compared: type[Any] | None = None

    @property
    def folder(self) -> str:
        """The folder of its rules in `diagnosis/rules`, and of their cases in `diagnosis/cases`."""
        return self.name

    def outcome_of(self, refusal: RefusalType) -> str:
        """The response to this refusal in the standard dialect, as a rule states it."""
        if self.outcome:
            return self.outcome
        if self.delivery == "redirect":
            return refusal.error if refusal.redirectable else f"{refusal.error}, on a page"
        if self.delivery == "page":
            return f"{refusal.status}, on a page"
        is_issue_type = self.delivery == "fhir" and "_" not in refusal.error
        return str(refusal.status) if is_issue_type else f"{refusal.status} {refusal.error}"

    def examine(self, request: R, context: K) -> Examination:
        return examine(self.checks(request), request, context, self.relaxed(context))

    def examine_again(self, refused: Decided[R, K], corrected: R) -> tuple[Examination, K]:
        """Examines a corrected request. Returns the examination and its context."""
        assert self.recheck is not None
        request, context = self.recheck(refused, corrected)
        return self.examine(with_well_formed_pkce(request), context), context


def always(*checks: Check[Any, Any]) -> Callable[[Any], Sequence[Check[Any, Any]]]:
    return lambda request: checks
