"""Selects the faults for a request."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from sickbay.faults.fault import Fault
from sickbay.faults.kinds import list_kinds

FHIR_STAGES = ("access", "search")
WRITES = ("POST", "PUT", "PATCH", "DELETE")


class AskedRequest(NamedTuple):
    """The properties of a request that a fault can select. path: below the base URL. app: a client_id; "" if it isn't known.
    type: the FHIR type.

    stage: one of FaultStage. A FHIR request has `access`, or `search` if it is one. is_export: part of a bulk export.
    interaction: the FHIR interaction.
    """

    tenant: str
    stage: str
    method: str
    path: str
    app: str = ""
    type: str = ""
    interaction: str = ""
    is_export: bool = False

    @property
    def is_read(self) -> bool:
        return self.interaction in ("read", "vread")


def select_faults(faults: Iterable[Fault], asked: AskedRequest) -> list[Fault]:
    """Returns the faults for this request, in the order in which they were set."""
    return [fault for fault in faults if _is_for(fault, asked) and _can_happen(fault, asked)]


def _is_for(fault: Fault, asked: AskedRequest) -> bool:
    return (
        fault.tenant in (None, asked.tenant)
        and fault.app in (None, asked.app)
        and (fault.stage is None or _is_stage(fault.stage, asked.stage))
        and (fault.step is None or _is_stage(fault.step, asked.stage))
        and fault.type in (None, asked.type)
        and asked.path.startswith(fault.path or "")
    )


def _is_stage(named: str, stage: str) -> bool:
    """A search is also `access`, and a refresh also `token`."""
    return named == stage or (named, stage) in (("access", "search"), ("token", "refresh"))


def _can_happen(fault: Fault, asked: AskedRequest) -> bool:
    """Whether this kind of fault applies to this kind of request."""
    kind = fault.kind
    match list_kinds()[kind].at:
        case "any":
            return True
        case "token":
            return asked.stage == ("refresh" if kind == "refresh" else "token") or (kind in BOTH and asked.stage == "refresh")
        case "export":
            return asked.interaction == ("export-file" if fault.members["value"].startswith("file-") else "export-status")
        case "fhir":
            return asked.stage in FHIR_STAGES and not asked.is_export and _applies_to_fhir(kind, asked)
        case place:
            return asked.stage == place


BOTH = ("scope", "no-refresh-token", "expires-in", "dead-token", "rotate-keys")
"""Faults of a token response that also apply to the response to a refresh."""


def _applies_to_fhir(kind: str, asked: AskedRequest) -> bool:
    match kind:
        case "gone":
            return asked.is_read
        case "conflict":
            return asked.method in WRITES and asked.stage != "search"
        case "empty-page" | "huge-page" | "broken-next" | "outcome-entry":
            return asked.stage == "search"
        case "missing-references":
            return asked.is_read or asked.stage == "search"
        case _:
            return True
