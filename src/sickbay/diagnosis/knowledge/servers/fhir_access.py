"""Refusals of FHIR servers by status: 401, 403, 404 and the others, with OperationOutcomes of several servers."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError

FHIR = (
    "operationoutcome",
    "/fhir",
    "fhir server",
    "fhir api",
    "fhir resource",
    "fhir endpoint",
    "fhir request",
    "hapi",
    "basestu3",
    "baser4",
)

ERRORS = (
    KnownError(
        id="hapi-access-denied-by-rule",
        text=(("access denied by rule", "hapi-0333", "hapi-0334", "access denied by default policy", "hapi-0335"),),
        captures=(r"denied by rule:? (?P<value>[^\"<\n]{3,100})",),
        title="HAPI's AuthorizationInterceptor refused the request: {value}",
        why="The server has a list of rules for this user or token. A rule denies the request, or none allows it (default"
        " policy).",
        causes=(
            Cause(
                "The token's scope or role doesn't cover the resource type or the operation.",
                "Decode the token or look at the granted scope.",
                "Request the scope that covers it, such as patient/Observation.rs, and use the new token.",
            ),
            Cause(
                "The request concerns another patient than the launch, or the launch has none.",
                "The token response's patient isn't the one in the URL.",
                "Search with the patient of the token response; add launch/patient if it has none.",
            ),
            Cause(
                "The rules of the server lack this operation, such as transaction, metadata or $everything.",
                "You run the server yourself; the message says 'no applicable rules'.",
                "Add a rule to buildRuleList, for example allow().transaction().withAnyOperation().andApplyNormalRules().",
            ),
        ),
        source="https://hapifhir.io/hapi-fhir/docs/security/authorization_interceptor.html",
        confidence="documented",
    ),
    KnownError(
        id="fhir-scope-not-granted",
        text=(
            (
                "is not granted by any of the provided scopes",
                "is not permitted under",
                "insufficient_scope",
                "insufficient scope",
                "insufficient-scopes",
                "scope does not allow",
                "scopes do not permit",
                "does not have the required scope",
                "missing required scope",
                "required scope",
                "not authorized by scope",
                "no_scope_for_resource_path",
                "token does not have scope",
                "not in scope",
            ),
        ),
        captures=(
            r"permission for '(?P<resource>\w+)'",
            r"scopes?:? \[+(?P<scopes>[^\]]+)\]",
            r"scope[\"']?\s*[:=]\s*[\"'](?P<scope>[^\"']+)",
        ),
        title="scope: the access token has no scope for this request ({resource})",
        why="A FHIR server allows an interaction only if a granted scope covers its resource type and action. Operations such"
        " as"
        " $everything need a scope for each type that they return.",
        causes=(
            Cause(
                "The scope for the type wasn't requested, isn't registered, or was dropped when the token was granted.",
                "Look at scope in the token response: the type isn't in it.",
                "Register and request the missing scope, such as patient/Appointment.read (v1) or patient/Appointment.rs"
                " (v2), and"
                " get a new token.",
            ),
            Cause(
                "The scope has another prefix than the request needs: patient/, user/ or system/.",
                "The token has patient/ scopes, and the request concerns other patients.",
                "Request user/ or system/ scopes for that.",
            ),
            Cause(
                "The scope allows only reading, and the request writes or searches.",
                "The scope ends with .read or .r.",
                "Request .write, or .cruds with the letters that you need.",
            ),
        ),
        source="https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html",
        confidence="documented",
    ),
    KnownError(
        id="fhir-launch-context-missing",
        text=(
            (
                "claims without a launch context",
                "deny all patient requests if no launch context",
                "no launch context",
                "launch context is required",
                "patient claim is missing",
                "missing patient claim",
                "token does not contain a patient",
                "'patient_id' claim",
            ),
        ),
        title="patient: the token has patient/ scopes but no patient, so the server refuses every request",
        why="patient/ scopes allow only the record of the patient in context. The launch gave none.",
        causes=(
            Cause(
                "launch/patient (standalone) or launch (EHR launch) is missing in the scope.",
                "The token response has no patient.",
                "Add launch/patient to the scope, or send the EHR's launch value with scope launch.",
            ),
            Cause(
                "A backend service has patient/ scopes.",
                "grant_type is client_credentials.",
                "Request system/ scopes.",
            ),
        ),
        source="https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html",
        confidence="documented",
    ),
    KnownError(
        id="fhir-401",
        codes=("401", "login", "invalid_token", "unknown", "expired", "security"),
        text=(
            FHIR,
            (
                "401",
                '"login"',
                "unauthorized",
                "authentication failed",
                "invalid_token",
                "unauthenticated",
                "missing or invalid",
                "expired",
                "not authenticated",
                "authentication required",
                "credentials",
            ),
        ),
        title="401: the FHIR server doesn't accept the access token, or got none",
        why="The server needs the header Authorization: Bearer with an access token that was issued for it and hasn't expired.",
        causes=(
            Cause(
                "The header is missing or malformed: no blank after Bearer, quotes, the whole token response, or an ID token.",
                "curl -v shows the header as it is sent.",
                "Send Authorization: Bearer and the value of access_token, with one blank in between.",
            ),
            Cause(
                "The token has expired; most live 5 to 60 minutes.",
                "expires_in seconds have passed since the token was issued.",
                "Get a new access token with the refresh token, or launch again.",
            ),
            Cause(
                "The token was issued for another server, tenant or audience.",
                "Decode it: aud or iss isn't this FHIR base URL's server.",
                "Request the token with aud (or audience, resource, scope) of this FHIR base URL.",
            ),
            Cause(
                "The server validates tokens of another issuer than the one that issued it.",
                "You run the server yourself; its log names the issuer or key.",
                "Configure the issuer and audience on the server.",
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc6750#section-3.1",
        confidence="documented",
    ),
    KnownError(
        id="fhir-403",
        codes=("403", "forbidden", "suppressed"),
        text=(FHIR, ("403", "forbidden", "authorization failed", "access denied", "permission", "not allowed")),
        title="403: the token is valid, but it doesn't allow this request",
        why="The server knows who asks. The scopes, the role of the account, or the patient in context don't cover the"
        " request.",
        causes=(
            Cause(
                "The granted scope has nothing for the resource type or the action.",
                "scope in the token response lacks the type.",
                "Request and register the scope, such as patient/Observation.rs, and get a new token.",
            ),
            Cause(
                "The account or application has no role on the FHIR server.",
                "It is a cloud service: no role assignment for the app's object ID.",
                "Assign a data role, for example FHIR Data Reader or FHIR Data Contributor, and wait some minutes.",
            ),
            Cause(
                "The request concerns another patient than the one in context.",
                "The id in the URL isn't patient of the token response.",
                "Use the patient of the token response, or user/ scopes.",
            ),
            Cause(
                "A proxy or firewall in front refuses the request.",
                "The body is HTML or empty in place of an OperationOutcome.",
                "Ask the operator of the gateway; try without unusual headers.",
            ),
        ),
        source="https://hl7.org/fhir/R4/http.html#general",
        confidence="documented",
    ),
    KnownError(
        id="fhir-unknown-resource-type",
        text=(
            (
                "unknown resource type",
                "hapi-0302",
                "server knows how to handle",
                "bad_resource_type",
                "unsupported resource type",
                "resource type is not supported",
                "is not a supported resource type",
                "not a valid resource type",
                "unknown resource name",
                "hapi-1684",
                "invalid resource type",
                "resource type not supported",
            ),
        ),
        captures=(r"resource (?:type|name) ['\"](?P<resource>[\w-]+)['\"]",),
        title="{resource} isn't a resource type that this server knows: the path or the FHIR version is wrong",
        why="After the base URL comes the resource type, with its exact spelling and capitals. Types differ by FHIR version.",
        causes=(
            Cause(
                "The base URL is incomplete, so that a part of the path is read as a type.",
                "The word in the message isn't a FHIR type, such as fhir, R4 or oauth2.",
                "Correct the base URL: base + /metadata must return a CapabilityStatement.",
            ),
            Cause(
                "The type is misspelt or in lower case.",
                "Compare with the list in the message.",
                "Write it as in the specification, such as MedicationRequest.",
            ),
            Cause(
                "The type belongs to another FHIR version.",
                "MedicationOrder is DSTU2, MedicationRequest is STU3 and R4; Conformance is DSTU2.",
                "Use the type of the server's version, or the base URL of the other version.",
            ),
            Cause(
                "A custom operation or type isn't installed on the server.",
                "The documentation of the app asks for a special server.",
                "Use the server that has it, or add its provider.",
            ),
        ),
        source="https://github.com/opensrp/fhircore/issues/2946",
        confidence="documented",
    ),
    KnownError(
        id="fhir-404",
        codes=("404", "not-found"),
        text=(
            FHIR,
            ("404", "not found", "not-found", "is not known", "does not exist", "invalid url", "could not find", "not_found"),
        ),
        without=("unknown resource type",),
        captures=(
            r"(?P<resource>\b[A-Z]\w+/[\w.-]+) (?:is not known|not found|does not exist)",
            r"resource (?P<value>\w+/[\w.-]+)",
        ),
        title="404: the FHIR server has nothing at this address: {resource}",
        why="Either the resource with that id doesn't exist on this server, or the base URL or path is wrong.",
        causes=(
            Cause(
                "The resource doesn't exist there: the id is of another server, was deleted, or test data were reset.",
                "base + /Patient?_count=1 returns something.",
                "Search for the resource first, for example by identifier, and use the id from the result.",
            ),
            Cause(
                "The base URL is wrong.",
                "base + /metadata gives 404 as well.",
                "Use the FHIR base URL from the documentation: /fhir, /R4 or a tenant is often missing.",
            ),
            Cause(
                "Some servers answer 404 when the token isn't allowed to see the resource.",
                "An administrator's token finds it.",
                "Use a token whose scopes and patient cover the resource.",
            ),
        ),
        source="https://hl7.org/fhir/R4/http.html#read",
        confidence="documented",
    ),
    KnownError(
        id="fhir-410-deleted",
        codes=("410", "deleted"),
        text=(("resource was deleted", "has been deleted", "was deleted at", "410", '"deleted"'),),
        title="410: the resource was deleted on the server",
        why="The server remembers the id. A read of it gives 410 Gone.",
        causes=(
            Cause(
                "Another client deleted it, or the test server was cleaned.",
                "GET …/_history shows the deletion and its time.",
                "Search again for the current resource, or create it again by PUT with the same id.",
            ),
        ),
        source="https://hl7.org/fhir/R4/http.html#read",
        confidence="documented",
    ),
    KnownError(
        id="fhir-429",
        codes=("429", "throttled"),
        text=(("429", "too many requests", "throttled", "rate limit", "polling too frequently"),),
        title="429: too many requests in a short time",
        why="The server limits requests per minute or per polling. Retry-After says how long to wait.",
        causes=(
            Cause(
                "The client sends many requests at once, or polls without a pause.",
                "The response has Retry-After.",
                "Wait the seconds of Retry-After, then double the pause at each 429, and send fewer requests in parallel.",
            ),
            Cause(
                "Each request reads a single resource.",
                "The log shows many reads of the same type.",
                "Search with _id=a,b,c or _include instead of single reads.",
            ),
        ),
        source="https://www.rfc-editor.org/rfc/rfc6585#section-4",
        confidence="documented",
    ),
    KnownError(
        id="hapi-internal-error",
        text=(("failed to call access method", "hapi-0389"),),
        captures=(r"access method:? (?P<value>[^\"<\n]{5,120})",),
        title="The HAPI server failed in its own code while it handled the request: {value}",
        why="'Failed to call access method' means that the Java method behind the URL threw an exception. What follows the words"
        " names it.",
        causes=(
            Cause(
                "A part of the request leads to a bug, such as a modifier, a chain, or an unusual bundle entry.",
                "A simpler request to the same type works.",
                "Remove parameters or bundle entries one by one until it works, and replace the one that fails.",
            ),
            Cause(
                "The database behind the server fails or has bad data.",
                "Simple requests fail as well; the server's log has the stack trace.",
                "Look at the server's log, or report the request and its time to the operator.",
            ),
            Cause(
                "The server's version has a known bug.",
                "The text after HAPI-0389 is in HAPI's issue list.",
                "Update HAPI FHIR.",
            ),
        ),
        source="https://github.com/hapifhir/hapi-fhir/issues/3745",
        confidence="observed",
    ),
    KnownError(
        id="fhir-5xx",
        codes=("500", "502", "503", "504", "exception", "transient", "timeout", "no-store", "lock-error", "too-costly"),
        text=(
            FHIR,
            (
                "500",
                "502",
                "503",
                "504",
                "internal server error",
                "service unavailable",
                "bad gateway",
                "timeout",
                "exception",
                "nullpointer",
                "too-costly",
                "failed to call access method",
            ),
        ),
        title="The FHIR server failed while it handled the request (status 5xx or exception)",
        why="The request reached the server, and its own code or a system behind it failed. An unusual request often causes"
        " it.",
        causes=(
            Cause(
                "A part of the request that the server doesn't handle, such as a chained search, a modifier, or a malformed"
                " bundle.",
                "A simpler request to the same type works.",
                "Remove parameters one by one until it works, and replace the one that fails.",
            ),
            Cause(
                "The request is too large or takes too long (504, timeout).",
                "A smaller _count or fewer _include works.",
                "Ask for less: add patient, date and _count, or split the bundle.",
            ),
            Cause(
                "The server or its database is down or being updated (502, 503).",
                "metadata fails too.",
                "Repeat it later with growing pauses; report the time and X-Request-Id to the operator.",
            ),
        ),
        source="https://hl7.org/fhir/R4/http.html#general",
        confidence="inferred",
    ),
)
