"""Rules about operations: unknown operations, invalid parameters, and bulk exports."""

from msgspec import structs

from sickbay.diagnosis.corrections import set_header
from sickbay.diagnosis.rule import RuleFunctions

FUNCTIONS: RuleFunctions = {
    "bulk-prefer-missing": {"repair": set_header("prefer", "respond-async")},
    "bulk-format-unsupported": {
        "repair": lambda request, facts: structs.replace(
            request, parameters=request.parameters.replace([("_outputFormat", facts["expected"])])
        )
    },
}
