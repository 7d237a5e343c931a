"""Bulk Data export: kick-off, polling and download."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError
from sickbay.diagnosis.knowledge.phrases import status_phrases

ERRORS = (
    KnownError(
        id="export-async-missing",
        text=(
            ("must request async", "hapi-0513", "respond-async", "prefer header", "async processing", "hapi-2513"),
            ("must", "missing", "required", "error", "requires", "invalid", "not specified", "should"),
            ("export", "bulk", "async"),
        ),
        without=("prefer: respond-async 202", "unable to find group", "group not found"),
        title="Prefer: respond-async is missing: an export runs only asynchronously",
        why="The Bulk Data specification requires this header in the kick-off request. The server then answers 202 with"
        " Content-Location.",
        causes=(
            Cause(
                "The header isn't sent, or a library or proxy drops it.",
                "curl -v shows the request without Prefer.",
                "Send the headers Prefer: respond-async and Accept: application/fhir+json with the $export request.",
            ),
        ),
        source="https://hl7.org/fhir/uv/bulkdata/export.html#bulk-data-kick-off-request",
        confidence="documented",
    ),
    KnownError(
        id="export-202",
        text=(
            ("$export", "bulk export", "bulk data", "export job", "$export-poll-status"),
            (
                "202",
                "in-progress",
                "in progress",
                "still running",
                "content-location",
                "x-progress",
                "never completes",
                "never finishes",
                "stuck",
            ),
            (
                "empty",
                "no body",
                "no response",
                "never",
                "stuck",
                "always",
                "no content-location",
                "missing",
                "how",
                "keep",
                "nothing",
                "null",
                "forever",
            ),
        ),
        title="202 isn't an error: the export runs, and its status has to be polled at the URL in Content-Location",
        why="The kick-off answers 202 with an empty body and the header Content-Location. That URL answers 202 while the job"
        " runs"
        " and 200 with the list of files at the end.",
        causes=(
            Cause(
                "The app waits for data in the kick-off response.",
                "The response has the header Content-Location.",
                "GET the URL in Content-Location with the access token until it answers 200; wait Retry-After seconds in"
                " between.",
            ),
            Cause(
                "A browser script can't read the header.",
                "Content-Location is in the Network tab but null in the code.",
                "Let the server send Access-Control-Expose-Headers: Content-Location.",
            ),
            Cause(
                "The job is queued or has failed on the server.",
                "X-Progress doesn't change for long.",
                "Limit it with _type and _since, and ask the operator to look at the job's log.",
            ),
        ),
        source="https://hl7.org/fhir/uv/bulkdata/export.html#bulk-data-status-request",
        confidence="documented",
    ),
    KnownError(
        id="export-not-authorized",
        text=(
            ("$export", "bulk export", "bulk data", "export operation", "/group/", "ndjson", "bulk fhir"),
            ("401", "403", "unauthorized", "forbidden", "insufficient", "not authorized", "access denied", "scope"),
        ),
        without=("storage", "blob", "_type=", "jwks", "typeerror", "invalid_client", "invalid_grant"),
        title="The export was refused: the token needs system/ scopes and the app must be allowed for the group",
        why="$export is for backend services: client_credentials with a signed assertion, and system/ scopes for every"
        " exported type.",
        causes=(
            Cause(
                "The token has user/ or patient/ scopes, or lacks a type.",
                "scope in the token response has no system/*.read or system/*.rs.",
                "Request system/*.rs (v1: system/*.read), or system/Type.rs for each type in _type.",
            ),
            Cause(
                "The app isn't registered for bulk export or for that group.",
                "Reading a single resource works.",
                "Ask the server's administrator to enable bulk export and to give you the id of the group.",
            ),
            Cause(
                "The file download lacks the token, or sends it to a storage that doesn't want it.",
                "The manifest says requiresAccessToken.",
                "Send Authorization: Bearer only if requiresAccessToken is true.",
            ),
            Cause(
                "The token expired while the job was running.",
                "The kick-off worked, and polling fails later.",
                "Get a new token before polling and downloading.",
            ),
        ),
        source="https://hl7.org/fhir/uv/bulkdata/authorization/index.html",
        confidence="documented",
    ),
    KnownError(
        id="export-type-not-granted",
        text=(
            (" _type", "?_type", "&_type", "`_type", "'_type"),
            ("$export", "bulk", "system/", "export"),
            ("scope", "does not have the grant", "not granted", "no error", "missing types", "not returned", "not exported"),
        ),
        title="_type names a type that the token's scope doesn't cover, so it is left out of the export",
        why="An export contains only types with a system/ scope. Servers may leave out others without an error.",
        causes=(
            Cause(
                "system/{type}.read isn't in the granted scope.",
                "Compare _type with scope in the token response.",
                "Request a scope for each type in _type, for example system/Condition.read (v2: system/Condition.rs), and"
                " register it.",
            ),
            Cause(
                "The scopes are separated by commas instead of spaces.",
                "scope in the request has commas.",
                "Separate scopes with spaces.",
            ),
        ),
        source="https://github.com/openemr/openemr",
        confidence="observed",
    ),
    KnownError(
        id="export-storage",
        text=(
            ("export operation failed", "export job", "$export", "export failed", "export request"),
            ("storage", "blob", "authorizationfailure", "not authorized to perform this operation", "bucket", "destination"),
        ),
        title="The export can't write its files: the FHIR service has no permission on the storage",
        why="The server writes the files to a storage account or bucket with its own (managed) identity, not with your token.",
        causes=(
            Cause(
                "The managed identity of the FHIR service has no role on the storage account.",
                "Access control (IAM) of the storage lists no role for it.",
                "Assign the role Storage Blob Data Contributor on the storage account to the FHIR service's managed identity.",
            ),
            Cause(
                "The storage's firewall blocks the service.",
                "The network settings allow only selected networks.",
                "Allow trusted services, or the FHIR service's addresses.",
            ),
            Cause(
                "No storage account is configured for export.",
                "The export settings of the service are empty.",
                "Choose the storage account in the service's Export settings.",
            ),
        ),
        source="https://learn.microsoft.com/azure/healthcare-apis/fhir/configure-export-data",
        confidence="documented",
    ),
    KnownError(
        id="export-not-supported",
        text=(
            ("$export", "bulk export", "/export"),
            (
                "not supported",
                "not-supported",
                "not implemented",
                "unknown operation",
                "not enabled",
                *status_phrases(404),
                *status_phrases(501),
                "hapi-0302",
                "does not know how to handle",
                "invalid operation",
                "is not enabled",
                "operation is not enabled",
            ),
        ),
        title="The server doesn't offer this export: wrong level, wrong path, or it isn't enabled",
        why="Servers offer $export at the system, at Patient or at Group/{id}, often only at Group. It may have to be"
        " switched on.",
        causes=(
            Cause(
                "The level isn't offered.",
                "operation in /metadata lists where export is offered.",
                "Use base/Group/{id}/$export with the id of a group that you may export.",
            ),
            Cause(
                "Export isn't enabled on the server.",
                "You run the server yourself; /metadata has no export.",
                "Enable it, such as bulk_export_enabled: true in HAPI.",
            ),
            Cause(
                "The shell replaced $export by nothing.",
                "The URL in the server's log ends with /.",
                "Put the URL into single quotes.",
            ),
        ),
        source="https://hl7.org/fhir/uv/bulkdata/export.html",
        confidence="documented",
    ),
    KnownError(
        id="export-output-format",
        text=(
            ("_outputformat", "output format"),
            (
                "is not supported",
                "not supported.",
                "unsupported output",
                "invalid output",
                "invalid _outputformat",
                "unsupported _outputformat",
            ),
        ),
        title="_outputFormat isn't one that the export offers: use application/fhir+ndjson",
        why="Exports are newline-delimited JSON. In a URL, + has to be encoded.",
        causes=(
            Cause(
                "The value is another format, or + became a space.",
                "The URL has _outputFormat=application/fhir+ndjson without encoding.",
                "Leave _outputFormat out, or write application%2Ffhir%2Bndjson.",
            ),
        ),
        source="https://hl7.org/fhir/uv/bulkdata/export.html#query-parameters",
        confidence="documented",
    ),
    KnownError(
        id="export-no-output",
        text=(
            ("$export", "bulk export", "export-poll-status", "bulk data"),
            (
                "do not return binary",
                "no binary links",
                "not return binary links",
                "no output",
                "output is empty",
                "empty output",
                '"output": []',
                '"output":[]',
                "without output",
                "no files",
                "empty file",
                "no links",
                "returns empty",
                "no resources",
                "zero resources",
            ),
        ),
        title="The export ended without files: nothing matched, nothing was granted, or the server can't write them",
        why="The manifest lists a file per type in output. It is empty if no type was exported, or if an error hit the"
        " writing.",
        causes=(
            Cause(
                "The group is empty, or _since and _typeFilter exclude everything.",
                "A search for the type returns resources.",
                "Leave out _since and _typeFilter, and check the members of the group.",
            ),
            Cause(
                "The token has scopes for no exported type.",
                "scope in the token response lacks them.",
                "Request system/*.read (v2: system/*.rs).",
            ),
            Cause(
                "The server exports only types that are named, or has a bug in this version.",
                "It works with _type.",
                "Name the types in _type=Patient,Observation, and update the server.",
            ),
        ),
        source="https://github.com/hapifhir/hapi-fhir/issues/3111",
        confidence="observed",
    ),
)
