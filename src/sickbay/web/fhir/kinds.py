"""What a FHIR request is counted as in the metrics, by its interaction."""

from __future__ import annotations

from typing import Final

from sickbay.fhir.routing import Misrouted, Route
from sickbay.services.request_metrics import Kind

KINDS: Final[dict[str, Kind]] = {
    "read": "fhir_read",
    "vread": "fhir_read",
    "search-type": "fhir_search",
    "search-system": "fhir_search",
    "search-compartment": "fhir_search",
    "create": "fhir_write",
    "update": "fhir_write",
    "patch": "fhir_write",
    "delete": "fhir_write",
    "batch": "fhir_write",
}
"""All other interactions are "fhir_other": histories, operations, exports and public documents."""


def kind_of(routed: Route | Misrouted) -> Kind:
    return KINDS.get(routed.interaction, "fhir_other") if isinstance(routed, Route) else "fhir_other"
