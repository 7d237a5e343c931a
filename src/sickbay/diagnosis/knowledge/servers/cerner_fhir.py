"""Oracle Health (Cerner): refusals of the FHIR server, and symptoms that people describe in prose."""

from sickbay.diagnosis.knowledge.known_error import Cause, KnownError
from sickbay.diagnosis.knowledge.recognise import MARKS

R4 = "https://docs.oracle.com/en/industries/health/millennium-platform-apis/mfrap/"
AUTHORIZATION = "https://docs.oracle.com/en/industries/health/millennium-platform-apis/millennium-authorization-framework/"
FORUM = "https://forums.oracle.com/ords/apexds/post/"
SCOPES = "code-console.cerner.com: My Applications, your application, Scopes or API selection."
NAMED = MARKS["cerner"]
"""For phrases that other servers use too: the text has to name this one."""

ERRORS = (
    KnownError(
        id="cerner-insufficient-scope",
        servers=("cerner",),
        text=(
            (
                "resource-access:insufficient-scopes",
                "no_scope_for_resource_path",
                'realm="fhir-ehr-code.cerner.com", error="insufficient_scope"',
                'sandboxcerner.com", error="insufficient_scope"',
                'cerner.com", error="insufficient_scope"',
            ),
        ),
        title="insufficient_scope: the access token has no scope for this resource and interaction",
        why="The token is valid, but its scopes don't cover the request. Cerner drops scopes silently if they aren't "
        "registered for the app or the tenant.",
        causes=(
            Cause(
                "The scope wasn't granted, because it isn't registered for the app.",
                "scope in the token response lacks the resource type.",
                "Select the API in the console, request for example patient/Patient.read, and launch again.",
            ),
            Cause(
                "A wildcard was requested, or v1 scopes on an app registered for SMART v2.",
                "The request has patient/*.read, or .read although the console shows SMART v2.",
                "Request each type by name: patient/Patient.rs for v2, patient/Patient.read for v1.",
            ),
            Cause(
                "The scope allows reading only, and the request writes or searches.",
                "POST, PUT and PATCH need .write or .c/.u; a search needs .s.",
                "Register and request the write scope too.",
            ),
            Cause(
                "The new scope isn't approved in this organization's tenant yet.",
                "The same request works in the public sandbox.",
                "Ask the organization to approve the changed scopes of the app.",
            ),
        ),
        where=SCOPES,
        source=FORUM + "smart-launch-successful-but-patient-read-scope-not-granted-8068",
        confidence="documented",
    ),
    KnownError(
        id="cerner-tenant-mismatch",
        servers=("cerner",),
        text=(("tenant-mismatch", "tenant mismatch"),),
        title="tenant: the token was issued for another tenant than the one in the FHIR URL",
        why="The FHIR server compares the tenant of the token with the tenant in the path. They have to be the same.",
        causes=(
            Cause(
                "The FHIR base URL belongs to another organization or environment.",
                "Compare the tenant ID in the token URL with the one in the FHIR URL.",
                "Use the FHIR base URL that was sent as aud, with the same tenant.",
            ),
            Cause(
                "A token of another user or organization is taken from a cache.",
                "The tenant claim of the token differs from the URL.",
                "Store tokens by FHIR base URL and user.",
            ),
        ),
        source=FORUM + "401-tenant-mismatch-errors-in-prod-7982",
        confidence="documented",
    ),
    KnownError(
        id="cerner-invalid-token",
        servers=("cerner",),
        text=(
            NAMED,
            (
                'error="invalid_token"',
                "resource-access:token-required",
                "invalid issuer. expected",
                "token has expired or signature is invalid",
            ),
        ),
        title="invalid_token: the FHIR server doesn't accept the access token",
        why="The token has expired (Cerner's last 10 minutes), was issued for another host or tenant, or isn't in the header "
        "as Bearer.",
        causes=(
            Cause(
                "The token has expired.",
                "More than 570 seconds have passed since the token response.",
                "Get a new access token with the refresh token, or launch the app again.",
            ),
            Cause(
                "The Authorization header isn't Bearer and the token, such as an object or the whole token response.",
                "Look at the header in the network tab: it has to be Bearer eyJ….",
                "Send Authorization: Bearer followed by access_token as a string.",
            ),
            Cause(
                "The token belongs to another FHIR server or tenant.",
                "Compare aud of the authorization URL with the base URL of this request.",
                "Request a new token with this FHIR base URL as aud.",
            ),
        ),
        source="https://github.com/smart-on-fhir/client-js/issues/124",
        confidence="observed",
    ),
    KnownError(
        id="cerner-dstu2-retired",
        servers=("cerner",),
        text=(("cerner.com/dstu2/",),),
        without=("fhir-open",),
        title="DSTU2: requests to Cerner's DSTU2 base URL fail, since this version was retired",
        why="Oracle Health has moved to R4. The DSTU2 endpoints no longer serve apps in the sandbox.",
        causes=(
            Cause(
                "The app still uses the /dstu2/ base URL.",
                "The request URL contains /dstu2/.",
                "Register the app for R4 and use https://fhir-ehr-code.cerner.com/r4/{tenant id}.",
            ),
            Cause(
                "The scopes for this type are missing.",
                "The R4 request answers 403.",
                "Select the API in the console.",
            ),
        ),
        source="https://github.com/cerner/smart-on-fhir-tutorial/issues/157",
        confidence="observed",
    ),
    KnownError(
        id="cerner-appointment-patch",
        servers=("cerner",),
        text=(('"path": "/patient-status"', '"path":"/patient-status"'),),
        title="/patient-status: this path isn't an element of Appointment",
        why="JSON Patch paths follow the JSON of the resource. The patient's answer is the status of a participant.",
        causes=(
            Cause(
                "The name from the documentation is used as a path.",
                "Read the Appointment: participant is an array with a status each.",
                "Use the path /participant/0/status with the index of the patient.",
            ),
            Cause(
                "The extension is replaced as a whole without the right combination of operations.",
                "The OperationOutcome has the code business-rule.",
                "Send only the operations that the documentation combines.",
            ),
        ),
        source=FORUM + "how-to-make-patch-appointment-request-with-patient-status-a-8693",
        confidence="inferred",
    ),
    KnownError(
        id="cerner-text-too-long",
        servers=("cerner",),
        text=(NAMED, ("255", "256"), ("characters",), ("400", "422", "bad request")),
        title="The text is too long: Cerner stores at most 255 characters in this element",
        why="Millennium's database columns limit the length of texts such as Appointment.reasonCode.text.",
        causes=(
            Cause(
                "The text has more than 255 characters.",
                "The same request with a shorter text works.",
                "Shorten the text to 255 characters, and put longer text into a comment or a note.",
            ),
        ),
        source=FORUM + "appointment-post-with-long-reasoncode-returns-400-bad-reque-1888",
        confidence="observed",
    ),
    KnownError(
        id="cerner-unprocessable",
        servers=("cerner",),
        text=(
            NAMED,
            ("unprocessable", "422"),
        ),
        title="422: the body is valid JSON, but Cerner can't process its content",
        why="A create or update has to follow the page of this resource exactly: required elements, the code systems of the "
        "tenant, and references that exist. The answer doesn't name the element.",
        causes=(
            Cause(
                "A required element is missing, or an element isn't supported for writing.",
                "Compare the body with the example on the documentation page of this operation.",
                "Start from the documented example body and change one element at a time.",
            ),
            Cause(
                "A code isn't mapped in this tenant, such as the document type.",
                "The same body with a code from an existing resource works.",
                "Use a type code and system that existing resources of the tenant have.",
            ),
            Cause(
                "An encounter, author or attachment isn't accepted: wrong patient, or not XHTML or base64.",
                "Read the encounter: its subject has to be the same patient.",
                "Send an encounter of this patient and a documented contentType.",
            ),
        ),
        where="The page of this operation at docs.oracle.com, Millennium Platform APIs.",
        source=R4,
        confidence="observed",
    ),
    KnownError(
        id="cerner-forbidden",
        servers=("cerner",),
        codes=("403", "insufficient_scope", "forbidden"),
        title="403: Cerner's FHIR server refuses this request for this token",
        why="Usually the token lacks the scope, since Cerner drops unregistered scopes silently.",
        causes=(
            Cause(
                "The scope for this resource wasn't granted.",
                "Look at scope in the token response.",
                "Select the API in the console and request for example patient/Observation.read.",
            ),
            Cause(
                "The record belongs to another patient than the token.",
                "Compare the patient of the token response with the request.",
                "Request the record of the patient in context.",
            ),
            Cause(
                "The tenant in the URL is wrong, or hasn't enabled this resource.",
                "The same request works in another tenant.",
                "Use the FHIR base URL that was sent as aud.",
            ),
        ),
        where=SCOPES,
        source=AUTHORIZATION,
        confidence="observed",
    ),
    KnownError(
        id="cerner-unauthorized",
        servers=("cerner",),
        codes=("401", "invalid_token", "login"),
        title="401: Cerner's FHIR server got no access token that it accepts",
        why="Usually the token has expired: Cerner's tokens are valid for 10 minutes.",
        causes=(
            Cause(
                "The token has expired.",
                "More than 570 seconds have passed since the token response.",
                "Refresh the access token, or launch again.",
            ),
            Cause(
                "The Authorization header is missing or isn't Bearer.",
                "Look at the request in the network tab.",
                "Send Authorization: Bearer followed by the access token.",
            ),
            Cause(
                "The token belongs to another tenant or host.",
                "Compare aud of the authorization URL with this base URL.",
                "Request a new token with this base URL as aud.",
            ),
        ),
        source=AUTHORIZATION,
        confidence="observed",
    ),
    KnownError(
        id="cerner-not-found",
        servers=("cerner",),
        codes=("404", "400"),
        text=(
            NAMED,
            ("404", "400 bad request", "status 400", "http 400"),
        ),
        title="Cerner's FHIR server doesn't find this, or doesn't support this search",
        why="A 404 also hides records that the user's role may not see. A 400 most often means that a required search "
        "parameter is missing or that a combination isn't supported.",
        causes=(
            Cause(
                "The search lacks a required parameter, such as patient.",
                "Compare the parameters with the documentation page of the resource.",
                "Send the required parameters, for example Observation?patient=12724066.",
            ),
            Cause(
                "The user's security role doesn't allow this record.",
                "A user with more rights sees it.",
                "Ask the organization to extend the role of this user.",
            ),
            Cause(
                "The version or the tenant in the URL is wrong.",
                "{base URL}/metadata answers 404 too.",
                "Use the FHIR base URL from the console.",
            ),
        ),
        source=R4,
        confidence="observed",
    ),
    KnownError(
        id="cerner-write-refused",
        servers=("cerner",),
        text=(
            NAMED,
            (
                "documentreference",
                "appointment",
                "condition",
                "observation",
                "allergyintolerance",
                "create a patient",
                "patient create",
                "coverage",
                "communication",
            ),
            ("invalid request", "400", "bad request"),
            ("post", "put ", "create", "update", "upload"),
        ),
        title="400: the body of this create or update doesn't follow the documentation of the operation",
        why="Millennium accepts only the elements, codes and MIME types that the page of the operation lists. Its answer "
        "doesn't name the wrong element.",
        causes=(
            Cause(
                "The body has an element that this operation doesn't support, or lacks a required one.",
                "Compare it with the documented example: a resource that was read can't be sent back as it is.",
                "Start from the example body on the operation's page and add one element at a time.",
            ),
            Cause(
                "A code system or reference is from another tenant.",
                "A system URL such as codeSet/72 contains another host or tenant ID.",
                "Use codes and IDs that resources of this tenant have.",
            ),
            Cause(
                "A date has no time, or an identifier lacks its system or type.",
                "Documented dates have a time component.",
                "Send dates as 2025-10-30T00:00:00Z, and identifiers as documented.",
            ),
        ),
        where="The page of this operation at docs.oracle.com, Millennium Platform APIs.",
        source=R4,
        confidence="observed",
    ),
    KnownError(
        id="cerner-precondition",
        servers=("cerner",),
        codes=("409", "412", "428"),
        title="If-Match: the version in the request isn't the current one, or is missing",
        why="An update needs If-Match with the ETag of the last read. A 412 or 409 means that the resource has changed, a "
        "428 that the header is missing.",
        causes=(
            Cause(
                "The resource was changed after it was read.",
                "A new read shows another ETag.",
                'Read the resource again and send its ETag, such as If-Match: W/"15".',
            ),
        ),
        source=R4,
        confidence="documented",
    ),
    KnownError(
        id="cerner-server-busy",
        servers=("cerner",),
        codes=("429", "500", "502", "503", "504"),
        title="Cerner's server is overloaded, limits the requests, or failed",
        why="The public sandbox is slow at times. A 429 asks for fewer requests, a 504 means that the search took too long.",
        causes=(
            Cause(
                "Too many requests in a short time, or a search that is too broad.",
                "The same request works later, or with a smaller _count.",
                "Wait, retry with growing pauses, and make the search narrower.",
            ),
            Cause(
                "The sandbox has a fault.",
                "Simple requests fail too.",
                "Report the X-Request-Id in the Oracle Health forum.",
            ),
        ),
        source=R4,
        confidence="observed",
    ),
    KnownError(
        id="cerner-format",
        servers=("cerner",),
        codes=("406", "415"),
        title="Accept or Content-Type: Cerner doesn't offer or accept this format",
        why="The FHIR server speaks JSON: application/fhir+json, and application/json-patch+json for PATCH.",
        causes=(
            Cause(
                "The Accept or Content-Type header has another value.",
                "Look at the headers.",
                "Send Accept: application/fhir+json, and Content-Type: application/fhir+json (application/json-patch+json "
                "for PATCH).",
            ),
            Cause(
                "The server has the FHIR version DSTU2, which knows only the old name of the format.",
                "The base URL contains /dstu2/.",
                "Send Accept: application/json+fhir, or use the R4 base URL.",
            ),
        ),
        source=R4,
        confidence="documented",
    ),
)
