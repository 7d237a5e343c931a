"""Rules about operations: unknown operations, invalid parameters, and bulk exports."""

from msgspec import structs

from sickbay.diagnosis.corrections import header
from sickbay.diagnosis.rule import Rule, Spec

OPERATIONS = Spec("FHIR R4, Operations", "https://hl7.org/fhir/R4/operations.html")
GIVEN = Spec("FHIR R4, Executing an Operation", "https://hl7.org/fhir/R4/operations.html#executing")
BULK = Spec("Bulk Data Access, Export", "https://hl7.org/fhir/uv/bulkdata/STU2/export.html#headers")
QUERY = Spec("Bulk Data Access, Export, Query Parameters", "https://hl7.org/fhir/uv/bulkdata/STU2/export.html#query-parameters")
BACKEND = Spec(
    "SMART App Launch 2.2, Backend Services, Scopes",
    "https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html#scopes",
)

UNKNOWN = Rule(
    id="fhir-operation-unknown",
    title="The operation `{received}` isn't available at this URL",
    why="An operation is defined for the server, for a resource type, or for single resources. The capability statement at "
    "/metadata lists the operations of this server.",
    fix="Call {expected}.",
    spec=OPERATIONS,
)

PARAMETER = Rule(
    id="fhir-operation-parameter",
    title="`{parameter}` isn't valid for this operation",
    why="The server refuses an unknown parameter or an invalid value (`{received}`), because ignoring it would change what "
    "is returned.",
    fix="Send {expected} instead.",
    spec=GIVEN,
)

BY_SYSTEM = Rule(
    id="bulk-not-by-system",
    title="Bulk export needs a `system/` scope; the token has `{held}`",
    why="An export covers whole populations. `user/` and `patient/` scopes cover only what the signed-in user may see.",
    fix="Register a backend service, and request `{needed}` with `client_credentials`.",
    spec=BACKEND,
)

PREFER_MISSING = Rule(
    id="bulk-prefer-missing",
    parameter="Prefer",
    title="`Prefer: respond-async` is missing from the export request",
    why="The server creates an export in the background. It answers with the URL at which the app polls for the result.",
    fix="Send `Prefer: respond-async` and `Accept: application/fhir+json`.",
    spec=BULK,
    repair=header("prefer", "respond-async"),
)

FORMAT = Rule(
    id="bulk-format-unsupported",
    parameter="_outputFormat",
    title="`_outputFormat` isn't supported: `{received}`",
    why="This server exports only NDJSON files, with one resource per line.",
    fix="Leave out `_outputFormat`, or send `_outputFormat={expected}`.",
    spec=QUERY,
    repair=lambda request, facts: structs.replace(
        request, parameters=request.parameters.replace([("_outputFormat", facts["expected"])])
    ),
)
