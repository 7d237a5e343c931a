"""HTTP statuses of FHIR servers without a further explanation: checklists, the most likely cause first."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError
from sickbay.diagnosis.knowledge.phrases import issue_phrases, status_phrases

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
    "basedstu",
    "baser4",
    "fhirclient",
    "medplum",
    "/patient",
    "/observation",
    "patient resource",
    "observation resource",
    '"issue":',
    '"diagnostics"',
)

ERRORS = (
    KnownError(
        id="fhir-401",
        is_general=True,
        text=(
            FHIR,
            (
                *status_phrases(401),
                "returned status unauthorized",
                "client error (unauthorized)",
                *issue_phrases("login"),
                *issue_phrases("unknown"),
                *issue_phrases("expired"),
                *issue_phrases("security"),
                "authentication failed",
                "invalid_token",
                "invalid token",
                "invalid access token",
                "token expired",
                "token has expired",
                "expired token",
                "token is invalid",
                "unauthenticated",
                "not authenticated",
                "authentication required",
                "credentials are required",
                "client unauthorized",
                "missing authorization header",
                "no authorization header",
                "authorization header is missing",
                "missing or invalid authorization",
                "fhirunauthorizedexception",
                "authenticationexception",
            ),
        ),
        without=("/token", "grant_type"),
        title="401: the FHIR server doesn't accept the access token, or got none",
        why=(
            "The server needs the header Authorization: Bearer with an access token that was issued for it and hasn't expired."
        ),
        causes=(
            Cause(
                "The header is missing or malformed: no blank after Bearer, quotes, the whole token response, or an ID token.",
                "curl -v shows the header as it is sent.",
                "Send Authorization: Bearer and the value of access_token, with one space in between.",
            ),
            Cause(
                "The token has expired; most are valid for 5 to 60 minutes.",
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
        is_general=True,
        text=(
            FHIR,
            (
                *status_phrases(403),
                "returned status forbidden",
                "client error (forbidden)",
                *issue_phrases("forbidden"),
                *issue_phrases("suppressed"),
                "authorization failed",
                "access denied",
                "forbiddenoperationexception",
                "permission_denied",
                "permission denied",
                "403 when requesting",
            ),
        ),
        without=("/token", "grant_type", "invalid token"),
        title="403: the token is valid, but it doesn't allow this request",
        why="The server knows who sent the request. The scopes, the account's role, or the patient in context don't cover the"
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
                "The body is HTML or empty instead of an OperationOutcome.",
                "Ask the operator of the gateway; try without unusual headers.",
            ),
        ),
        source="https://hl7.org/fhir/R4/http.html#general",
        confidence="documented",
    ),
    KnownError(
        id="fhir-404",
        is_general=True,
        text=(
            FHIR,
            (
                *status_phrases(404),
                "returned status notfound",
                *issue_phrases("not-found"),
                "is not known",
                "resourcenotfoundexception",
                "invalid url",
                "couldn't be found",
                "resource not found",
                "requested route was not found",
            ),
        ),
        without=("unknown resource type", "/token"),
        captures=(
            r"(?P<resource>\b[A-Z]\w+/[\w.-]+) (?:is not known|not found|does not exist)",
            r"resource (?P<value>\w+/[\w.-]+)",
        ),
        title="404: the FHIR server has nothing at this address: {resource}",
        why="Either the resource with that id doesn't exist on this server, or the base URL or path is wrong.",
        causes=(
            Cause(
                "The resource doesn't exist there: the id is from another server, was deleted, or test data were reset.",
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
        text=(
            (
                "resource was deleted",
                "was deleted at",
                "resourcegoneexception",
                *status_phrases(410),
                *issue_phrases("deleted"),
            ),
        ),
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
        is_general=True,
        text=(
            (
                *status_phrases(429),
                *issue_phrases("throttled"),
                "too many requests",
                "polling too frequently",
                "rate limit exceeded",
                "maximum number of concurrent api calls",
            ),
        ),
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
        id="fhir-5xx",
        is_general=True,
        text=(
            FHIR,
            (
                *status_phrases(500),
                "returned status internalservererror",
                "cannot read properties of undefined",
                "cannot read property",
                *issue_phrases("exception"),
                *issue_phrases("transient"),
                *issue_phrases("timeout"),
                *issue_phrases("lock-error"),
                *issue_phrases("no-store"),
                *issue_phrases("too-costly"),
                "internal server error",
                "there was an error processing your request",
                "failed to call access method",
                "internalerrorexception",
                "nullpointerexception",
            ),
        ),
        without=("credentials are required",),
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
                "The request is too large or takes too long.",
                "A smaller _count or fewer _include works.",
                "Ask for less: add patient, date and _count, or split the bundle.",
            ),
        ),
        source="https://hl7.org/fhir/R4/http.html#general",
        confidence="inferred",
    ),
    KnownError(
        id="fhir-issue-invalid",
        text=(
            ("operationoutcome", '"severity"', "severity value=", '"diagnostics"'),
            (
                *issue_phrases("invalid"),
                *issue_phrases("value"),
                *issue_phrases("structure"),
                *issue_phrases("required"),
                *issue_phrases("code-invalid"),
                *issue_phrases("processing"),
            ),
        ),
        captures=(r"(?:diagnostics|text)[\"']?\s*[:=]\s*[\"'](?P<value>[^\"'\n]{5,120})",),
        title="The server refuses the content of the request: {value}",
        why="An issue with this code means that an element or parameter is missing, has the wrong form, or isn't allowed."
        " expression, location or diagnostics says which one.",
        causes=(
            Cause(
                "The element or parameter that the issue names is missing or has the wrong form.",
                "Read expression and diagnostics of each issue.",
                "Correct the named element or parameter by the specification of the server's FHIR version, and send it again.",
            ),
            Cause(
                "The body didn't arrive as the client meant it: wrong Content-Type, or an object passed in the wrong form.",
                "All required members are reported as missing.",
                "Send JSON with Content-Type: application/fhir+json, and check the arguments of the library's call.",
            ),
        ),
        source="https://hl7.org/fhir/R4/valueset-issue-type.html",
        confidence="documented",
    ),
    KnownError(
        id="fhir-issue-not-supported",
        text=(("operationoutcome", '"severity"', "severity value=", '"diagnostics"'), issue_phrases("not-supported")),
        captures=(r"(?:diagnostics|text)[\"']?\s*[:=]\s*[\"'](?P<value>[^\"'\n]{5,120})",),
        title="The server doesn't support this request: {value}",
        why="not-supported means that the interaction, parameter or resource type isn't offered by this server.",
        causes=(
            Cause(
                "The server doesn't offer the parameter, operation or type.",
                "base + /metadata lists what it offers for the type.",
                "Use a parameter or interaction that /metadata lists, and leave out the one that the issue names.",
            ),
            Cause(
                "It is offered only after it was switched on, or in another FHIR version.",
                "The server's documentation mentions a setting.",
                "Enable it on the server, or use the base URL of the version that has it.",
            ),
        ),
        source="https://hl7.org/fhir/R4/valueset-issue-type.html",
        confidence="documented",
    ),
    KnownError(
        id="fhir-response-not-fhir",
        text=(
            (
                "root object has no type indication",
                "cannot be used to construct an fhirjsonnode",
                "fhirjsonnode",
                "non-xml or non-json",
                "response body is not fhir",
                "not a valid fhir resource",
                "invalid data: unable to parse",
                "body contains no data",
                "endpoint returned a body with contenttype",
                "nonfhirresponseexception",
                "response contains no content",
                "does not look like a fhir",
            ),
        ),
        title="The FHIR client got a response that isn't a FHIR resource, often an error page or a plain 401 body",
        why="The client parses each body as a resource. Gateways and security filters answer with their own JSON, text or"
        " HTML.",
        causes=(
            Cause(
                "The server or a gateway refused the request, for example 401 for an invalid token.",
                "Look at status and body of the response, by curl or a logging handler.",
                "Check the status first, and send a valid token in the header Authorization: Bearer.",
            ),
            Cause(
                "The base URL isn't a FHIR base URL.",
                "base + /metadata doesn't return a CapabilityStatement.",
                "Correct the base URL.",
            ),
        ),
        source="https://github.com/FirelyTeam/firely-net-sdk/issues/2020",
        confidence="observed",
    ),
)
