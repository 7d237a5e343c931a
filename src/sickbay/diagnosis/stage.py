"""A stage of a flow: its name on the wire, its words on pages, its folder, and what examines its requests.

`stages` is the list of all stages. A stage whose requests are examined as part of another stage has no examiner of its own.
"""

from __future__ import annotations

from functools import cached_property
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Generic, Literal, TypeAlias, TypeVar, cast

from msgspec import Struct

from sickbay.diagnosis import examiners
from sickbay.kernel.checks import RefusalType

if TYPE_CHECKING:
    from sickbay.diagnosis.examiner import Examiner

R = TypeVar("R")
K = TypeVar("K")
Delivery: TypeAlias = Literal["redirect", "page", "json", "fhir"]
"""How a refusal is returned: as a redirect or else a page, always as a page, as OAuth's JSON, or as an OperationOutcome."""
Party: TypeAlias = Literal["browser", "app", "auth", "fhir"]
"""An end of an arrow in a timeline. `auth` and `fhir` are the authorization server and the FHIR server of Sickbay."""


class Stage(Struct, Generic[R, K], frozen=True, eq=False, dict=True):
    """One stage of a flow. Its rules and cases are in the folder with its name.

    name:        the name in storage, in filters and in metrics, and of the folder of its rules and cases.
    title:       the name on pages.
    part_of:     the name of the stage whose requests it is about; "" if it has requests of its own.
    recorded:    whether exchanges have this stage, so that they can be filtered by it.
    sender, receiver, sentence: its arrow in a timeline. Without a sentence, the arrow has the title.
    delivery:    how a refusal is returned.
    outcome:     what a refusal comes to, if no endpoint of OAuth or FHIR returns it.
    is_examined: whether `examiners` has a file with its name, which examines its requests.
    examined_by: what examines its requests instead.
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
    is_examined: bool = False
    examined_by: Examiner[R, K] | None = None

    def import_module(self) -> ModuleType:
        """The module that examines its requests. It is only imported when it is needed, because a text needs few of them."""
        return import_module(f"{examiners.__name__}.{self.name if self.is_examined else 'nothing'}")

    @cached_property
    def examiner(self) -> Examiner[R, K]:
        return self.examined_by or cast("Examiner[R, K]", self.import_module().EXAMINER)

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
