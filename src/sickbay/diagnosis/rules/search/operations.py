"""Rules about operations: which there are, what they are given, and exports."""

from dataclasses import replace

from sickbay.diagnosis.repairs import header
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
    stage="search",
    explains="fhir-operation-unknown",
    severity="error",
    outcome="404",
    title="There is no {received} here",
    why="Each operation has its own addresses: the server, a resource type or a resource, as its definition says. The "
    "capability statement at /metadata lists the operations of this server.",
    fix="Call {expected}.",
    spec=OPERATIONS,
)

PARAMETER = Rule(
    id="fhir-operation-parameter",
    stage="search",
    explains="fhir-operation-parameter",
    severity="error",
    outcome="400",
    title="The operation cannot take {parameter} as {received}",
    why="What an operation is given narrows what it answers; what is not understood is refused, not left out.",
    fix="Give {parameter} as its definition has it: {expected}.",
    spec=GIVEN,
)

BY_SYSTEM = Rule(
    id="bulk-not-by-system",
    stage="search",
    explains="bulk-not-by-system",
    severity="error",
    outcome="403 insufficient_scope",
    title="The export is asked for with {held}",
    why="An export is of whole populations; scopes of user/ and patient/ reach what one person may see.",
    fix="Register a backend service, and ask for {needed} by client_credentials.",
    spec=BACKEND,
)

PREFER_MISSING = Rule(
    id="bulk-prefer-missing",
    stage="search",
    explains="bulk-prefer-missing",
    severity="error",
    outcome="400",
    parameter="Prefer",
    title="The export does not say that it will come back for the answer",
    why="An export is made in the background; the answer to the request is only where to ask for it.",
    fix="Send Prefer: respond-async and Accept: application/fhir+json.",
    spec=BULK,
    repair=header("prefer", "respond-async"),
)

FORMAT = Rule(
    id="bulk-format-unsupported",
    stage="search",
    explains="bulk-format-unsupported",
    severity="error",
    outcome="400",
    parameter="_outputFormat",
    title="An export is not written as {received}",
    why="Files of an export have one resource a line, and that is all there is.",
    fix="Leave _outputFormat out, or send _outputFormat={expected}.",
    spec=QUERY,
    repair=lambda request, facts: replace(
        request, parameters=request.parameters.replaced([("_outputFormat", facts["expected"])])
    ),
)

RULES = (UNKNOWN, PARAMETER, BY_SYSTEM, PREFER_MISSING, FORMAT)
