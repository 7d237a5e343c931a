"""HTTP statuses of FHIR servers without a further explanation: checklists, the most likely cause first."""

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
