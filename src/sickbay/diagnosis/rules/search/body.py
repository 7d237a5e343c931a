"""Rules about writes: the body, its patient, the version and the condition."""

from sickbay.diagnosis.rule import Rule, Spec
from sickbay.diagnosis.wording import add_count

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
    title="The body can't be read as {type}",
    why="The server can't parse it: {received}.",
    fix="Send one JSON object whose `resourceType` is {type}, or the same in XML, with the matching `Content-Type`.",
    spec=READING,
)

ID_MISMATCH = Rule(
    id="fhir-body-id-mismatch",
    parameter="id",
    title="`id` in the body is `{received}`, but the URL has `{expected}`",
    why="An update names the resource in the URL and in the body. If the two differ, the server can't tell which resource is "
    "meant.",
    fix="Set `id` in the body to `{expected}`, or send the request to the resource that you want to change.",
    spec=UPDATE,
)

INVALID = Rule(
    id="fhir-resource-invalid",
    recognises=add_count,
    outcome="422, with an issue for each problem",
    differs="The response lists every problem of the resource, not only the first.",
    title="The {type} isn't valid: {counted}",
    why="{said}",
    fix="Correct {where:code}.",
    spec=VALID,
)

OUTSIDE = Rule(
    id="fhir-write-outside-scope",
    title="The token's scopes don't allow writing into the chart of `{received}`",
    why="After this write, the resource would be in the chart of `{received}`. With the scopes `{held}`, the token may write "
    "only into the chart of `{expected}`.",
    fix="Set the subject, patient or beneficiary to `{expected}`, and don't name another patient as performer, recipient or "
    "participant. If your app writes for other patients, request a wider scope.",
    spec=SCOPES,
)

NOT_SUBJECT = Rule(
    id="fhir-write-not-subject",
    title="The {type} isn't about `{expected}`",
    why="A patient who only takes part in a record, for example as performer, recipient or author, may read it. To "
    "{interaction} it with the scopes `{held}`, {expected} must be its subject. Elements that name the subject of {type}: "
    "{by}.",
    fix="Write only records whose subject is `{expected}`. If your app writes other records, request a wider scope.",
    spec=COMPARTMENT,
)

CONFLICT = Rule(
    id="fhir-version-conflict",
    parameter="If-Match",
    title="`If-Match` isn't the current version: `{received}`",
    why="Either the resource has changed since you read it, and your write would undo that change, or the version in "
    "the header is wrong.",
    fix="Read the resource again, change what you get, and send `If-Match: {expected}`.",
    spec=VERSIONS,
)

EXISTS = Rule(
    id="fhir-resource-exists",
    outcome="412; 409 if a condition matches nothing and the id is taken",
    differs="A conditional update that matches nothing creates a resource. If its ID is taken, that is a conflict.",
    parameter="If-None-Match",
    title="The {type} already exists",
    why="Your condition (`{received}`) allows the write only if no such resource exists. Version {current} exists.",
    fix="To change it, read it and send your change with `If-Match: {current}`. To create another resource, use another id.",
    spec=VERSIONS,
)

AMBIGUOUS = Rule(
    id="fhir-condition-ambiguous",
    title="The condition matches more than one {type}: `{received}`",
    why="A conditional {interaction} must match at most one resource. Otherwise the server can't tell which one is meant.",
    fix="Narrow the condition to one resource, preferably with identifier=system|value.",
    spec=CONDITIONAL,
)

PATCH_FAILED = Rule(
    id="fhir-patch-failed",
    outcome="400 if it isn't a patch, 422 if it can't be applied",
    differs="A body that isn't a patch is malformed; a patch that can't be applied isn't.",
    title="The patch can't be applied: {received}",
    why="If one operation of a patch fails, the server applies none of them. Nothing was changed.",
    fix="Send a JSON Patch: a list of operations, each with `op`, an existing `path`, and a `value` if the operation takes "
    "one. For a FHIRPath Patch, send a Parameters resource.",
    spec=PATCH,
)

PATCH_READS = Rule(
    id="fhir-patch-reads",
    title="The patch reads the {type}, but the token's scopes only allow changing it",
    why="Part of the patch ({received}) uses or compares the content of the resource, so the result would reveal it. The "
    "scopes `{held}` don't allow reading the resource.",
    fix="Send only `add`, `insert`, `replace`, `remove` and `delete`, at paths without where(). If your app needs the other "
    "operations, request `{needed}` too.",
    spec=SCOPES,
)

SUBSCRIPTION = Rule(
    id="fhir-subscription-unsupported",
    title="Subscriptions aren't supported yet",
    why="The server would never send a notification for a {type}, so it refuses to create or change one.",
    fix="Poll instead: search with `_lastUpdated=gt<time of the last search>`, or read `_history?_since=`.",
    spec=SUBSCRIBING,
)

CASCADE = Rule(
    id="fhir-delete-cascade",
    parameter="_cascade",
    title="`{parameter}` isn't supported: a delete can't include other resources",
    why="A cascading delete would also delete resources that the request doesn't name, so this server never allows it.",
    fix="Leave out `{parameter}`, and delete each resource with its own request.",
    spec=DELETE,
)
