"""Rules about operations: unknown operations, invalid parameters, and bulk exports."""

from collections.abc import Mapping

from msgspec import structs

from sickbay.diagnosis.corrections import set_header
from sickbay.diagnosis.rule import Functions

FUNCTIONS: Mapping[str, Functions] = {
    "bulk-prefer-missing": {"repair": set_header("prefer", "respond-async")},
    "bulk-format-unsupported": {
        "repair": lambda request, facts: structs.replace(
            request, parameters=request.parameters.replace([("_outputFormat", facts["expected"])])
        )
    },
}
