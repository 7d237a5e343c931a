"""Rules about what is written: the body, whose it is, and the version and the match that a condition names."""

from sickbay.diagnosis.rule import Rule, Spec

READING = Spec("FHIR R4, create", "https://hl7.org/fhir/R4/http.html#create")
UPDATE = Spec("FHIR R4, update", "https://hl7.org/fhir/R4/http.html#update")
VALID = Spec("FHIR R4, Validating Resources", "https://hl7.org/fhir/R4/validation.html")
SCOPES = Spec(
    "SMART App Launch 2.2, Scopes for requesting FHIR resources",
    "https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html#scopes-for-requesting-fhir-resources",
)
COMPARTMENT = Spec("FHIR R4, Patient compartment", "https://hl7.org/fhir/R4/compartmentdefinition-patient.html")
VERSIONS = Spec("FHIR R4, Managing Resource Contention", "https://hl7.org/fhir/R4/http.html#concurrency")
CONDITIONAL = Spec("FHIR R4, conditional create", "https://hl7.org/fhir/R4/http.html#ccreate")
PATCH = Spec("RFC 6902, JSON Patch", "https://www.rfc-editor.org/rfc/rfc6902")
SUBSCRIBING = Spec("FHIR R4, Subscription", "https://hl7.org/fhir/R4/subscription.html")
DELETE = Spec("FHIR R4, delete", "https://hl7.org/fhir/R4/http.html#delete")

MALFORMED = Rule(
    id="fhir-body-malformed",
    stage="search",
    explains="fhir-body-malformed",
    severity="error",
    outcome="400",
    title="The body is no {type}",
    why="It could not be read: {received}.",
    fix="Send one JSON object whose resourceType is {type}, or the same in XML, by its Content-Type.",
    spec=READING,
)

ID_MISMATCH = Rule(
    id="fhir-body-id-mismatch",
    stage="search",
    explains="fhir-body-id-mismatch",
    severity="error",
    outcome="400",
    parameter="id",
    title="The resource in the body has the id {received}, the address {expected}",
    why="An update says twice which resource it changes; where the two differ, one of them is a mistake.",
    fix="Put id: {expected} into the body, or send the request to the resource that is meant.",
    spec=UPDATE,
)

INVALID = Rule(
    id="fhir-resource-invalid",
    stage="search",
    explains="fhir-resource-invalid",
    severity="error",
    outcome="422, an issue for each fault",
    title="The {type} is not valid: {count} faults",
    why="{said}",
    fix="Mend what stands at {where}.",
    spec=VALID,
)

OUTSIDE = Rule(
    id="fhir-write-outside-scope",
    stage="search",
    explains="fhir-write-outside-scope",
    severity="error",
    outcome="403",
    title="What you would write is not within what the token may write",
    why="After this write the resource would be in the chart of {received}. With the scopes {held}, this token writes only "
    "into the chart of {expected}.",
    fix="Let the resource belong to {expected}, by its subject, patient or beneficiary, name no other patient as performer, "
    "recipient or participant, or ask for a wider scope.",
    spec=SCOPES,
)

NOT_SUBJECT = Rule(
    id="fhir-write-not-subject",
    stage="search",
    explains="fhir-write-not-subject",
    severity="error",
    outcome="403",
    title="The {type} is not a record of {expected}",
    why="A patient who only takes part in a record, such as its performer, recipient or author, may read it. To {interaction} "
    "it with the scopes {held}, {expected} has to be its subject. A {type} names its subject by: {by}.",
    fix="Write only records whose subject is {expected}, or ask for a wider scope.",
    spec=COMPARTMENT,
)

CONFLICT = Rule(
    id="fhir-version-conflict",
    stage="search",
    explains="fhir-version-conflict",
    severity="error",
    outcome="412",
    parameter="If-Match",
    title="The version you name is not the one that is there",
    why="You sent If-Match: {received}; since then somebody changed the resource, and your write would undo that.",
    fix="Read the resource again, make the change in what you get, and send If-Match: {expected}.",
    spec=VERSIONS,
)

EXISTS = Rule(
    id="fhir-resource-exists",
    stage="search",
    explains="fhir-resource-exists",
    severity="error",
    outcome="412; 409 where a condition matches nothing, and the id is taken",
    parameter="If-None-Match",
    title="The {type} is there already",
    why="You sent {received}, which writes only where there is no such resource; version {current} is there.",
    fix="Read it and change what you get, with If-Match: {current}; or create yours under another id.",
    spec=VERSIONS,
)

AMBIGUOUS = Rule(
    id="fhir-condition-ambiguous",
    stage="search",
    explains="fhir-condition-ambiguous",
    severity="error",
    outcome="412",
    title="The condition matches more than one {type}",
    why="A conditional {interaction} is of one resource; {received} says several.",
    fix="Narrow the condition to one resource, best by identifier=system|value.",
    spec=CONDITIONAL,
)

PATCH_FAILED = Rule(
    id="fhir-patch-failed",
    stage="search",
    explains="fhir-patch-failed",
    severity="error",
    outcome="400 where it is no patch, 422 where it cannot be applied",
    title="The patch cannot be applied",
    why="Nothing was changed: {received}.",
    fix="Send a JSON Patch, a list of operations, each with op, a path that is there, and a value where it takes one; "
    "or a FHIRPath Patch, which is Parameters.",
    spec=PATCH,
)

PATCH_READS = Rule(
    id="fhir-patch-reads",
    stage="search",
    explains="fhir-patch-reads",
    severity="error",
    outcome="403",
    title="The patch reads the {type}, and the token may only change it",
    why="{received} uses or compares what the resource holds, so its result would tell. The scopes {held} don't let this token "
    "read the resource.",
    fix="Send only `add`, `insert`, `replace`, `remove` and `delete` at paths without where(), or ask for {needed} too.",
    spec=SCOPES,
)

SUBSCRIPTION = Rule(
    id="fhir-subscription-unsupported",
    stage="search",
    explains="fhir-subscription-unsupported",
    severity="error",
    outcome="422",
    title="This server doesn't serve subscriptions yet",
    why="A {type} that it stored would never lead to a notification, so it refuses to create or change one.",
    fix="Ask again at intervals: search with `_lastUpdated=gt<time of the last search>`, or read `_history?_since=`.",
    spec=SUBSCRIBING,
)

CASCADE = Rule(
    id="fhir-delete-cascade",
    stage="search",
    explains="fhir-delete-cascade",
    severity="error",
    outcome="403",
    parameter="_cascade",
    title="The delete asks to delete other resources with it",
    why="{parameter} would delete what the request does not name; nobody may do that here.",
    fix="Leave {parameter} out, and delete each resource by its own request.",
    spec=DELETE,
)

RULES = (
    MALFORMED,
    ID_MISMATCH,
    INVALID,
    OUTSIDE,
    NOT_SUBJECT,
    CONFLICT,
    EXISTS,
    AMBIGUOUS,
    PATCH_FAILED,
    PATCH_READS,
    SUBSCRIPTION,
    CASCADE,
)
