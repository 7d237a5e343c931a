"""The handlers of FHIR operations by name. They are declared in sickbay.fhir.operations.registry."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeAlias

from sickbay.authorization.requests import AccessRequest
from sickbay.web.fhir.context import FhirContext
from sickbay.web.fhir.operations import docref, everything, export, lastn, meta, terminology, validate
from sickbay.web.fhir.response import FhirResponse

Handler: TypeAlias = Callable[[FhirContext, AccessRequest], Awaitable[FhirResponse]]

OPERATIONS: Final[Mapping[str, Handler]] = {
    "everything": everything.handle,
    "lastn": lastn.handle,
    "docref": docref.handle,
    "validate": validate.handle,
    "meta": meta.handle,
    "meta-add": meta.add,
    "meta-delete": meta.delete,
    "export": export.handle,
    "expand": terminology.expand,
    "validate-code": terminology.validate_code,
    "lookup": terminology.look_up,
}
